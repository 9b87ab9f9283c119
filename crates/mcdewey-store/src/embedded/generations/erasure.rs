//! Taking documents out of every generation for good: the live one, the one that is being built, and those retained.

use std::path::Path;
use std::sync::Arc;

use mcdewey_core::{Generation, GenerationRemoval, Index, IndexError, RemovalProof, SourcePath};

use super::{Generations, Record, retire};
use crate::embedded::layout::Layout;
use crate::embedded::{EmbeddedIndex, erase, space, traces};

impl Generations {
    /// Takes documents out of all generations so that nothing of them can be read from the data directory any more. An
    /// open generation goes on answering meanwhile. One that this program cannot open is taken away as a whole.
    pub async fn erase_everywhere(
        self: &Arc<Self>,
        sources: &[SourcePath],
    ) -> Result<Vec<GenerationRemoval>, IndexError> {
        let all: Vec<Generation> = self
            .state()
            .record
            .generations
            .iter()
            .map(|entry| entry.generation.clone())
            .collect();

        self.check_room(&all)?;
        let mut done = Vec::with_capacity(all.len());
        for generation in all {
            let open = self
                .state()
                .open
                .get(&generation)
                .and_then(|opened| opened.index.upgrade());

            done.push(match open {
                Some(index) => erase_open(&index, sources).await?,
                None => self.erase_closed(generation, sources).await?,
            });
        }

        Ok(done)
    }

    /// Errs, before anything is touched, when one of the generations cannot be written anew for want of space. One is
    /// done after the other, so the largest counts.
    fn check_room(&self, all: &[Generation]) -> Result<(), IndexError> {
        let mut needed = 0;
        for generation in all {
            let layout = Layout::of(&self.dir, generation);
            let is_open = self.state().is_in_use(generation);
            let takes = if is_open {
                erase::takes(&layout)
            } else {
                erase::takes_closed(&layout)
            };
            needed = needed.max(takes.map_err(IndexError::from)?);
        }

        Ok(space::check(&self.dir, self.min_free_bytes, needed)?)
    }

    /// Searches every file of the data directory for the names of documents, as proof that they are gone.
    pub fn traces(&self, sources: &[SourcePath]) -> Result<RemovalProof, IndexError> {
        let names = sources.iter().flat_map(|source| {
            let name = source.to_string();
            [in_json(&name), name, format!("{}::", source.chunk_prefix())]
        });
        traces::search(&self.dir, &names.collect::<Vec<_>>())
    }

    /// The same for one generation that is not open.
    async fn erase_closed(
        self: &Arc<Self>,
        generation: Generation,
        sources: &[SourcePath],
    ) -> Result<GenerationRemoval, IndexError> {
        let (generations, sources) = (Arc::clone(self), sources.to_vec());
        let work = move || generations.erase_closed_now(generation, &sources);
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| IndexError::Store(format!("a removal broke off: {error}")))?
    }

    fn erase_closed_now(
        &self,
        generation: Generation,
        sources: &[SourcePath],
    ) -> Result<GenerationRemoval, IndexError> {
        // Held to the end: nobody opens the generation meanwhile.
        let mut state = self.state();
        state.wait_until_closed(&generation)?;

        let layout = Layout::of(&self.dir, &generation);
        if !layout.catalogue().exists() {
            return Ok(GenerationRemoval {
                generation,
                documents: 0,
                discarded: None,
            });
        }

        let unreadable = state
            .record
            .entry(&generation)
            .and_then(|entry| entry.unreadable_tables());

        if let Some(reason) = unreadable {
            tracing::warn!(%generation, reason, "the generation is taken away, for no document can be taken out of it");
            retire::discard(&mut state.record, &self.dir, &generation)?;
            return Ok(GenerationRemoval {
                generation,
                documents: 0,
                discarded: Some(reason),
            });
        }

        let documents = erase::from_closed(&layout, sources).map_err(IndexError::from)?;
        Ok(GenerationRemoval {
            generation,
            documents,
            discarded: None,
        })
    }
}

/// A name as a JSON string holds it: quotes and backslashes are escaped there.
fn in_json(name: &str) -> String {
    let quoted = serde_json::Value::from(name).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Finishes erasures that a crash interrupted, in whatever generation.
pub(super) fn finish_interrupted(record: &Record, dir: &Path) -> Result<(), IndexError> {
    for entry in record
        .generations
        .iter()
        .filter(|entry| entry.unreadable_tables().is_none())
    {
        let layout = Layout::of(dir, &entry.generation);
        if erase::is_unfinished(&layout) {
            erase::from_closed(&layout, &[]).map_err(IndexError::from)?;
        }
    }

    Ok(())
}

async fn erase_open(
    index: &EmbeddedIndex,
    sources: &[SourcePath],
) -> Result<GenerationRemoval, IndexError> {
    let before = index.state().await?;
    index.erase(sources).await?;
    let after = index.state().await?;
    let documents = before.documents.saturating_sub(after.documents);

    Ok(GenerationRemoval {
        generation: after.generation,
        documents,
        discarded: None,
    })
}
