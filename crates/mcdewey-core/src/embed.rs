//! The seam to the embedding model.

use std::ops::Range;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Turns text into vectors. Implementations run the model on threads of their own: awaiting never blocks the runtime,
/// and questions go before passages.
#[async_trait]
pub trait Embed: Send + Sync + 'static {
    /// Which model this is.
    fn model(&self) -> &ModelInfo;

    /// The vector of a question.
    async fn question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError>;

    /// The vectors of passages, in order; each of unit length and independent of its neighbours in the batch.
    async fn passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// The byte ranges of the model's tokens in `text`, special tokens left out, nothing cut. Runs on the caller's
    /// thread: call it where blocking is allowed.
    fn tokens(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError>;
}

/// What must be known of a model to split for it and to tell its vectors from another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Its name in the catalogue ("all-MiniLM-L6-v2").
    pub name: String,
    /// Changes whenever its vectors do: weights, graph, pooling, window.
    pub fingerprint: String,
    /// Length of a vector.
    pub dimensions: usize,
    /// How many tokens it reads at once, the special ones included.
    pub window: usize,
    /// How many of the window's tokens are special ones (`[CLS]`, `[SEP]`).
    pub special_tokens: usize,
}

/// A question's vector.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionEmbedding {
    /// Of unit length.
    pub vector: Vec<f32>,
    /// Whether the question was longer than the model's window and its end was not read.
    pub truncated: bool,
}

/// Why there is no vector.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EmbedError {
    /// The queue is full; asking again later may succeed.
    #[error("the embedding queue is full; ask again in a moment")]
    Overloaded,
    /// The model has been shut down.
    #[error("the embedding model has been shut down")]
    Closed,
    /// The model or the tokenizer failed.
    #[error("the embedding model failed: {0}")]
    Model(String),
}
