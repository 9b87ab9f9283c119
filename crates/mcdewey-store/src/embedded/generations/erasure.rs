//! Erases documents from every generation: the live one, the one being built, and retained ones.

use std::path::Path;
use std::sync::Arc;

use mcdewey_core::{Generation, GenerationRemoval, Index, IndexError, RemovalProof, SourcePath};

use super::{Generations, Record, retire};
use crate::embedded::layout::Layout;
use crate::embedded::{EmbeddedIndex, erase, space, traces};

impl Generations {
    /// Erases documents from all generations, so that nothing of them can be read from the data
    /// directory any more. An open generation keeps answering meanwhile. A generation that this
    /// program cannot open is deleted as a whole.
    pub async fn erase_everywhere(
        self: &Arc<Self>,
        sources: &[SourcePath],
    ) -> Result<Vec<GenerationRemoval>, IndexError> {
        let generations: Vec<Generation> = self
            .state()
            .record
            .generations
            .iter()
            .map(|entry| entry.generation.clone())
            .collect();

        self.check_space(&generations)?;

        let mut removals = Vec::with_capacity(generations.len());
        for generation in generations {
            let open = self
                .state()
                .open
                .get(&generation)
                .and_then(|open| open.index.upgrade());

            removals.push(match open {
                Some(index) => erase_open(&index, sources).await?,
                None => self.erase_closed(generation, sources).await?,
            });
        }

        Ok(removals)
    }

    /// Errs, before anything is changed, if there is too little space to rewrite one of the
    /// generations. They are rewritten in sequence, so only the largest requirement counts.
    fn check_space(&self, generations: &[Generation]) -> Result<(), IndexError> {
        let mut needed = 0;
        for generation in generations {
            let layout = Layout::new(&self.dir, generation);
            let is_open = self.state().is_in_use(generation);
            let bytes = if is_open {
                erase::space_needed(&layout)?
            } else {
                erase::space_needed_when_closed(&layout)?
            };
            needed = needed.max(bytes);
        }

        Ok(space::check(&self.dir, self.min_free_bytes, needed)?)
    }

    /// Searches every file of the data directory for the names of documents, as proof that the
    /// documents have been erased.
    pub fn find_traces(&self, sources: &[SourcePath]) -> Result<RemovalProof, IndexError> {
        let names: Vec<String> = sources
            .iter()
            .flat_map(|source| {
                let name = source.to_string();
                [
                    escape_json(&name),
                    name,
                    format!("{}::", source.chunk_prefix()),
                ]
            })
            .collect();

        traces::search(&self.dir, &names)
    }

    async fn erase_closed(
        self: &Arc<Self>,
        generation: Generation,
        sources: &[SourcePath],
    ) -> Result<GenerationRemoval, IndexError> {
        let (generations, sources) = (Arc::clone(self), sources.to_vec());
        tokio::task::spawn_blocking(move || generations.erase_closed_blocking(generation, &sources))
            .await
            .map_err(|error| IndexError::Store(format!("a removal panicked: {error}")))?
    }

    fn erase_closed_blocking(
        &self,
        generation: Generation,
        sources: &[SourcePath],
    ) -> Result<GenerationRemoval, IndexError> {
        // Locked until the end, so that nothing opens the generation meanwhile.
        let mut state = self.state();
        state.wait_until_closed(&generation)?;

        let layout = Layout::new(&self.dir, &generation);
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
            tracing::warn!(
                %generation,
                reason,
                "deleting the generation, because no documents can be removed from it"
            );
            retire::discard(&mut state.record, &self.dir, &generation)?;

            return Ok(GenerationRemoval {
                generation,
                documents: 0,
                discarded: Some(reason),
            });
        }

        Ok(GenerationRemoval {
            generation,
            documents: erase::erase_closed(&layout, sources)?,
            discarded: None,
        })
    }
}

/// Escapes a name as a JSON string does: quotes and backslashes are escaped there.
fn escape_json(name: &str) -> String {
    let quoted = serde_json::Value::from(name).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Finishes erasures that a crash interrupted, in all generations.
pub(super) fn finish_interrupted(record: &Record, dir: &Path) -> Result<(), IndexError> {
    for entry in record
        .generations
        .iter()
        .filter(|entry| entry.unreadable_tables().is_none())
    {
        let layout = Layout::new(dir, &entry.generation);
        if erase::is_unfinished(&layout) {
            erase::erase_closed(&layout, &[])?;
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

    Ok(GenerationRemoval {
        generation: after.generation,
        documents: before.documents.saturating_sub(after.documents),
        discarded: None,
    })
}
