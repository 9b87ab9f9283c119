//! What readers say of hits. A page that answers a question becomes a judgment, by which `mcdewey eval` measures the
//! search; who keeps judgments is the program's business.

use std::str::FromStr;

use mcdewey_core::{ContentHash, SourcePath};

/// Whose word on a hit is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FeedbackFrom {
    /// Nobody's.
    Nobody,
    /// That of those who send a key.
    #[default]
    Keys,
    /// Everybody's who may ask.
    Everyone,
}

impl FromStr for FeedbackFrom {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Nobody),
            "keys" => Ok(Self::Keys),
            "everyone" => Ok(Self::Everyone),
            _ => Err(format!(
                "{text:?} is no choice of whose feedback is taken; known: off, keys, everyone"
            )),
        }
    }
}

/// A question, and a place that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endorsement {
    /// As it was asked.
    pub question: String,
    /// What the answer was limited to; a limit of several values is none here.
    pub vendor: Option<String>,
    /// The product, likewise.
    pub product: Option<String>,
    /// The release that answered, where the question was limited to one.
    pub version: Option<String>,
    /// The guide, likewise.
    pub guide: Option<String>,
    /// The document.
    pub source: SourcePath,
    /// Its physical page, or in a document without pages the heading above the passage.
    pub spot: EndorsedSpot,
    /// The passage's text as it is now.
    pub text_hash: ContentHash,
}

/// Where in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndorsedSpot {
    /// A physical page.
    Page(u32),
    /// A section.
    Heading(String),
}

/// Keeps judgments.
pub trait KeepFeedback: Send + Sync {
    /// Keeps one; what went wrong in words for the log when it cannot.
    fn keep(&self, endorsement: &Endorsement) -> Result<(), String>;
}
