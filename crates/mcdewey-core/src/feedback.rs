//! Feedback from readers: a page that answers a question becomes a judgment, which `mcdewey eval`
//! uses to measure the search. Storing judgments is up to the program.

use crate::{ContentHash, SourcePath};

/// A question together with a location that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endorsement {
    /// The question as it was asked.
    pub question: String,
    /// The vendor that the search was limited to; `None` if it was limited to several.
    pub vendor: Option<String>,
    /// The product, likewise.
    pub product: Option<String>,
    /// The version that answered, if the search was limited to one.
    pub version: Option<String>,
    /// The guide, likewise.
    pub guide: Option<String>,
    /// The document.
    pub source: SourcePath,
    /// The physical page, or in a document without pages the heading above the chunk.
    pub spot: EndorsedLocation,
    /// Hash of the chunk's current text.
    pub text_hash: ContentHash,
}

/// A location within a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndorsedLocation {
    /// A physical page.
    Page(u32),
    /// The heading of a section.
    Heading(String),
}

/// Stores judgments.
pub trait KeepFeedback: Send + Sync {
    /// Stores one judgment. Blocks.
    ///
    /// # Errors
    ///
    /// A description for the log.
    fn keep(&self, endorsement: &Endorsement) -> Result<(), String>;
}
