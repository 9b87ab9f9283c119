//! What part of the scope has vectors. The two ranked lists are fused only where every passage has
//! one: a passage without would always come after those with one, and a question about it would seem
//! to have no answer. Until then the words are searched alone.

use mcdewey_core::{Scope, SourcePath, VectorCoverage};

use super::SearchPipeline;
use crate::results::hit::Hit;
use crate::{Mode, QueryError};

impl SearchPipeline<'_> {
    /// Returns the coverage of the scope if some of its passages have no vector at the epoch of this
    /// request. A keyword search needs none.
    pub(super) async fn incomplete_coverage(
        &self,
        scope: &Scope,
    ) -> Result<Option<VectorCoverage>, QueryError> {
        let (state, epoch) = (self.snapshot.state(), self.cursors.epoch());
        let is_complete = state.without_vectors == 0 && epoch == state.epoch;
        if self.request.mode == Mode::Keyword || is_complete {
            return Ok(None);
        }

        let coverage = self
            .snapshot
            .reader()
            .coverage(scope, epoch)
            .await?
            .ok_or(QueryError::CursorExpired)?;
        Ok((!coverage.is_complete()).then_some(coverage))
    }

    /// Notes whose hits a question found by words alone, so that they are embedded first.
    pub(super) fn note_asked(&self, hits: &[Hit]) {
        let mut sources: Vec<SourcePath> = hits
            .iter()
            .map(|hit| hit.chunk.document.source.clone())
            .collect();
        sources.dedup();
        self.snapshot.library.index.note_asked(&sources);
    }
}

/// Adds up the coverage of two scopes without a common document, if any is incomplete.
pub(super) fn sum(
    first: Option<VectorCoverage>,
    second: Option<VectorCoverage>,
) -> Option<VectorCoverage> {
    match (first, second) {
        (Some(first), Some(second)) => Some(VectorCoverage {
            passages: first.passages + second.passages,
            embedded: first.embedded + second.embedded,
        }),
        (one, other) => one.or(other),
    }
}

/// What a user is told about an answer from words alone.
pub(super) fn notice(coverage: VectorCoverage) -> String {
    format!(
        "Still indexing: {} of {} passages ({} %) can be found by meaning; until all can, only the \
         words of the question are searched",
        coverage.embedded,
        coverage.passages,
        coverage.percent()
    )
}

#[cfg(test)]
mod tests;
