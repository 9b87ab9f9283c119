//! Serves the jobs of a [`mcdewey_core::SyncHandle`]: runs one requested synchronisation at a time
//! and sends its events to the client that requested it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mcdewey_core::{SyncEvent, SyncJob, SyncProgress, SyncReport, SyncRequest};
use tokio::sync::mpsc;

use crate::sync::run_blocking;
use crate::{IngestError, Ingester, Root, resolve_root};

/// The shortest time between two progress events. The first and the last event are always sent.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// Brings the library up to date. The implementation chooses the index, which may change between
/// two calls.
#[async_trait]
pub trait Synchronizer: Send + Sync {
    /// Runs one synchronisation; `progress` is called often. The error describes what happened
    /// and what to do about it.
    async fn synchronize(
        &self,
        request: &SyncRequest,
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, String>;
}

/// A [`Synchronizer`] that always writes to the index of one ingester.
struct SingleIndex {
    ingester: Ingester,
    configured: Vec<Root>,
}

#[async_trait]
impl Synchronizer for SingleIndex {
    async fn synchronize(
        &self,
        request: &SyncRequest,
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, String> {
        let roots = resolve_request(&self.configured, request)
            .await
            .map_err(|error| error.to_string())?;

        self.ingester
            .sync(&roots, progress)
            .await
            .map_err(|error| error.to_string())
    }
}

impl Ingester {
    /// Runs `jobs` with this ingester until every sender is dropped.
    pub async fn serve_jobs(self, configured: Vec<Root>, jobs: mpsc::Receiver<SyncJob>) {
        let synchronizer = SingleIndex {
            ingester: self,
            configured,
        };

        serve_jobs(&synchronizer, jobs).await;
    }
}

/// Runs `jobs` until every sender is dropped. A client that stops listening does not cancel its
/// job.
pub async fn serve_jobs(synchronizer: &dyn Synchronizer, mut jobs: mpsc::Receiver<SyncJob>) {
    while let Some(SyncJob { request, events }) = jobs.recv().await {
        // Reserved before the first progress event: a client that stops reading, and so leaves the
        // channel full, must not delay the jobs after this one.
        let last_slot = events.clone().try_reserve_owned();

        let throttle = ProgressThrottle::default();
        let report_progress = |progress: SyncProgress| {
            if throttle.allows() {
                // A slow client may miss progress, but never the last event.
                let _ = events.try_send(SyncEvent::Progress(progress));
            }
        };

        let last = match synchronizer.synchronize(&request, &report_progress).await {
            Ok(report) => SyncEvent::Finished(report),
            Err(message) => {
                tracing::error!(error = message, root = ?request.root, "synchronisation failed");
                SyncEvent::Failed { message }
            }
        };

        // There is no slot if the client had already stopped listening.
        if let Ok(slot) = last_slot {
            slot.send(last);
        }
    }
}

/// Calls [`resolve_root`] on a blocking thread.
pub async fn resolve_request(
    configured: &[Root],
    request: &SyncRequest,
) -> Result<Vec<Root>, IngestError> {
    let (configured, root) = (configured.to_vec(), request.root.clone());
    run_blocking(move || resolve_root(&configured, root.as_deref())).await?
}

/// Allows one event per [`PROGRESS_INTERVAL`].
#[derive(Default)]
struct ProgressThrottle {
    last: Mutex<Option<Instant>>,
}

impl ProgressThrottle {
    fn allows(&self) -> bool {
        let Ok(mut last) = self.last.lock() else {
            return false;
        };

        let due = last.is_none_or(|last| last.elapsed() >= PROGRESS_INTERVAL);
        if due {
            *last = Some(Instant::now());
        }

        due
    }
}
