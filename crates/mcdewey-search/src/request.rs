//! Search requests and their limits.

use serde::{Deserialize, Serialize};

/// The default number of hits on a page of results.
pub const DEFAULT_LIMIT: usize = 10;
/// The maximum number of hits on a page of results.
pub const MAX_LIMIT: usize = 50;
/// The maximum length of a question, in bytes: far more than a model reads, less than a document.
pub const MAX_QUESTION_BYTES: usize = 32 * 1024;
/// The maximum number of neighbours before and after a chunk.
pub const MAX_CONTEXT: u32 = 5;

/// A question to the library.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchRequest {
    /// The question, in natural language.
    pub q: String,
    /// Which ranked lists are used.
    pub mode: Mode,
    /// Only these vendors, regardless of case.
    pub vendor: Vec<String>,
    /// Only these products: ids, titles or aliases.
    pub product: Vec<String>,
    /// Only these versions: `12.5`, `12.5.*`, `12.0..15.0`, `>=12.0 <15`, `latest`; alternatives
    /// are separated by commas.
    pub version: Option<String>,
    /// With a version filter: exclude documents without a version.
    pub strict: bool,
    /// Only these guides.
    pub guide: Vec<String>,
    /// Only these documents.
    pub source: Vec<String>,
    /// The maximum number of hits, 1 to 50; 10 by default.
    pub limit: Option<usize>,
    /// Where to continue: `next_cursor` of the previous answer.
    pub cursor: Option<String>,
    /// `page`: at most one hit of each page.
    pub group: Option<Group>,
    /// Explain for each hit how it was found.
    pub explain: bool,
    /// Compare with every vector instead of using the approximate index.
    pub exact: bool,
}

/// Which ranked lists are used to answer a question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Semantic and keyword search, fused.
    #[default]
    Hybrid,
    /// Semantic search only.
    Dense,
    /// Keyword search only.
    Keyword,
}

impl Mode {
    /// All modes, the default first.
    pub const ALL: [Self; 3] = [Self::Hybrid, Self::Dense, Self::Keyword];

    /// The mode's name in URLs and settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Dense => "dense",
            Self::Keyword => "keyword",
        }
    }
}

/// What hits may be grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// At most one hit of each page.
    Page,
}

impl Group {
    /// The group's name in URLs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
        }
    }
}

/// Selects a page of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageSelector {
    /// The physical page, or a section's 1-based position in a document without pages.
    Number(u32),
    /// The printed page number.
    Label(String),
    /// A section's slug.
    Section(String),
    /// The first page.
    First,
}
