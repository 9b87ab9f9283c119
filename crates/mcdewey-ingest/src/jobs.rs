//! The owner's side of [`mcdewey_core::SyncHandle`]: does one requested synchronisation after the other and tells
//! those who asked.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mcdewey_core::{SyncEvent, SyncJob, SyncProgress, SyncReport, SyncRequest};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::{IngestError, Ingester, Root, resolve_root};

/// Followers hear of progress at most this often; the first and the last event always come.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Whoever can bring the library up to date, with whatever index that means at the moment.
#[async_trait]
pub trait Synchronizer: Send + Sync {
    /// Does what was asked; `progress` is called often. The error says what happened and what to do.
    async fn synchronize(
        &self,
        request: &SyncRequest,
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, String>;
}

/// An ingester that always fills the same index.
struct Filling {
    ingester: Ingester,
    configured: Vec<Root>,
}

#[async_trait]
impl Synchronizer for Filling {
    async fn synchronize(
        &self,
        request: &SyncRequest,
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, String> {
        let sync = async {
            self.ingester
                .sync(&resolve_request(&self.configured, request).await?, progress)
                .await
        };
        sync.await.map_err(|error: IngestError| error.to_string())
    }
}

impl Ingester {
    /// Works through `jobs` with this ingester.
    pub async fn serve_jobs(self, configured: Vec<Root>, jobs: mpsc::Receiver<SyncJob>) {
        serve_jobs(
            &Filling {
                ingester: self,
                configured,
            },
            jobs,
        )
        .await;
    }
}

/// Works through `jobs` until nobody can send any more. A follower who went away stops nothing.
pub async fn serve_jobs(library: &dyn Synchronizer, mut jobs: mpsc::Receiver<SyncJob>) {
    while let Some(SyncJob { request, events }) = jobs.recv().await {
        // Kept from the beginning: a follower who stands still must not hold up the jobs after this one.
        let place = events.clone().try_reserve_owned();
        let pace = Pace::default();
        let tell = |progress: SyncProgress| {
            if pace.is_due() {
                // A follower who is behind misses a step, never the end.
                let _ = events.try_send(SyncEvent::Progress(progress));
            }
        };

        let last = match library.synchronize(&request, &tell).await {
            Ok(report) => SyncEvent::Finished(report),
            Err(message) => {
                tracing::error!(error = message, root = ?request.root, "a synchronisation failed");
                SyncEvent::Failed { message }
            }
        };

        // Nobody may be listening any more.
        if let Ok(place) = place {
            place.send(last);
        }
    }
}

/// [`resolve_root`] where blocking is not allowed.
pub async fn resolve_request(
    configured: &[Root],
    request: &SyncRequest,
) -> Result<Vec<Root>, IngestError> {
    let (known, root) = (configured.to_vec(), request.root.clone());
    spawn_blocking(move || resolve_root(&known, root.as_deref()))
        .await
        .map_err(|error| IngestError::Interrupted(error.to_string()))?
}

/// Lets one event pass per interval.
#[derive(Default)]
struct Pace {
    last: Mutex<Option<Instant>>,
}

impl Pace {
    fn is_due(&self) -> bool {
        let Ok(mut last) = self.last.lock() else {
            return false;
        };
        let due = last.is_none_or(|last| last.elapsed() >= PROGRESS_EVERY);
        if due {
            *last = Some(Instant::now());
        }

        due
    }
}
