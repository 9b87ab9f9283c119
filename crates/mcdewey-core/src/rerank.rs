//! The optional second half of the model seam: a cross-encoder that reads question and passage together.

use async_trait::async_trait;

/// Says how well passages answer a question. It belongs to the model seam, beside [`Embed`](crate::Embed): embedding
/// finds passages among all, this orders the few that were found. Implementations run on threads of their own, so
/// awaiting never blocks the runtime; a request that finds no room is refused at once instead of waiting; and dropping
/// the future abandons the result and, soon after, the work.
#[async_trait]
pub trait Rerank: Send + Sync + 'static {
    /// One score per passage, in the order of the passages; a higher one answers better. Scores compare within one
    /// call and mean nothing beyond it.
    async fn scores(&self, question: &str, passages: Vec<String>) -> Result<Vec<f32>, RerankError>;
}

/// Why there are no scores.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RerankError {
    /// Other questions are being read; asking again later may succeed.
    #[error("the reranker is busy with other questions")]
    Busy,
    /// The model has been shut down.
    #[error("the reranker has been shut down")]
    Closed,
    /// The model or its tokenizer failed.
    #[error("the reranker failed: {0}")]
    Model(String),
}
