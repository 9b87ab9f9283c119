//! The optional last step of a search: a cross-encoder reorders the first hits, or the order stays
//! as it was if it fails or misses its deadline.
//!
//! Only the hits that are shown change places. Cursors therefore continue as they would without a
//! reranker, and no hit is lost or shown twice.

use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::{Rerank, RerankError};

use crate::Hit;

/// A reranking model with its limits.
pub(crate) struct Reranker {
    model: Arc<dyn Rerank>,
    deadline: Duration,
    depth: usize,
}

/// Why the hits were not reordered.
#[derive(Debug, thiserror::Error)]
enum RerankFailure {
    #[error("the reranker took longer than {} ms", .0.as_millis())]
    TimedOut(Duration),
    #[error(transparent)]
    Model(#[from] RerankError),
    #[error("the reranker did not return a finite score for each of {0} chunks")]
    InvalidScores(usize),
}

impl RerankFailure {
    /// Logs the failure and returns the notice for the caller. A timeout and a busy model are
    /// expected under load; other failures are logged as warnings, and their details stay in the
    /// log.
    fn into_notice(self) -> String {
        let reason = match &self {
            Self::TimedOut(_) | Self::Model(RerankError::Busy) => {
                tracing::info!("{self}");
                self.to_string()
            }
            Self::Model(_) | Self::InvalidScores(_) => {
                tracing::warn!("{self}");
                "the reranker failed".to_owned()
            }
        };
        format!("{reason}; the hits are in the order of the search")
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

    /// Sorts the first hits by the model's score. Hits with equal scores, and those beyond the
    /// depth, keep their order.
    ///
    /// # Errors
    ///
    /// A notice for the caller, if the model fails or misses the deadline. No hit has moved then.
    pub(crate) async fn reorder(&self, question: &str, hits: &mut Vec<Hit>) -> Result<(), String> {
        let depth = self.depth.min(hits.len());
        if depth < 2 {
            return Ok(());
        }

        let scores = self
            .scores(question, &hits[..depth])
            .await
            .map_err(RerankFailure::into_notice)?;
        let mut first: Vec<(f32, Hit)> = scores.into_iter().zip(hits.drain(..depth)).collect();
        first.sort_by(|(left, _), (right, _)| right.total_cmp(left));

        let reordered = first.into_iter().map(|(score, mut hit)| {
            if let Some(explanation) = &mut hit.explain {
                explanation.rerank = Some(score);
            }
            hit
        });

        hits.splice(..0, reordered);
        Ok(())
    }

    async fn scores(&self, question: &str, hits: &[Hit]) -> Result<Vec<f32>, RerankFailure> {
        let texts = hits.iter().map(model_input).collect();
        let scores = tokio::time::timeout(self.deadline, self.model.scores(question, texts))
            .await
            .map_err(|_| RerankFailure::TimedOut(self.deadline))??;

        if scores.len() == hits.len() && scores.iter().all(|score| score.is_finite()) {
            Ok(scores)
        } else {
            Err(RerankFailure::InvalidScores(hits.len()))
        }
    }
}

/// What the model reads of a hit: its breadcrumb, then its text.
fn model_input(hit: &Hit) -> String {
    format!("{}\n{}", hit.headings.join(" > "), hit.text)
}

#[cfg(test)]
mod tests;
