//! Going back to an earlier generation, and forward again, while questions come in.

use async_trait::async_trait;
use mcdewey_core::{IndexError, RollBack, RollbackReport, RollbackRequest};

use super::GenerationManager;
use crate::engine::{GenerationSet, OpenGeneration};

#[async_trait]
impl RollBack for GenerationManager {
    async fn roll_back(&self, request: RollbackRequest) -> Result<RollbackReport, IndexError> {
        let _swapping = self.swapping.lock().await;
        let Some(shelf) = self.shelf() else {
            let message =
                "the library is on a Qdrant server, which keeps no generations for a rollback"
                    .to_owned();
            return Err(IndexError::Unavailable(message));
        };

        let before = shelf.front.generation.clone();
        let work = move || prepare(&shelf, &request);
        let done = tokio::task::spawn_blocking(work).await;
        let (side, pinned) =
            done.map_err(|error| IndexError::Store(format!("a rollback broke off: {error}")))??;
        self.put_in_front(&side);
        let live = side.generation;

        let note = match (pinned, live == before) {
            (true, true) => "it answered before and is pinned now",
            (true, false) => {
                "`mcdewey ingest` brings it up to date, `mcdewey rollback --forward` goes back"
            }
            (false, true) => "it answered before; nothing pins it now",
            (false, false) => "`mcdewey ingest` brings it up to date",
        };

        Ok(RollbackReport {
            live,
            before,
            pinned,
            note: note.to_owned(),
        })
    }
}

/// Opens the generation that is to answer and writes down that it does: only what opens is put in front.
fn prepare(
    shelf: &GenerationSet,
    request: &RollbackRequest,
) -> Result<(OpenGeneration, bool), IndexError> {
    let pinned = !request.forward;
    let entry = if request.forward {
        let none = || IndexError::Unavailable("no generation is complete yet".to_owned());
        shelf.generations.latest().ok_or_else(none)?
    } else {
        shelf.generations.earlier(request.generation.as_deref())?
    };

    let unopened = |error: anyhow::Error| {
        IndexError::Unavailable(format!(
            "generation {} cannot be opened: {error:#}",
            entry.generation
        ))
    };

    let side = if entry.generation == shelf.front.generation {
        shelf.front.clone()
    } else {
        shelf.open_entry(&entry).map_err(unopened)?
    };

    shelf.generations.make_live(&entry.generation, pinned)?;
    Ok((side, pinned))
}
