//! The owner's side of [`mcdewey_core::SyncHandle`]: does one requested synchronisation after the other and tells
//! those who asked.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use mcdewey_core::{SyncEvent, SyncJob, SyncProgress, SyncReport, SyncRequest};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::{IngestError, Ingester, Root, resolve_root};

/// Followers hear of progress at most this often; the first and the last event always come.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

impl Ingester {
    /// Works through `jobs` until nobody can send any more. A follower who went away stops nothing.
    pub async fn serve_jobs(self, configured: Vec<Root>, mut jobs: mpsc::Receiver<SyncJob>) {
        while let Some(SyncJob { request, events }) = jobs.recv().await {
            // Kept from the beginning: a follower who stands still must not hold up the jobs after this one.
            let place = events.clone().try_reserve_owned();
            let last = match self.serve(&configured, &request, &events).await {
                Ok(report) => SyncEvent::Finished(report),
                Err(error) => {
                    tracing::error!(%error, root = ?request.root, "a synchronisation failed");
                    SyncEvent::Failed { message: error.to_string() }
                }
            };
            // Nobody may be listening any more.
            if let Ok(place) = place {
                place.send(last);
            }
        }
    }

    async fn serve(
        &self,
        configured: &[Root],
        request: &SyncRequest,
        events: &mpsc::Sender<SyncEvent>,
    ) -> Result<SyncReport, IngestError> {
        let (known, root) = (configured.to_vec(), request.root.clone());
        let roots = spawn_blocking(move || resolve_root(&known, root.as_deref()))
            .await
            .map_err(|error| IngestError::Interrupted(error.to_string()))??;
        let pace = Pace::default();
        let tell = |progress: SyncProgress| {
            if pace.is_due() {
                // A follower who is behind misses a step, never the end.
                let _ = events.try_send(SyncEvent::Progress(progress));
            }
        };
        self.sync(&roots, &tell).await
    }
}

/// Lets one event pass per interval.
#[derive(Default)]
struct Pace {
    last: Mutex<Option<Instant>>,
}

impl Pace {
    fn is_due(&self) -> bool {
        let Ok(mut last) = self.last.lock() else { return false };
        let due = last.is_none_or(|last| last.elapsed() >= PROGRESS_EVERY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}
