//! Order, queue and outcome of the operations that are asked for.

use std::sync::Mutex;

use async_trait::async_trait;
use mcdewey_core::{
    Generation, IndexError, NoProgress, OwnerHandle, Pending, RemovalReport, RollbackReport,
    SyncProgress,
};
use tokio::sync::Semaphore;

use super::*;

/// An owner whose synchronisations wait for a permit. They fail unless the request names a root.
struct FakeOwner {
    may_sync: Semaphore,
    synced: Mutex<Vec<Option<String>>>,
}

impl FakeOwner {
    fn new(syncs: usize) -> Arc<Self> {
        Arc::new(Self {
            may_sync: Semaphore::new(syncs),
            synced: Mutex::default(),
        })
    }
}

#[async_trait]
impl Perform<SyncRequest> for FakeOwner {
    async fn perform(
        &self,
        request: SyncRequest,
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, OwnerError> {
        self.may_sync.acquire().await.unwrap().forget();
        self.synced.lock().unwrap().push(request.root.clone());
        for done in 0..1000 {
            progress(SyncProgress {
                done,
                ..SyncProgress::default()
            });
        }

        match request.root {
            Some(_) => Ok(SyncReport::default()),
            None => Err(OwnerError::Failed("no root".to_owned())),
        }
    }
}

#[async_trait]
impl Perform<RollbackRequest> for FakeOwner {
    async fn perform(
        &self,
        request: RollbackRequest,
        _progress: &(dyn Fn(NoProgress) + Send + Sync),
    ) -> Result<RollbackReport, OwnerError> {
        let [live, before] = ["a", "b"].map(|name| Generation(name.to_owned()));
        Ok(RollbackReport {
            live,
            before,
            pinned: !request.forward,
            note: String::new(),
        })
    }
}

#[async_trait]
impl Perform<RemovalRequest> for FakeOwner {
    async fn perform(
        &self,
        _request: RemovalRequest,
        _progress: &(dyn Fn(NoProgress) + Send + Sync),
    ) -> Result<RemovalReport, OwnerError> {
        Err(IndexError::Unavailable("no generation has it".to_owned()).into())
    }
}

fn root(name: &str) -> SyncRequest {
    SyncRequest {
        root: Some(name.to_owned()),
        ..SyncRequest::default()
    }
}

async fn progress_reports(pending: &mut Pending<SyncRequest>) -> usize {
    let mut count = 0;
    while pending.progress().await.is_some() {
        count += 1;
    }

    count
}

#[tokio::test]
async fn synchronisations_run_in_order_and_every_outcome_is_observed() {
    let (handle, requests) = OwnerHandle::channel(4);
    let owner = FakeOwner::new(3);
    let disconnected = handle.ask(root("a")).unwrap();
    drop(disconnected);
    let failed = handle.ask(SyncRequest::default()).unwrap();
    let last = handle.ask(root("b")).unwrap();
    drop(handle);

    let observed = Mutex::new(Vec::new());
    answer_requests(Arc::clone(&owner), requests, |outcome| {
        observed.lock().unwrap().push(outcome.is_ok());
    })
    .await;

    assert_eq!(failed.outcome().await.unwrap_err().to_string(), "no root");
    assert!(last.outcome().await.is_ok());
    assert_eq!(observed.into_inner().unwrap(), [true, false, true]);
    assert_eq!(
        *owner.synced.lock().unwrap(),
        [Some("a".to_owned()), None, Some("b".to_owned())]
    );
}

#[tokio::test]
async fn a_caller_that_stops_reading_gets_the_outcome_and_delays_nobody() {
    let (handle, requests) = OwnerHandle::channel(4);
    let mut slow = handle.ask(root("a")).unwrap();
    let next = handle.ask(root("b")).unwrap();
    drop(handle);

    answer_requests(FakeOwner::new(2), requests, |_| {}).await;
    assert!(next.outcome().await.is_ok());
    let reports = progress_reports(&mut slow).await;
    assert!(
        (1..1000).contains(&reports),
        "progress is reported at intervals: {reports}"
    );
    assert!(slow.outcome().await.is_ok());
}

#[tokio::test]
async fn other_operations_do_not_wait_for_a_synchronisation() {
    let (handle, requests) = OwnerHandle::channel(1);
    let owner = FakeOwner::new(0);
    let task = tokio::spawn(answer_requests(Arc::clone(&owner), requests, |_| {}));
    let running = handle.ask(root("a")).unwrap();

    let rolled_back = handle.ask(RollbackRequest::default()).unwrap();
    assert!(rolled_back.outcome().await.unwrap().pinned);
    let removed = handle.ask(RemovalRequest::default()).unwrap();
    assert!(matches!(
        removed.outcome().await,
        Err(OwnerError::Index(IndexError::Unavailable(_)))
    ));

    // One synchronisation runs by now, so one more can wait.
    let waiting = handle.ask(root("b")).unwrap();
    assert!(matches!(handle.ask(root("c")), Err(OwnerError::Busy)));
    assert!(handle.ask(RollbackRequest::default()).is_ok());

    owner.may_sync.add_permits(2);
    assert!(running.outcome().await.is_ok());
    assert!(waiting.outcome().await.is_ok());

    drop(handle);
    task.await.unwrap();
}

#[tokio::test]
async fn a_call_without_an_owner_fails() {
    let (handle, mut requests) = OwnerHandle::channel(1);
    let pending = handle.ask(root("a")).unwrap();
    drop(requests.recv().await);
    assert!(matches!(
        pending.outcome().await,
        Err(OwnerError::Interrupted)
    ));

    drop(requests);
    assert!(matches!(handle.ask(root("a")), Err(OwnerError::NoOwner)));
}
