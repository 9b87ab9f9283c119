//! Jobs, their events and the progress of a synchronisation.

use mcdewey_core::{SyncEvent, SyncHandle, SyncJob, SyncRequest};
use tokio::sync::mpsc;

use super::*;

#[tokio::test]
async fn a_client_that_stops_reading_does_not_block_the_jobs() {
    let fixture = Fixture::new(&[("a.md", "Barge")]);
    let (jobs, receiver) = mpsc::channel(2);
    let (events, mut unread) = mpsc::channel(1);

    jobs.send(SyncJob {
        request: SyncRequest::default(),
        events,
    })
    .await
    .unwrap();
    drop(jobs);

    fixture
        .ingester()
        .serve_jobs(vec![fixture.corpus()], receiver)
        .await;

    assert!(
        matches!(unread.recv().await, Some(SyncEvent::Finished(_))),
        "a slot is reserved for the last event"
    );
}

#[tokio::test]
async fn the_last_progress_counts_every_file() {
    let fixture = Fixture::new(&[("a.md", "Barge"), ("b.md", ""), ("c.pdf", "x")]);
    let last = Mutex::new(SyncProgress::default());
    let record = |progress: SyncProgress| *last.lock().unwrap() = progress;

    let report = fixture
        .ingester()
        .sync(&[fixture.corpus()], &record)
        .await
        .unwrap();
    let last = last.into_inner().unwrap();
    assert_eq!(
        (last.files, last.done, last.chunks, last.tokens),
        (3, 3, report.chunks, report.tokens)
    );
}

#[tokio::test]
async fn jobs_run_in_order() {
    let fixture = Fixture::new(&[("a.md", "Barge")]);
    let (handle, jobs) = SyncHandle::channel(4);
    let owner = tokio::spawn(fixture.ingester().serve_jobs(vec![fixture.corpus()], jobs));
    let disconnected = handle.request(SyncRequest::default()).unwrap();
    drop(disconnected);

    let last = |root: Option<&str>| {
        let mut events = handle
            .request(SyncRequest {
                root: root.map(str::to_owned),
            })
            .unwrap();

        async move {
            let mut last = None;
            while let Some(event) = events.recv().await {
                last = Some(event);
            }
            last
        }
    };

    let Some(SyncEvent::Finished(report)) = last(None).await else {
        panic!("the job should have finished")
    };
    assert_eq!(
        (report.unchanged, report.roots),
        (1, vec![RootName::default()])
    );

    let Some(SyncEvent::Failed { message }) = last(Some("nowhere")).await else {
        panic!("the job should have failed")
    };
    assert!(message.contains("nowhere"), "{message}");

    drop(handle);
    owner.await.unwrap();
}
