//! Switches a running server to an earlier generation, and forward again.

use async_trait::async_trait;
use mcdewey_core::{IndexError, NoProgress, OwnerError, Perform, RollbackReport, RollbackRequest};

use super::LibraryOwner;
use crate::generation_set::{GenerationSet, OpenGeneration};

#[async_trait]
impl Perform<RollbackRequest> for LibraryOwner {
    async fn perform(
        &self,
        request: RollbackRequest,
        _progress: &(dyn Fn(NoProgress) + Send + Sync),
    ) -> Result<RollbackReport, OwnerError> {
        Ok(self.roll_back(request).await?)
    }
}

impl LibraryOwner {
    /// Switches generations in one step; requests in progress finish on the generation they started
    /// with.
    async fn roll_back(&self, request: RollbackRequest) -> Result<RollbackReport, IndexError> {
        let _swap = self.swap_lock.lock().await;
        let Some(generation_set) = self.generation_set() else {
            let message =
                "the library is on a Qdrant server, which keeps no generations for a rollback"
                    .to_owned();
            return Err(IndexError::Unavailable(message));
        };

        let before = generation_set.live.generation.clone();
        let pinned = !request.forward;
        let outcome =
            tokio::task::spawn_blocking(move || record_live(&generation_set, &request)).await;
        let generation = outcome
            .map_err(|error| IndexError::Store(format!("the rollback task failed: {error}")))??;

        self.swap_live(&generation);
        let live = generation.generation;

        let note = match (pinned, live == before) {
            (true, true) => "it was live before and is pinned now",
            (true, false) => {
                "`mcdewey ingest` updates it, `mcdewey rollback --forward` switches back"
            }
            (false, true) => "it was live before and is no longer pinned",
            (false, false) => "`mcdewey ingest` updates it",
        };

        Ok(RollbackReport {
            live,
            before,
            pinned,
            note: note.to_owned(),
        })
    }
}

/// Opens the requested generation and records it as live. It is opened first, so that one that
/// cannot be opened never becomes live.
fn record_live(
    generation_set: &GenerationSet,
    request: &RollbackRequest,
) -> Result<OpenGeneration, IndexError> {
    let generations = &generation_set.generations;
    let entry = if request.forward {
        generations
            .latest()
            .ok_or_else(|| IndexError::Unavailable("no generation is complete yet".to_owned()))?
    } else {
        generations.rollback_target(request.generation.as_deref())?
    };

    let generation = if entry.generation == generation_set.live.generation {
        generation_set.live.clone()
    } else {
        generation_set.open_entry(&entry).map_err(|error| {
            IndexError::Unavailable(format!(
                "generation {} cannot be opened: {error:#}",
                entry.generation
            ))
        })?
    };

    generations.make_live(&entry.generation, !request.forward)?;
    Ok(generation)
}
