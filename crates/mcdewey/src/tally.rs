//! Synchronisations that are counted, whoever asked for them.

use std::sync::Arc;

use async_trait::async_trait;
use mcdewey_core::{SyncProgress, SyncReport, SyncRequest};
use mcdewey_ingest::BringUpToDate;
use mcdewey_query::Desk;

/// Does what another one does, and tells the desk how it ended.
pub(crate) struct Tally<K> {
    pub(crate) keeper: Arc<K>,
    pub(crate) desk: Arc<Desk>,
}

#[async_trait]
impl<K: BringUpToDate> BringUpToDate for Tally<K> {
    async fn bring_up_to_date(
        &self,
        request: &SyncRequest,
        progress: &(dyn Fn(SyncProgress) + Send + Sync),
    ) -> Result<SyncReport, String> {
        let outcome = self.keeper.bring_up_to_date(request, progress).await;
        self.desk.synced(outcome.clone());
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Succeeds where a root is named.
    struct Fickle;

    #[async_trait]
    impl BringUpToDate for Fickle {
        async fn bring_up_to_date(
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
            desk: Arc::new(Desk::default()),
        };
        for root in [Some("a"), None, Some("b")] {
            let request = SyncRequest {
                root: root.map(str::to_owned),
            };
            assert_eq!(
                tally.bring_up_to_date(&request, &|_| {}).await.is_ok(),
                root.is_some()
            );
        }
        assert_eq!((tally.desk.syncs(true), tally.desk.syncs(false)), (2, 1));
    }
}
