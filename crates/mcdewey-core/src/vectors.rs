//! The vectors of a library that is being filled: documents can be committed with their words only,
//! and get their vectors later. What readers see of that changes in steps, the [`VectorEpoch`]s.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{ContentHash, DocumentMeta};

/// The number of a published set of vectors. It grows when documents that were committed with their
/// words only become findable by meaning; their texts, and so the revision, stay the same.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct VectorEpoch(pub u64);

impl VectorEpoch {
    /// The epoch before this one, if there is one.
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }
}

impl fmt::Display for VectorEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many of the passages in a scope have a vector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VectorCoverage {
    /// Number of passages.
    pub passages: u64,
    /// How many of them have a vector.
    pub embedded: u64,
}

impl VectorCoverage {
    /// Reports whether every passage has a vector.
    pub fn is_complete(&self) -> bool {
        self.embedded >= self.passages
    }

    /// The share in whole percent, rounded down: 100 only if every passage has a vector.
    pub fn percent(&self) -> u64 {
        if self.is_complete() {
            return 100;
        }

        (self.embedded.saturating_mul(100) / self.passages.max(1)).min(99)
    }
}

/// What is left to embed in a library whose documents were committed with their words only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VectorBacklog {
    /// The documents, in the order of their sources.
    pub documents: Vec<WordsOnlyDocument>,
    /// How many different passages have to be embedded. Equal ones count once.
    pub passages: u64,
    /// The tokens of these passages.
    pub tokens: u64,
}

/// A document whose passages have no vectors yet.
#[derive(Debug, Clone, PartialEq)]
pub struct WordsOnlyDocument {
    /// The document.
    pub meta: Arc<DocumentMeta>,
    /// Its number of passages.
    pub passages: u32,
    /// How often it was among the hits of a question since the index was opened.
    pub asked: u32,
}

/// A passage that has to be embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageToEmbed {
    /// [`EmbeddedChunk::embedding_key`](crate::EmbeddedChunk::embedding_key).
    pub key: ContentHash,
    /// [`Chunk::dense_text`](crate::Chunk::dense_text).
    pub text: String,
    /// The number of tokens of the text, without special tokens.
    pub tokens: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_complete_coverage_is_a_hundred_percent() {
        let coverage = |passages, embedded| VectorCoverage { passages, embedded };
        assert_eq!(coverage(0, 0).percent(), 100);
        assert_eq!(coverage(100_000, 99_999).percent(), 99);
        assert_eq!(coverage(8, 2).percent(), 25);
        assert!(coverage(3, 3).is_complete() && !coverage(3, 2).is_complete());
    }
}
