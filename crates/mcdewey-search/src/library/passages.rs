//! One chunk, by chunk id or handle, with its neighbours.

use mcdewey_core::{Chunk, ChunkId};

use crate::ranking::collapse::Occurrence;
use crate::{LibrarySnapshot, MAX_CONTEXT, QueryError};

/// A chunk with its neighbours.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// The chunk.
    pub chunk: Chunk,
    /// The preceding chunks, in document order.
    pub before: Vec<Chunk>,
    /// The following chunks, in document order.
    pub after: Vec<Chunk>,
    /// The other occurrences of the chunk, if they were asked for: at most one in each document,
    /// those in the latest versions first.
    pub also_in: Vec<Occurrence>,
}

impl Passage {
    /// A chunk with its neighbours, in document order.
    fn new(chunk: Chunk, neighbours: Vec<Chunk>) -> Self {
        let (before, after) = neighbours
            .into_iter()
            .partition(|other| other.ordinal < chunk.ordinal);

        Self {
            chunk,
            before,
            after,
            also_in: Vec::new(),
        }
    }
}

impl LibrarySnapshot<'_> {
    /// Returns a chunk, by chunk id or handle, with up to `context` neighbours before and after it.
    pub async fn passage(&self, id: &str, context: u32) -> Result<Passage, QueryError> {
        if context > MAX_CONTEXT {
            return Err(QueryError::InvalidRequest(format!(
                "context is {context}; 0 to {MAX_CONTEXT} are allowed"
            )));
        }

        if is_handle(id) {
            let chunk = self.chunk(id).await?;
            let neighbours = self.neighbours(&chunk, context).await?;
            return Ok(Passage::new(chunk, neighbours));
        }

        let id: ChunkId = id.parse()?;
        let mut chunks = self
            .reader()
            .chunks_around(&id, context, &self.scope())
            .await?;
        let position = chunks
            .iter()
            .position(|chunk| chunk.chunk_id == id)
            .ok_or_else(|| self.no_passage(id.as_str()))?;

        let chunk = chunks.remove(position);
        Ok(Passage::new(chunk, chunks))
    }

    /// Returns up to `context` chunks before and after a chunk.
    async fn neighbours(&self, chunk: &Chunk, context: u32) -> Result<Vec<Chunk>, QueryError> {
        if context == 0 {
            return Ok(Vec::new());
        }

        let first = chunk.ordinal.saturating_sub(context);
        let end = chunk.ordinal.saturating_add(context).saturating_add(1);
        let mut chunks = self
            .reader()
            .document_chunks(&chunk.document.source, first..end, &self.scope())
            .await?;

        chunks.retain(|other| other.ordinal != chunk.ordinal);
        Ok(chunks)
    }

    /// Returns a chunk with its neighbours and its other occurrences.
    pub async fn passage_with_occurrences(
        &self,
        id: &str,
        context: u32,
    ) -> Result<Passage, QueryError> {
        let passage = self.passage(id, context).await?;
        Ok(Passage {
            also_in: self.occurrences(&passage.chunk).await?,
            ..passage
        })
    }

    /// Returns a chunk, by chunk id or handle.
    pub async fn chunk(&self, id: &str) -> Result<Chunk, QueryError> {
        if is_handle(id) {
            let mut found = self
                .reader()
                .chunks_by_handle(&id.to_lowercase(), &self.scope())
                .await?;
            return match found.len() {
                0 => Err(self.no_passage(id)),
                1 => Ok(found.remove(0)),
                _ => Err(ambiguous(id, &found)),
            };
        }

        let chunk_id: ChunkId = id.parse()?;
        self.reader()
            .chunks(std::slice::from_ref(&chunk_id), &self.scope())
            .await?
            .pop()
            .ok_or_else(|| self.no_passage(id))
    }

    fn no_passage(&self, id: &str) -> QueryError {
        self.not_found(format!(
            "no passage {id:?} in this library; it may have been replaced"
        ))
    }
}

/// Handles have eight hexadecimal digits; a chunk id contains `::`.
fn is_handle(id: &str) -> bool {
    id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn ambiguous(handle: &str, chunks: &[Chunk]) -> QueryError {
    let ids: Vec<&str> = chunks.iter().map(|chunk| chunk.chunk_id.as_str()).collect();
    QueryError::InvalidRequest(format!(
        "handle {handle:?} is ambiguous; use one of the chunk ids {}",
        ids.join(", ")
    ))
}
