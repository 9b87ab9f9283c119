//! The parts of a search answer that are scored.

use std::ops::Range;

use mcdewey_core::ContentHash;

use crate::phrase::Words;

/// The answer to one question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The hits, best first.
    pub hits: Vec<RankedHit>,
    /// The search's confidence that the library holds an answer, 0 to 1; `None` if it reports none.
    pub confidence: Option<f64>,
    /// Whether the search reported that the library holds no answer.
    pub declined: bool,
    /// The signals behind the confidence; empty if they were not recorded.
    pub signals: Vec<f64>,
    /// The length, in the model's tokens, of the text that an agent reads; `None` if not counted.
    pub tokens: Option<usize>,
}

/// One hit, with what is needed to score it. Several hits may be chunks of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RankedHit {
    /// The document: a source path, or the `_id` of a document in a test set.
    pub document: String,
    pub product: Option<String>,
    /// The version or versions, as the document writes them.
    pub version: Option<String>,
    /// The physical page; `None` in a document without pages.
    pub page: Option<u32>,
    /// The section's slug, in a document without pages.
    pub section: Option<String>,
    /// The headings above the chunk, the nearest one last.
    pub headings: Vec<String>,
    /// The hash of the normalised text.
    pub passage_hash: Option<ContentHash>,
    /// The character ranges of the document's whole text that the chunk covers; empty if they were
    /// not determined.
    pub ranges: Vec<Range<usize>>,
    /// The words of the chunk; `None` for a further document that contains the chunk of another hit.
    pub(crate) words: Option<Words>,
}

impl RankedHit {
    /// Returns a hit of which only the document is known.
    pub fn document(id: impl Into<String>) -> Self {
        Self {
            document: id.into(),
            ..Self::default()
        }
    }
}
