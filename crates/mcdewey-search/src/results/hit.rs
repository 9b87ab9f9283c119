//! A hit: a chunk that a search found, and how.

use mcdewey_core::Chunk;

use crate::ranking::collapse::Occurrence;
use crate::ranking::fusion::Explanation;
use crate::results::snippet::opening;

/// A chunk that a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The chunk, with the metadata of its document.
    pub chunk: Chunk,
    /// The part of the text that answers the question best, on one line.
    pub snippet: String,
    /// The score that determined the order; comparable within one response.
    pub score: f64,
    /// The reranker's score, if it read this hit. What it adds to `score` is one of the parts of the
    /// explanation.
    pub rerank_score: Option<f32>,
    /// The other occurrences of the same or nearly the same text.
    pub also_in: Vec<Occurrence>,
    /// The next passages of the same page, best first; only if the request groups hits by page.
    pub further: Vec<Hit>,
    /// How the chunk was found; only if the request asks for it.
    pub explanation: Option<Explanation>,
}

impl From<Chunk> for Hit {
    /// A chunk that no search found: its score is 0, and its snippet is the beginning of the text.
    fn from(chunk: Chunk) -> Self {
        Self {
            snippet: opening(&chunk.text),
            chunk,
            score: 0.0,
            rerank_score: None,
            also_in: Vec::new(),
            further: Vec::new(),
            explanation: None,
        }
    }
}
