//! Loads the chunks of hits, and writes the hits out.

use std::collections::{HashMap, HashSet};

use mcdewey_core::{Chunk, ChunkId, Scope};

use super::SearchPipeline;
use crate::QueryError;
use crate::question::terms;
use crate::ranking::collapse::CollapsedHit;
use crate::results::hit::Hit;
use crate::results::snippet::snippet;

impl SearchPipeline<'_> {
    /// Writes out hits whose chunks are loaded.
    pub(super) fn write_out(
        &self,
        found: Vec<CollapsedHit>,
        chunks: &HashMap<ChunkId, Chunk>,
    ) -> Vec<Hit> {
        let stems: HashSet<String> = terms::content_stems(&self.request.q);
        found
            .into_iter()
            .filter_map(|hit| self.write_hit(hit, chunks, &stems))
            .collect()
    }

    fn write_hit(
        &self,
        mut collapsed: CollapsedHit,
        chunks: &HashMap<ChunkId, Chunk>,
        stems: &HashSet<String>,
    ) -> Option<Hit> {
        let chunk = chunk_of(&collapsed, chunks)?.clone();
        let further = std::mem::take(&mut collapsed.further)
            .into_iter()
            .filter_map(|hit| self.write_hit(hit, chunks, stems))
            .collect();
        Some(Hit {
            snippet: snippet(&chunk.text, stems),
            chunk,
            score: collapsed.shown.score,
            rerank_score: collapsed.rerank_score,
            also_in: collapsed.also_in,
            further,
            explanation: self.request.explain.then_some(collapsed.shown.explanation),
        })
    }

    /// Loads the chunks of hits, and of those under them, that are not loaded yet.
    pub(super) async fn load_missing<'a>(
        &self,
        hits: impl Iterator<Item = &'a CollapsedHit>,
        chunks: &mut HashMap<ChunkId, Chunk>,
        scope: &Scope,
    ) -> Result<(), QueryError> {
        let missing: HashSet<ChunkId> = hits
            .flat_map(|hit| std::iter::once(hit).chain(&hit.further))
            .map(|hit| &hit.shown.candidate.chunk_id)
            .filter(|id| !chunks.contains_key(*id))
            .cloned()
            .collect();
        let missing: Vec<ChunkId> = missing.into_iter().collect();
        chunks.extend(self.load_chunks(&missing, scope).await?);
        Ok(())
    }

    pub(super) async fn load_chunks(
        &self,
        ids: &[ChunkId],
        scope: &Scope,
    ) -> Result<HashMap<ChunkId, Chunk>, QueryError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }

        let chunks = self.snapshot.reader().chunks(ids, scope).await?;
        Ok(chunks
            .into_iter()
            .map(|chunk| (chunk.chunk_id.clone(), chunk))
            .collect())
    }
}

/// The chunk of a hit. If the document was replaced after the query, it may be gone or another one.
pub(super) fn chunk_of<'a>(
    hit: &CollapsedHit,
    chunks: &'a HashMap<ChunkId, Chunk>,
) -> Option<&'a Chunk> {
    let candidate = &hit.shown.candidate;
    chunks
        .get(&candidate.chunk_id)
        .filter(|chunk| chunk.passage_hash == candidate.passage_hash)
}
