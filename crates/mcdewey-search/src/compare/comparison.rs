//! The whole comparison of two versions, from which interfaces cut pages.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use mcdewey_core::{ChunkId, DocumentMeta, IndexState};

use super::change::Change;
use crate::results::SearchResults;
use crate::results::continuation::Cursors;
use crate::results::timings::Timings;
use crate::{MAX_LIMIT, SearchRequest};

/// All changes between two versions or documents.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The documents that were compared with each other.
    pub pairs: Vec<ComparedPair>,
    /// The changes, in the order of the later document; after [`Self::keep_relevant`] the most
    /// relevant first.
    pub changes: Vec<Change>,
    /// Documents of the earlier version without a counterpart in the later one.
    pub only_from: Vec<Arc<DocumentMeta>>,
    /// Documents of the later version without a counterpart in the earlier one.
    pub only_to: Vec<Arc<DocumentMeta>>,
    /// Remarks for the user, for example that not all documents were compared.
    pub notices: Vec<String>,
    /// The state of the library that was compared.
    pub state: IndexState,
    /// How many changes precede the page that the request asks for.
    pub offset: usize,
    /// The number of changes on the page that the request asks for.
    pub page_size: usize,
    /// The question of the request; empty if there is none.
    pub(super) question: String,
    pub(super) cursors: Cursors,
    pub(super) started: Instant,
    pub(super) timings: Timings,
}

/// Two corresponding documents, with counts of their paragraphs, list items, table rows and code
/// blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedPair {
    /// The earlier document.
    pub from: Arc<DocumentMeta>,
    /// The later document.
    pub to: Arc<DocumentMeta>,
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

impl Comparison {
    /// Returns the search that [`Self::keep_relevant`] needs; `None` if the request has no question
    /// or no documents were compared.
    pub fn relevance_request(&self) -> Option<SearchRequest> {
        if self.question.trim().is_empty() || self.pairs.is_empty() {
            return None;
        }

        Some(SearchRequest {
            q: self.question.clone(),
            source: self
                .pairs
                .iter()
                .flat_map(|pair| [pair.from.source.to_string(), pair.to.source.to_string()])
                .collect(),
            limit: Some(MAX_LIMIT),
            ..SearchRequest::default()
        })
    }

    /// Keeps the changes in chunks that the search of [`Self::relevance_request`] found, in the
    /// order of its hits.
    pub fn keep_relevant(&mut self, found: &SearchResults) {
        self.notices.extend(found.notices.iter().cloned());

        let mut ranks: HashMap<&ChunkId, usize> = HashMap::new();
        for (rank, hit) in found.hits.iter().enumerate() {
            let others = hit.also_in.iter().map(|also| &also.candidate.chunk_id);
            for id in std::iter::once(&hit.chunk.chunk_id).chain(others) {
                ranks.entry(id).or_insert(rank);
            }
        }

        let mut kept: Vec<(usize, Change)> = std::mem::take(&mut self.changes)
            .into_iter()
            .filter_map(|change| Some((best_rank(&change, &ranks)?, change)))
            .collect();
        kept.sort_by_key(|(rank, _)| *rank);
        self.changes = kept.into_iter().map(|(_, change)| change).collect();
    }

    /// Returns the changes of the page that the request asks for.
    pub fn page(&self) -> &[Change] {
        let start = self.offset.min(self.changes.len());
        let end = self.offset.saturating_add(self.page_size);
        &self.changes[start..end.min(self.changes.len())]
    }

    /// Returns the cursor of what follows the first `shown` changes of the page; `None` if nothing
    /// follows.
    pub fn cursor_after(&self, shown: usize) -> Option<String> {
        let next = self.offset.saturating_add(shown);
        (next < self.changes.len()).then(|| self.cursors.at(next))
    }

    /// The time spent up to now: `align` (reading and aligning the documents), `total`.
    pub fn timings(&self) -> Timings {
        let mut timings = self.timings.clone();
        timings.set_total(self.started);
        timings
    }
}

/// Returns the best rank of the chunks on both sides of a change.
fn best_rank(change: &Change, ranks: &HashMap<&ChunkId, usize>) -> Option<usize> {
    change
        .texts()
        .filter_map(|text| ranks.get(&text.chunk_id))
        .min()
        .copied()
}
