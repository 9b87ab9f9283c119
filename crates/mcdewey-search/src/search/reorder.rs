//! The second phase of a search: the best hits are compared with the question, and the reranker, if
//! there is one, reads them.

use std::collections::HashMap;

use mcdewey_core::{Chunk, ChunkId, Scope};

use super::SearchPipeline;
use super::retrieve::{Found, with_corrections};
use crate::QueryError;
use crate::ranking::collapse::CollapsedHit;
use crate::ranking::rerank::{self, Reranker};
use crate::ranking::second_phase::{self, POOL};

/// The number of hits among which each name of a question is looked for.
const COVERED_POOL: usize = 200;

/// What came of the second phase.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// How many hits the reranker read; `None` without a reranker.
    pub(super) depth: Option<usize>,
    /// Whether these are all that it should read.
    pub(super) is_complete: bool,
    /// What to tell the caller if they are not.
    pub(super) notice: Option<String>,
    /// What it found, for the first hits of the pool.
    pub(super) scores: Vec<f32>,
    /// The chunks of the pool.
    pub(super) chunks: HashMap<ChunkId, Chunk>,
}

impl SearchPipeline<'_> {
    /// Reorders the best hits of a hybrid search; the other modes show one list as it is.
    ///
    /// # Errors
    ///
    /// If the index cannot be read, or if the request continues an order that the reranker cannot make
    /// again.
    pub(super) async fn reorder(
        &self,
        found: &mut Found,
        scope: &Scope,
        reranker: Option<&Reranker>,
    ) -> Result<Reading, QueryError> {
        let reading = self.compare(found, scope, reranker).await?;
        let top = self.snapshot.library.fusion.scale();
        let with_each_name = std::mem::take(&mut found.with_each_name);
        second_phase::cover(found.pool(COVERED_POOL), &with_each_name, top);
        Ok(reading)
    }

    async fn compare(
        &self,
        found: &mut Found,
        scope: &Scope,
        reranker: Option<&Reranker>,
    ) -> Result<Reading, QueryError> {
        // Only a search of both lists has evidence.
        let Some(evidence) = &found.evidence else {
            return Ok(Reading::default());
        };
        let question = evidence.question(&self.analysis.searched, &self.analysis);
        let named = question.name_pool();
        let read = reranker.map_or(0, |reranker| reranker.full_depth().max(POOL));
        if named.max(read) == 0 {
            return Ok(Reading::default());
        }

        let meant = with_corrections(&self.analysis.searched, &found.corrections);
        let pool = found.pool(named.max(read));
        let ids: Vec<ChunkId> = pool
            .iter()
            .map(|hit| hit.shown.candidate.chunk_id.clone())
            .collect();
        let chunks = self.load_chunks(&ids, scope).await?;

        let top = self.snapshot.library.fusion.scale();
        let chunk_of = |hit: &CollapsedHit| chunks.get(&hit.shown.candidate.chunk_id);
        let named = named.min(pool.len());
        second_phase::prefer_named(&mut pool[..named], &question, top, chunk_of);

        let mut reading = Reading::default();
        if let Some(reranker) = reranker {
            let compared = read.min(pool.len());
            let compared = &mut pool[..compared];
            second_phase::sort_for_reading(compared, &question, top, chunk_of);
            let depth = reranker.full_depth().min(compared.len());
            let texts = readable(&compared[..depth], &chunks);
            reading = self.read(reranker, &meant, &texts).await?;
            let trusted = top * rerank::trust(&reading.scores);
            second_phase::compare(compared, &question, trusted, chunk_of);
            rerank::reorder(&mut compared[..depth], &reading.scores, trusted);
            second_phase::sort(compared);
        }

        Ok(Reading { chunks, ..reading })
    }

    /// Lets the reranker read the texts of the pool, which are in the order in which to read them. A
    /// cursor decides how many it reads, else the time that reading would take now.
    async fn read(
        &self,
        reranker: &Reranker,
        question: &str,
        texts: &[String],
    ) -> Result<Reading, QueryError> {
        let continued = self.request.cursor.as_ref().map(|_| self.cursors.depth());
        let depth = continued.unwrap_or_else(|| reranker.affordable_depth(question, texts));
        let depth = depth.min(texts.len());

        let is_complete = depth == texts.len();
        let mut reading = Reading {
            depth: Some(depth),
            is_complete,
            notice: (!is_complete).then(|| match depth {
                0 => "There was no time to read the hits closely; their order may be less exact"
                    .to_owned(),
                _ => format!(
                    "There was time to read {depth} of the first {} hits closely",
                    texts.len()
                ),
            }),
            ..Reading::default()
        };

        // No page beyond the pool depends on the order within it, and a single hit has no order.
        if depth < 2 || self.offset >= texts.len() {
            return Ok(reading);
        }

        match reranker.scores(question, &texts[..depth]).await {
            Ok(scores) => reading.scores = scores,
            Err(failure) if continued.is_some() => {
                let reason = failure.into_reason();
                return Err(QueryError::Unavailable(format!(
                    "{reason}, so this page cannot be made now; ask for it again"
                )));
            }
            Err(failure) => {
                reading.depth = Some(0);
                reading.is_complete = false;
                reading.notice = Some(format!(
                    "{}; the hits are in the order of the search",
                    failure.into_reason()
                ));
            }
        }

        Ok(reading)
    }
}

/// What the reranker reads of the hits. A hit whose chunk is gone is read as empty, so that the pool stays
/// the same.
fn readable(hits: &[CollapsedHit], chunks: &HashMap<ChunkId, Chunk>) -> Vec<String> {
    hits.iter()
        .map(|hit| chunks.get(&hit.shown.candidate.chunk_id))
        .map(|chunk| chunk.map(rerank::readable).unwrap_or_default())
        .collect()
}
