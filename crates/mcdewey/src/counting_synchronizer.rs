//! Reports every synchronisation to the telemetry, whichever interface requested it.

use std::sync::Arc;

use async_trait::async_trait;
use mcdewey_core::{SyncProgress, SyncReport, SyncRequest};
use mcdewey_ingest::Synchronizer;
use mcdewey_query::Telemetry;

/// Delegates to another synchronizer and records the outcome.
pub(crate) struct CountingSynchronizer<S> {
    pub(crate) inner: Arc<S>,
    pub(crate) telemetry: Arc<Telemetry>,
}

#[async_trait]
impl<S: Synchronizer> Synchronizer for CountingSynchronizer<S> {
    async fn synchronize(
        &self,
        request: &SyncRequest,
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, String> {
        let outcome = self.inner.synchronize(request, progress).await;
        self.telemetry.synced(outcome.clone());
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Succeeds only if the request names a root.
    struct FailsWithoutRoot;

    #[async_trait]
    impl Synchronizer for FailsWithoutRoot {
        async fn synchronize(
            &self,
            request: &SyncRequest,
            _progress: &(dyn Fn(SyncProgress) + Send + Sync),
        ) -> Result<SyncReport, String> {
            request
                .root
                .as_ref()
                .map(|_| SyncReport::default())
                .ok_or_else(|| "no root".to_owned())
        }
    }

    #[tokio::test]
    async fn successes_and_failures_are_counted_separately() {
        let counting = CountingSynchronizer {
            inner: Arc::new(FailsWithoutRoot),
            telemetry: Arc::new(Telemetry::default()),
        };

        for root in [Some("a"), None, Some("b")] {
            let request = SyncRequest {
                root: root.map(str::to_owned),
            };
            assert_eq!(
                counting.synchronize(&request, &|_| {}).await.is_ok(),
                root.is_some()
            );
        }

        assert_eq!(
            (
                counting.telemetry.syncs(true),
                counting.telemetry.syncs(false)
            ),
            (2, 1)
        );
    }
}
