//! The optional last step of a search: a cross-encoder reorders the first hits, or the order stays
//! as it was if it fails or misses its deadline.
//!
//! Only the hits of one page change places. Cursors therefore continue as they would without a
//! reranker, and no hit is lost or shown twice.

use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::{Rerank, RerankError};

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

    /// Returns the model's scores of the first texts, at most as many as the depth allows. A single
    /// text has no order, so the model is not asked: the result is empty.
    ///
    /// # Errors
    ///
    /// A notice for the caller, if the model fails or misses the deadline.
    pub(crate) async fn scores(
        &self,
        question: &str,
        texts: impl Iterator<Item = String>,
    ) -> Result<Vec<f32>, String> {
        let texts: Vec<String> = texts.take(self.depth).collect();
        if texts.len() < 2 {
            return Ok(Vec::new());
        }

        self.ask(question, texts)
            .await
            .map_err(RerankFailure::into_notice)
    }

    async fn ask(&self, question: &str, texts: Vec<String>) -> Result<Vec<f32>, RerankFailure> {
        let count = texts.len();
        let scores = tokio::time::timeout(self.deadline, self.model.scores(question, texts))
            .await
            .map_err(|_| RerankFailure::TimedOut(self.deadline))??;

        if scores.len() == count && scores.iter().all(|score| score.is_finite()) {
            Ok(scores)
        } else {
            Err(RerankFailure::InvalidScores(count))
        }
    }
}

#[cfg(test)]
mod tests;
