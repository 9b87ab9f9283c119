//! Synchronisations that are counted, whoever asked for them.

use std::sync::Arc;

use async_trait::async_trait;
use mcdewey_core::{SyncProgress, SyncReport, SyncRequest};
use mcdewey_ingest::Synchronizer;
use mcdewey_query::Telemetry;

/// Does what another one does, and tells the telemetry how it ended.
pub(crate) struct Tally<K> {
    pub(crate) keeper: Arc<K>,
    pub(crate) telemetry: Arc<Telemetry>,
}

#[async_trait]
impl<K: Synchronizer> Synchronizer for Tally<K> {
    async fn synchronize(
        &self,
        request: &SyncRequest,
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, String> {
        let outcome = self.keeper.synchronize(request, progress).await;
        self.telemetry.synced(outcome.clone());
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Succeeds where a root is named.
    struct Fickle;

    #[async_trait]
    impl Synchronizer for Fickle {
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
    async fn successes_and_failures_are_counted_apart() {
        let tally = Tally {
            keeper: Arc::new(Fickle),
            telemetry: Arc::new(Telemetry::default()),
        };

        for root in [Some("a"), None, Some("b")] {
            let request = SyncRequest {
                root: root.map(str::to_owned),
            };
            assert_eq!(
                tally.synchronize(&request, &|_| {}).await.is_ok(),
                root.is_some()
            );
        }

        assert_eq!(
            (tally.telemetry.syncs(true), tally.telemetry.syncs(false)),
            (2, 1)
        );
    }
}
