//! The request and response types of comparisons.

use std::collections::BTreeMap;

use mcdewey_core::{Generation, Revision};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which versions or documents to compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CompareRequest {
    /// The earlier version ("12.5"), or the source of the earlier document.
    pub from: String,
    /// The later version, or the source of the later document.
    pub to: String,
    /// When comparing versions: only these vendors.
    pub vendor: Vec<String>,
    /// When comparing versions: only these products.
    pub product: Vec<String>,
    /// When comparing versions: only these guides.
    pub guide: Vec<String>,
    /// Only changes relevant to this question, the most relevant first.
    pub q: String,
    /// The maximum number of changes, 1 to 200; 50 by default.
    pub limit: Option<usize>,
    /// Where to continue: `next_cursor` of the previous response.
    pub cursor: Option<String>,
}

/// The changes between two versions or documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompareAnswer {
    /// The documents that were compared with each other.
    pub pairs: Vec<ComparedPair>,
    /// The changes, in the order of the later document; with a question, the most relevant first.
    pub changes: Vec<Change>,
    /// Documents of the earlier version without a counterpart in the later one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_from: Vec<ComparedDocument>,
    /// Documents of the later version without a counterpart in the earlier one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_to: Vec<ComparedDocument>,
    /// The cursor of the next changes; present if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Remarks for the user, for example that not all documents were compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// The generation of the index that answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// The revision of the index that answered.
    #[schemars(with = "u64")]
    pub revision: Revision,
    /// Time spent, in milliseconds, by stage.
    pub timings_ms: BTreeMap<String, f64>,
}

/// Two corresponding documents, with counts of their paragraphs, list items, table rows and code
/// blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedPair {
    /// The earlier document.
    pub from: ComparedDocument,
    /// The later document.
    pub to: ComparedDocument,
    /// Equal in both, apart from the version they mention.
    pub unchanged: usize,
    /// Equal, but at another position.
    pub moved: usize,
    /// In both, with different words.
    pub changed: usize,
    /// Only in the later document.
    pub added: usize,
    /// Only in the earlier document.
    pub removed: usize,
}

/// One of two compared documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedDocument {
    /// The source of the document.
    pub source: String,
    /// The title.
    pub doc_title: String,
    /// The version.
    pub version: Option<String>,
    /// The URL of the document on this server's web pages.
    pub url: String,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The kind of change.
    pub kind: ChangeKind,
    /// The index of its documents in `pairs`.
    pub pair: usize,
    /// The headings above it, without the document's title.
    pub headings: Vec<String>,
    /// The earlier text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ComparedText>,
    /// The later text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ComparedText>,
    /// For changed text: the differences word by word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<WordRun>,
    /// For table rows: the differences cell by cell, including unchanged cells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<CellChange>,
}

/// What happened to a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Only the later document contains it.
    Added,
    /// Only the earlier document contains it.
    Removed,
    /// Its words differ.
    Changed,
}

/// A piece of text and its location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedText {
    /// The chunk id of the passage that contains it.
    pub chunk_id: String,
    /// The physical page; `null` in a document without pages.
    pub page: Option<u32>,
    /// The printed page number, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The section's slug, in a document without pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The text, verbatim.
    pub text: String,
    /// The URL of the passage on this server's web pages.
    pub url: String,
    /// The URL of its page on this server's web pages.
    pub page_url: String,
}

/// Consecutive words that are unchanged, removed or added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordRun {
    /// Whether they are unchanged, removed or added.
    pub op: WordOp,
    /// The words.
    pub text: String,
}

/// What happened to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WordOp {
    /// In both texts.
    Same,
    /// Only in the earlier text.
    Removed,
    /// Only in the later text.
    Added,
}

/// A cell of a table row, in both versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CellChange {
    /// The column's name, if the table has a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The differences word by word.
    pub words: Vec<WordRun>,
}
