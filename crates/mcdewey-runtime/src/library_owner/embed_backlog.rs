//! Embeds what a first synchronisation committed with its words only, in the live generation, until
//! every document is found by meaning.

use std::time::Duration;

use anyhow::Result;
use mcdewey_core::{EmbeddingProgress, EmbeddingReport};

use super::LibraryOwner;

/// How often documents without vectors are looked for when nothing has announced any.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// How long to wait after a failure before embedding is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(30);

impl LibraryOwner {
    /// Embeds documents of the live generation until none is left that is found by its words only,
    /// beginning when no synchronisation is running. Ends early if another generation becomes live.
    ///
    /// # Errors
    ///
    /// If the index fails, or if the model could not embed some documents.
    pub async fn embed_backlog(
        &self,
        progress: &(dyn Fn(EmbeddingProgress) + Send + Sync),
    ) -> Result<EmbeddingReport> {
        let live_changed = self.live_changed.notified();
        drop(self.synchronising.lock().await);
        let Some(live) = self.live() else {
            return Ok(EmbeddingReport::default());
        };

        let ingester = self.ingester(&live);
        // Only the ingester's handles keep the generation open from here on.
        drop(live);
        tokio::select! {
            report = ingester.embed_backlog(progress) => Ok(report?),
            () = live_changed => Ok(EmbeddingReport::default()),
        }
    }

    /// Embeds documents whenever some are left, for as long as the future is polled. `progress` is
    /// called with `None` when nothing is left.
    pub async fn keep_embedding(&self, progress: impl Fn(Option<EmbeddingProgress>) + Send + Sync) {
        loop {
            let report = self.embed_backlog(&|now| progress(Some(now))).await;
            progress(None);
            let wait = match report {
                Ok(report) if report.documents == 0 => LOOK_INTERVAL,
                Ok(report) => {
                    tracing::info!(
                        documents = report.documents,
                        passages = report.passages,
                        tokens = report.tokens,
                        seconds = report.seconds,
                        "documents are found by meaning now"
                    );
                    LOOK_INTERVAL
                }
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "embedding failed; retrying soon"
                    );
                    RETRY_AFTER
                }
            };

            let _ = tokio::time::timeout(wait, self.documents_changed.notified()).await;
        }
    }
}
