//! Permanently removes documents from the library of a running server.

use std::sync::Arc;

use async_trait::async_trait;
use mcdewey_core::{
    GenerationRemoval, Index, IndexError, NoProgress, OwnerError, Perform, RemovalReport,
    RemovalRequest,
};

use super::LibraryOwner;
use crate::feedback::FeedbackFile;
use crate::removal;

#[async_trait]
impl Perform<RemovalRequest> for LibraryOwner {
    async fn perform(
        &self,
        request: RemovalRequest,
        _progress: &(dyn Fn(NoProgress) + Send + Sync),
    ) -> Result<RemovalReport, OwnerError> {
        Ok(self.remove(&request).await?)
    }
}

impl LibraryOwner {
    async fn remove(&self, request: &RemovalRequest) -> Result<RemovalReport, IndexError> {
        let (roots, checked) = (self.roots.clone(), request.clone());
        let check =
            tokio::task::spawn_blocking(move || removal::check_files_gone(&roots, &checked)).await;
        check.map_err(|error| IndexError::Store(format!("the removal task failed: {error}")))??;

        // No swap in the meantime: a generation that becomes live during the removal would be
        // missed.
        let _swap = self.swap_lock.lock().await;
        match (self.generation_set(), &self.server) {
            (Some(generation_set), _) => {
                removal::erase(
                    &generation_set.generations,
                    &self.feedback,
                    &request.sources,
                )
                .await
            }
            (None, Some(server)) => {
                erase_on_server(server.index.as_ref(), &self.feedback, request).await
            }
            (None, None) => Err(IndexError::Unavailable(
                "there is no library to remove from".to_owned(),
            )),
        }
    }
}

async fn erase_on_server(
    index: &dyn Index,
    feedback: &Arc<FeedbackFile>,
    request: &RemovalRequest,
) -> Result<RemovalReport, IndexError> {
    let before = index.state().await?;
    index.erase(&request.sources).await?;
    let judgments = removal::forget_judgments(feedback, &request.sources).await?;
    let after = index.state().await?;

    let removal = GenerationRemoval {
        generation: after.generation,
        documents: before.documents.saturating_sub(after.documents),
        discarded: None,
    };

    removal::ensure_something_removed(
        RemovalReport {
            generations: vec![removal],
            proof: None,
            judgments,
        },
        &request.sources,
    )
}
