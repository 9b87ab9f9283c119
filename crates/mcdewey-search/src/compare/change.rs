//! A change between two documents.

use mcdewey_core::{ChunkId, PageRef};

use super::align::Difference;
use super::units::{Unit, UnitKind};
use super::words::{self, CellChange, WordOp, WordRun};

/// A change between the documents of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The kind of change.
    pub kind: ChangeKind,
    /// The index of its documents in the pairs of the comparison.
    pub pair: usize,
    /// The headings above it, without the document's title.
    pub headings: Vec<String>,
    /// The earlier text.
    pub from: Option<ComparedText>,
    /// The later text.
    pub to: Option<ComparedText>,
    /// For changed text: the differences word by word.
    pub words: Vec<WordRun>,
    /// For table rows: the differences cell by cell, including unchanged cells.
    pub cells: Vec<CellChange>,
}

/// What happened to a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Only the later document contains it.
    Added,
    /// Only the earlier document contains it.
    Removed,
    /// Its words differ.
    Changed,
}

/// A piece of text and its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedText {
    /// The chunk that contains it.
    pub chunk_id: ChunkId,
    /// The page of the chunk.
    pub page: PageRef,
    /// The text, verbatim.
    pub text: String,
}

impl Change {
    /// Describes a difference between the units of the pair with this index.
    pub(super) fn new(pair: usize, difference: Difference, from: &[Unit], to: &[Unit]) -> Self {
        match difference {
            Difference::Removed(index) => Self::removed(pair, &from[index]),
            Difference::Added(index) => Self::added(pair, &to[index]),
            Difference::Changed(old, new) => Self::changed(pair, &from[old], &to[new]),
        }
    }

    fn removed(pair: usize, unit: &Unit) -> Self {
        Self {
            kind: ChangeKind::Removed,
            pair,
            headings: unit.headings.clone(),
            from: Some(compared_text(unit)),
            to: None,
            words: Vec::new(),
            cells: single_row(unit, WordOp::Removed),
        }
    }

    fn added(pair: usize, unit: &Unit) -> Self {
        Self {
            kind: ChangeKind::Added,
            pair,
            headings: unit.headings.clone(),
            from: None,
            to: Some(compared_text(unit)),
            words: Vec::new(),
            cells: single_row(unit, WordOp::Added),
        }
    }

    /// A changed unit: cell by cell if both versions are table rows with the same number of cells,
    /// else word by word.
    fn changed(pair: usize, old: &Unit, new: &Unit) -> Self {
        let cells = match &new.kind {
            UnitKind::Row { columns } => {
                words::compare_rows(&old.text, &new.text, columns).unwrap_or_default()
            }
            UnitKind::Prose | UnitKind::Code => Vec::new(),
        };

        let words = if cells.is_empty() {
            words::compare_words(&old.text, &new.text)
        } else {
            Vec::new()
        };

        Self {
            kind: ChangeKind::Changed,
            pair,
            headings: new.headings.clone(),
            from: Some(compared_text(old)),
            to: Some(compared_text(new)),
            words,
            cells,
        }
    }

    /// The text on either side.
    pub(super) fn texts(&self) -> impl Iterator<Item = &ComparedText> {
        self.from.iter().chain(&self.to)
    }
}

/// The cells of a table row that only one of the documents has; none for other units.
fn single_row(unit: &Unit, op: WordOp) -> Vec<CellChange> {
    match &unit.kind {
        UnitKind::Row { columns } => words::single_row(&unit.text, op, columns),
        UnitKind::Prose | UnitKind::Code => Vec::new(),
    }
}

fn compared_text(unit: &Unit) -> ComparedText {
    ComparedText {
        chunk_id: unit.chunk_id.clone(),
        page: unit.page.clone(),
        text: unit.text.clone(),
    }
}
