//! What a comparison answers with.

use std::collections::BTreeMap;

use mcdewey_core::{Generation, Revision};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which releases are compared, and what about them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CompareRequest {
    /// The earlier side: a release ("12.5") or a document's source.
    pub from: String,
    /// The later side, written the same way.
    pub to: String,
    /// With releases: only these vendors.
    pub vendor: Vec<String>,
    /// With releases: only these products.
    pub product: Vec<String>,
    /// With releases: only these guides.
    pub guide: Vec<String>,
    /// Only changes that have to do with this question, the closest first.
    pub q: String,
    /// How many changes, 1 to 200; 50 when nothing is said.
    pub limit: Option<usize>,
    /// Where to go on: `next_cursor` of the answer before.
    pub cursor: Option<String>,
}

/// What changed between two sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompareAnswer {
    /// The documents that were compared with each other.
    pub pairs: Vec<ComparedPair>,
    /// What changed, in the order of the later side; with a question, the closest first.
    pub changes: Vec<Change>,
    /// Documents of the earlier side that the later one has no counterpart of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_from: Vec<ComparedDocument>,
    /// Documents of the later side that the earlier one has no counterpart of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_to: Vec<ComparedDocument>,
    /// Where to go on, if there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// What the asker should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// The index that answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// Its state.
    #[schemars(with = "u64")]
    pub revision: Revision,
    /// Milliseconds by stage.
    pub timings_ms: BTreeMap<String, f64>,
}

/// Two documents that are each other's counterpart, with what became of the paragraphs, list items and table rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedPair {
    /// The earlier one.
    pub from: ComparedDocument,
    /// The later one.
    pub to: ComparedDocument,
    /// The same in both, releases aside.
    pub unchanged: usize,
    /// The same, at another place.
    pub moved: usize,
    /// In both, with other words.
    pub changed: usize,
    /// In the later one only.
    pub added: usize,
    /// In the earlier one only.
    pub removed: usize,
}

/// One of the documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedDocument {
    /// Its source.
    pub source: String,
    /// Its title.
    pub doc_title: String,
    /// Its release.
    pub version: Option<String>,
    /// The document on this server's web pages.
    pub url: String,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The place of its documents in `pairs`.
    pub pair: usize,
    /// The headings above it, the document's title left out.
    pub headings: Vec<String>,
    /// How it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ComparedText>,
    /// How it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ComparedText>,
    /// Of changed text: word by word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<WordRun>,
    /// Of table rows: cell by cell, those that are equal too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<CellChange>,
}

/// What happened to a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has other words.
    Changed,
}

/// A piece of text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedText {
    /// The passage that has it.
    pub chunk_id: String,
    /// The physical page, in documents that have pages.
    pub page: Option<u32>,
    /// The number printed on the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The section, in documents without pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// As it stands there.
    pub text: String,
    /// The passage on this server's web pages.
    pub url: String,
    /// The page with the passage.
    pub page_url: String,
}

/// Words that are the same, gone or new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordRun {
    /// Which of it.
    pub op: WordOp,
    /// The words.
    pub text: String,
}

/// What became of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WordOp {
    /// In both.
    Same,
    /// In the earlier text only.
    Removed,
    /// In the later text only.
    Added,
}

/// A cell of a table row, in both releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CellChange {
    /// The column's name, where the table has a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Word by word.
    pub words: Vec<WordRun>,
}
