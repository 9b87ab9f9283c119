//! What a search answers, as far as it is judged.

use std::ops::Range;

use mcdewey_core::ContentHash;

/// The answer to one question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The hits, best first.
    pub hits: Vec<Ranked>,
    /// How sure the search is that it holds an answer, 0 to 1; `None` when it does not say.
    pub confidence: Option<f64>,
    /// Whether it said that the library holds no answer.
    pub declined: bool,
    /// What that confidence was made of; empty when nobody looked.
    pub signals: Vec<f64>,
    /// How long the text is that an agent reads of it, in the model's tokens; `None` when nobody counted.
    pub tokens: Option<usize>,
}

/// One hit, with what is needed to judge it. Several hits may be passages of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranked {
    /// The document: a source, or the `_id` of a test set's document.
    pub document: String,
    /// Its product.
    pub product: Option<String>,
    /// Its release or releases, as the document writes them.
    pub version: Option<String>,
    /// The physical page; `None` in a document without pages.
    pub page: Option<u32>,
    /// The section's slug, in a document without pages.
    pub section: Option<String>,
    /// The headings above the passage, the nearest one last.
    pub headings: Vec<String>,
    /// The hash of the normalised passage.
    pub passage_hash: Option<ContentHash>,
    /// Where the passage stands, in characters of the document's whole text; empty when nobody looked.
    pub ranges: Vec<Range<usize>>,
}

impl Ranked {
    /// A hit of which only the document is known.
    pub fn document(id: impl Into<String>) -> Self {
        Self {
            document: id.into(),
            ..Self::default()
        }
    }
}
