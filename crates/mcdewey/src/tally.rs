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
        self.desk.synced(outcome.is_ok());
        outcome
    }
}
