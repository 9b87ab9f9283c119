//! The trait for the embedding model.

use std::ops::Range;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Turns text into vectors.
///
/// Implementations run the model on their own threads, so awaiting never blocks the runtime.
/// Questions take precedence over chunks.
#[async_trait]
pub trait Embed: Send + Sync + 'static {
    /// Describes the model.
    fn model(&self) -> &ModelInfo;

    /// Embeds a question.
    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError>;

    /// Embeds the dense texts of chunks. Returns one vector per text, in order; each has unit
    /// length and does not depend on the other texts of the batch.
    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// Returns the byte range of each of the model's tokens in `text`, without special tokens and
    /// without truncation. Runs on the calling thread: call it only where blocking is allowed.
    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError>;
}

/// What the splitter and the index need to know about an embedding model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The name in the model catalogue ("all-MiniLM-L6-v2").
    pub name: String,
    /// Identifies the vectors: changes with weights, graph, pooling and window.
    pub fingerprint: String,
    /// Length of a vector.
    pub dimensions: usize,
    /// Maximum number of tokens in one input, special tokens included.
    pub window: usize,
    /// How many tokens of the window are special tokens (`[CLS]`, `[SEP]`).
    pub special_tokens: usize,
}

/// The vector of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionEmbedding {
    /// Has unit length.
    pub vector: Vec<f32>,
    /// Whether the question exceeded the model's window and was truncated.
    pub truncated: bool,
}

/// Why embedding failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EmbedError {
    /// The queue is full; a later retry may succeed.
    #[error("the embedding queue is full; try again in a moment")]
    Overloaded,
    /// The model has been shut down.
    #[error("the embedding model has been shut down")]
    Closed,
    /// The model or the tokenizer failed.
    #[error("the embedding model failed: {0}")]
    Model(String),
}
