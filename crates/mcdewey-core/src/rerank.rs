//! The trait for an optional reranker: a cross-encoder that reads question and passage together.

use std::time::Duration;

use async_trait::async_trait;

/// Scores how well texts answer a question.
///
/// [`Embed`](crate::Embed) finds passages in the whole library; a reranker reads the few that were
/// found. Implementations run on their own threads, so awaiting never blocks the runtime. A request
/// that exceeds the capacity fails at once instead of waiting. Dropping the future discards the
/// result and, soon after, stops the work.
#[async_trait]
pub trait Rerank: Send + Sync + 'static {
    /// The model's name, for operators.
    fn name(&self) -> &str;

    /// Returns one score per text, in the order of `texts`; higher is better. The score of a text
    /// depends on the question and the text alone, not on the others.
    async fn scores(&self, question: &str, texts: Vec<String>) -> Result<Vec<f32>, RerankError>;

    /// Estimates how long [`Self::scores`] would take if it were called now, from the work that
    /// waits already and the speed measured lately.
    fn expected_time(&self, question: &str, texts: &[String]) -> Duration;

    /// Measures the speed again with this text, in the background. To be called if nothing or little
    /// is read because it would take too long: without reading, nobody would notice that the machine has
    /// become faster.
    fn measure_speed(&self, question: &str, text: &str);
}

/// Why scoring failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RerankError {
    /// The reranker is at capacity; a later retry may succeed.
    #[error("the reranker is busy with other questions")]
    Busy,
    /// The model has been shut down.
    #[error("the reranker has been shut down")]
    Closed,
    /// The model or its tokenizer failed.
    #[error("the reranker failed: {0}")]
    Model(String),
}
