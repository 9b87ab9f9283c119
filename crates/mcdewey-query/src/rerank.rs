//! The optional last look: a cross-encoder orders the hits of the first page among themselves, or fails to in time.
//!
//! Only the hits that are shown change places, so that every cursor goes on where it would without a reranker, and no
//! hit is lost or shown twice.

use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::{Rerank, RerankError};

use crate::Hit;

/// A reranker with what it is allowed.
pub(crate) struct Reranker {
    model: Arc<dyn Rerank>,
    deadline: Duration,
    depth: usize,
}

/// Why the order stayed that of the search.
#[derive(Debug, thiserror::Error)]
enum Unordered {
    #[error("the reranker took longer than {} ms", .0.as_millis())]
    Late(Duration),
    #[error(transparent)]
    Refused(#[from] RerankError),
    #[error("the reranker gave no number for each of {0} passages")]
    Incomplete(usize),
}

impl Unordered {
    /// Tells the log, and gives what the asker is told. Being late or busy is part of the bargain, other failures need
    /// somebody's eyes.
    fn tell(&self) -> String {
        let reason = match self {
            Self::Late(_) | Self::Refused(RerankError::Busy) => {
                tracing::info!("{self}");
                self.to_string()
            }
            Self::Refused(_) | Self::Incomplete(_) => {
                tracing::warn!("{self}");
                "the reranker failed".to_owned()
            }
        };
        format!("{reason}; the order is that of the search")
    }
}

impl Reranker {
    pub(crate) fn new(model: Arc<dyn Rerank>, deadline: Duration, depth: usize) -> Self {
        Self {
            model,
            deadline,
            depth,
        }
    }

    /// Puts the best of the first hits first; equal scores, and the hits beyond the depth, keep their order. Where that
    /// does not succeed in time nothing moves, and the notice for the asker comes back.
    pub(crate) async fn reorder(&self, question: &str, hits: &mut Vec<Hit>) -> Result<(), String> {
        let depth = self.depth.min(hits.len());
        if depth < 2 {
            return Ok(());
        }

        let scores = self
            .scores(question, &hits[..depth])
            .await
            .map_err(|error| error.tell())?;
        let mut first: Vec<(f32, Hit)> = scores.into_iter().zip(hits.drain(..depth)).collect();
        first.sort_by(|(left, _), (right, _)| right.total_cmp(left));

        let written = first.into_iter().map(|(score, mut hit)| {
            if let Some(explanation) = &mut hit.explain {
                explanation.rerank = Some(score);
            }
            hit
        });

        hits.splice(..0, written);
        Ok(())
    }

    async fn scores(&self, question: &str, hits: &[Hit]) -> Result<Vec<f32>, Unordered> {
        let passages = hits.iter().map(passage).collect();
        let scores = tokio::time::timeout(self.deadline, self.model.scores(question, passages))
            .await
            .map_err(|_| Unordered::Late(self.deadline))??;

        match scores.len() == hits.len() && scores.iter().all(|score| score.is_finite()) {
            true => Ok(scores),
            false => Err(Unordered::Incomplete(hits.len())),
        }
    }
}

/// What is read of a hit: its breadcrumb, then its text.
fn passage(hit: &Hit) -> String {
    format!("{}\n{}", hit.headings.join(" > "), hit.text)
}

#[cfg(test)]
mod tests;
