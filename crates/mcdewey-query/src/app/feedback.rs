//! Feedback from readers: a page that answers a question becomes a judgment, which `mcdewey eval`
//! uses to measure the search. Storing judgments is up to the program.

use std::str::FromStr;

use mcdewey_core::{ContentHash, SourcePath};

/// Whose feedback is accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FeedbackPolicy {
    Nobody,
    /// Callers who send a key.
    #[default]
    Keys,
    /// Every caller who may send requests.
    Everyone,
}

impl FromStr for FeedbackPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Nobody),
            "keys" => Ok(Self::Keys),
            "everyone" => Ok(Self::Everyone),
            _ => Err(format!(
                "unknown feedback setting {text:?}; known: off, keys, everyone"
            )),
        }
    }
}

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
    /// Stores one judgment. The error is a description for the log.
    fn keep(&self, endorsement: &Endorsement) -> Result<(), String>;
}
