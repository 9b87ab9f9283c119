//! The trait for an optional reranker: a cross-encoder that reads question and chunk together.

use async_trait::async_trait;

/// Scores how well chunks answer a question.
///
/// [`Embed`](crate::Embed) finds chunks in the whole library; a reranker orders the few that were
/// found. Implementations run on their own threads, so awaiting never blocks the runtime. A request
/// that exceeds the capacity fails at once instead of waiting. Dropping the future discards the
/// result and, soon after, stops the work.
#[async_trait]
pub trait Rerank: Send + Sync + 'static {
    /// Returns one score per text, in the order of `texts`; higher is better. Scores are comparable
    /// only within one call.
    async fn scores(&self, question: &str, texts: Vec<String>) -> Result<Vec<f32>, RerankError>;
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
