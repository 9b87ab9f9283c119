//! Taking documents out for good while questions come in.

use std::sync::Arc;

use async_trait::async_trait;
use mcdewey_core::{Erase, GenerationRemoval, Index, IndexError, RemovalReport, RemovalRequest};

use super::GenerationManager;
use crate::feedback::FeedbackFile;
use crate::removal;

#[async_trait]
impl Erase for GenerationManager {
    async fn erase(&self, request: RemovalRequest) -> Result<RemovalReport, IndexError> {
        let (roots, asked) = (self.configured.clone(), request.clone());
        let check =
            tokio::task::spawn_blocking(move || removal::refuse_present(&roots, &asked)).await;
        check.map_err(|error| IndexError::Store(format!("a removal broke off: {error}")))??;

        // No swap meanwhile: a generation that comes to the front would be missed.
        let _swapping = self.swapping.lock().await;
        match (self.shelf(), &self.plain) {
            (Some(shelf), _) => {
                removal::erase(&shelf.generations, &self.feedback, &request.sources).await
            }
            (None, Some(plain)) => {
                erase_plain(plain.index.as_ref(), &self.feedback, &request).await
            }
            (None, None) => Err(IndexError::Unavailable(
                "there is no library to remove from".to_owned(),
            )),
        }
    }
}

/// On a Qdrant server.
async fn erase_plain(
    index: &dyn Index,
    feedback: &Arc<FeedbackFile>,
    request: &RemovalRequest,
) -> Result<RemovalReport, IndexError> {
    let before = index.state().await?;
    index.erase(&request.sources).await?;
    let judgments = removal::forget_judgments(feedback, &request.sources).await?;
    let after = index.state().await?;
    let documents = before.documents.saturating_sub(after.documents);

    let removal = GenerationRemoval {
        generation: after.generation,
        documents,
        discarded: None,
    };

    removal::held(
        RemovalReport {
            generations: vec![removal],
            proof: None,
            judgments,
        },
        &request.sources,
    )
}
