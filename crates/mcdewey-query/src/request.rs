//! What can be asked of a search, and its limits.

use serde::{Deserialize, Serialize};

/// Hits of a page of results when nothing is said.
pub const DEFAULT_LIMIT: usize = 10;
/// Most hits of one page of results.
pub const MAX_LIMIT: usize = 50;
/// Longest question, in bytes; far beyond what a model reads, short of what would be a document.
pub const MAX_QUESTION_BYTES: usize = 32 * 1024;
/// Most neighbours on each side of a passage.
pub const MAX_CONTEXT: u32 = 5;

/// A question to the library.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchRequest {
    /// The question, as people ask it.
    pub q: String,
    /// Which lists answer.
    pub mode: Mode,
    /// Only these vendors; upper and lower case do not matter.
    pub vendor: Vec<String>,
    /// Only these products: ids, titles or aliases.
    pub product: Vec<String>,
    /// Only these releases: `12.5`, `12.5.*`, `12.0..15.0`, `>=12.0 <15`, `latest`, alternatives divided by commas.
    pub version: Option<String>,
    /// With a version: leave out documents that name no release.
    pub strict: bool,
    /// Only these guides.
    pub guide: Vec<String>,
    /// Only these documents.
    pub source: Vec<String>,
    /// How many hits, 1 to 50; 10 when nothing is said.
    pub limit: Option<usize>,
    /// Where to go on: `next_cursor` of the answer before.
    pub cursor: Option<String>,
    /// `page`: at most one hit of each page.
    pub group: Option<Group>,
    /// Say with each hit how it was found.
    pub explain: bool,
    /// Compare with every vector instead of using the approximate index.
    pub exact: bool,
}

/// Which ranked lists answer a question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Meaning and words together.
    #[default]
    Hybrid,
    /// Meaning alone.
    Dense,
    /// Words alone.
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
    /// At most one hit of a page.
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

/// Names a page of a document in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageSelector {
    /// The physical page, or a section's place in a document without pages.
    Number(u32),
    /// The number printed on the page.
    Label(String),
    /// A section's slug.
    Section(String),
    /// The first page.
    First,
}
