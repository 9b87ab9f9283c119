//! The owner of a library at work beside the connections of its server: it answers requests to change
//! the library, and embeds what is found by its words only.

use std::sync::Arc;

use anyhow::Result;
use mcdewey_core::{EmbeddingProgress, OwnerHandle};
use mcdewey_query::Telemetry;
use mcdewey_runtime::{LibraryOwner, answer_requests};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Maximum number of synchronisations that wait for the running one.
pub(crate) const MAX_QUEUED_SYNCS: usize = 8;

/// The tasks of an owner; they end when this is dropped.
pub(crate) struct OwnerTasks {
    /// By which the owner is asked.
    pub(crate) handle: OwnerHandle,
    /// How far documents are embedded; `None` while nothing is being embedded.
    pub(crate) embedding: watch::Receiver<Option<EmbeddingProgress>>,
    tasks: [JoinHandle<()>; 2],
}

impl OwnerTasks {
    /// Starts the tasks. `show` is called with the progress of embedding, and with `None` when nothing
    /// is left.
    pub(crate) fn start(
        owner: Arc<LibraryOwner>,
        telemetry: Arc<Telemetry>,
        show: impl Fn(Option<EmbeddingProgress>) + Send + Sync + 'static,
    ) -> Self {
        let (handle, requests) = OwnerHandle::channel(MAX_QUEUED_SYNCS);
        let (sender, embedding) = watch::channel(None);

        let answering = tokio::spawn(answer_requests(
            Arc::clone(&owner),
            requests,
            move |outcome| match outcome {
                Ok(report) => telemetry.synced(Ok(report.clone())),
                Err(error) => telemetry.synced(Err(error.to_string())),
            },
        ));
        let embedding_task = tokio::spawn(async move {
            owner
                .keep_embedding(|progress| {
                    show(progress);
                    let _ = sender.send(progress);
                })
                .await;
        });

        Self {
            handle,
            embedding,
            tasks: [answering, embedding_task],
        }
    }
}

impl Drop for OwnerTasks {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Generates the token that authorises changes to the library. It is written to `owner.json`, which
/// only this user can read.
pub(crate) fn admin_token() -> Result<String> {
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret)
        .map_err(|error| anyhow::anyhow!("the system provides no random numbers: {error}"))?;
    Ok(secret.iter().map(|byte| format!("{byte:02x}")).collect())
}
