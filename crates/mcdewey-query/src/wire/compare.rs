//! The changes between two versions in a response.

use std::collections::BTreeMap;
use std::sync::Arc;

use mcdewey_core::{DocumentMeta, Generation, Revision};
use mcdewey_search::Comparison;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::milliseconds;
use crate::links;

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

impl CompareAnswer {
    /// Writes out the page of changes that was requested.
    pub fn new(comparison: &Comparison, public_url: &str) -> Self {
        Self {
            pairs: comparison
                .pairs
                .iter()
                .map(|pair| ComparedPair::new(pair, public_url))
                .collect(),
            changes: comparison
                .page()
                .iter()
                .map(|change| Change::new(change, comparison, public_url))
                .collect(),
            only_from: documents(&comparison.only_from, public_url),
            only_to: documents(&comparison.only_to, public_url),
            next_cursor: comparison.cursor_after(comparison.page_size),
            notices: comparison.notices.clone(),
            generation: comparison.state.generation.clone(),
            revision: comparison.state.revision,
            timings_ms: milliseconds(&comparison.timings()),
        }
    }
}

fn documents(list: &[Arc<DocumentMeta>], public_url: &str) -> Vec<ComparedDocument> {
    list.iter()
        .map(|meta| ComparedDocument::new(meta, public_url))
        .collect()
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

impl ComparedPair {
    fn new(pair: &mcdewey_search::ComparedPair, public_url: &str) -> Self {
        Self {
            from: ComparedDocument::new(&pair.from, public_url),
            to: ComparedDocument::new(&pair.to, public_url),
            unchanged: pair.unchanged,
            moved: pair.moved,
            changed: pair.changed,
            added: pair.added,
            removed: pair.removed,
        }
    }
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

impl ComparedDocument {
    fn new(meta: &DocumentMeta, public_url: &str) -> Self {
        Self {
            source: meta.source.to_string(),
            doc_title: meta.title.clone(),
            version: meta.facets.version_label(),
            url: format!("{public_url}{}", links::document_path(&meta.source)),
        }
    }
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

impl Change {
    fn new(change: &mcdewey_search::Change, comparison: &Comparison, public_url: &str) -> Self {
        let pair = &comparison.pairs[change.pair];
        Self {
            kind: change.kind.into(),
            pair: change.pair,
            headings: change.headings.clone(),
            from: change
                .from
                .as_ref()
                .map(|text| ComparedText::new(text, &pair.from, public_url)),
            to: change
                .to
                .as_ref()
                .map(|text| ComparedText::new(text, &pair.to, public_url)),
            words: word_runs(&change.words),
            cells: change.cells.iter().map(CellChange::from).collect(),
        }
    }
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

impl From<mcdewey_search::ChangeKind> for ChangeKind {
    fn from(kind: mcdewey_search::ChangeKind) -> Self {
        match kind {
            mcdewey_search::ChangeKind::Added => Self::Added,
            mcdewey_search::ChangeKind::Removed => Self::Removed,
            mcdewey_search::ChangeKind::Changed => Self::Changed,
        }
    }
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

impl ComparedText {
    fn new(text: &mcdewey_search::ComparedText, meta: &DocumentMeta, public_url: &str) -> Self {
        let page_path = links::page_path(&meta.source, &text.page);
        Self {
            chunk_id: text.chunk_id.to_string(),
            page: text.page.physical_page(),
            page_label: text.page.label.clone(),
            section: text.page.section_slug().map(str::to_owned),
            text: text.text.clone(),
            url: format!("{public_url}{}", links::chunk_path(text.chunk_id.as_str())),
            page_url: format!("{public_url}{page_path}"),
        }
    }
}

/// Consecutive words that are unchanged, removed or added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordRun {
    /// Whether they are unchanged, removed or added.
    pub op: WordOp,
    /// The words.
    pub text: String,
}

fn word_runs(runs: &[mcdewey_search::WordRun]) -> Vec<WordRun> {
    runs.iter()
        .map(|run| WordRun {
            op: run.op.into(),
            text: run.text.clone(),
        })
        .collect()
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

impl From<mcdewey_search::WordOp> for WordOp {
    fn from(op: mcdewey_search::WordOp) -> Self {
        match op {
            mcdewey_search::WordOp::Same => Self::Same,
            mcdewey_search::WordOp::Removed => Self::Removed,
            mcdewey_search::WordOp::Added => Self::Added,
        }
    }
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

impl From<&mcdewey_search::CellChange> for CellChange {
    fn from(cell: &mcdewey_search::CellChange) -> Self {
        Self {
            column: cell.column.clone(),
            words: word_runs(&cell.words),
        }
    }
}
