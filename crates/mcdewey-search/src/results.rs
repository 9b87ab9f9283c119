//! What a search found.

pub(crate) mod confidence;
pub(crate) mod continuation;
pub(crate) mod hit;
pub(crate) mod snippet;
pub(crate) mod timings;

use std::collections::BTreeMap;

use mcdewey_core::{Facet, IndexState, VectorCoverage};

use crate::ranking::facets::FacetCount;
use crate::results::confidence::{NoAnswer, Signals};
use crate::results::continuation::Continuation;
use crate::results::hit::Hit;
use crate::results::timings::Timings;

/// A page of hits, and what is known about them as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResults {
    /// The hits, best first.
    pub hits: Vec<Hit>,
    /// With a version filter: the best hits in documents that have no version. They are never mixed
    /// with `hits`.
    pub unversioned: Vec<Hit>,
    /// The facet values among all hits, not only those of this page; most frequent first.
    pub facets: BTreeMap<Facet, Vec<FacetCount>>,
    /// The cursors of what follows the hits.
    pub continuation: Continuation,
    /// Names the part of the search that failed, if one did.
    pub degraded: Option<String>,
    /// The probability that the hits contain an answer, 0 to 1. Only for a hybrid search with both
    /// ranked lists, and only for the first page.
    pub confidence: Option<f64>,
    /// The inputs of `confidence`; only if the request asks for explanations.
    pub signals: Option<Signals>,
    /// Set if the library probably contains no answer.
    pub no_answer: Option<NoAnswer>,
    /// For the first page, if there is a reranker: whether it ordered the first hits. If it did not,
    /// `notices` give the reason.
    pub reranked: Option<bool>,
    /// Present while passages in the scope have no vector yet, after a library was filled for the
    /// first time: how many have one. The hits are those of a keyword search then, and there is
    /// neither a confidence nor a verdict that there is no answer.
    pub indexing: Option<VectorCoverage>,
    /// Remarks for the user, for example that a word was corrected.
    pub notices: Vec<String>,
    /// The state of the library that was searched.
    pub state: IndexState,
    /// The time spent: `embed` (the model, including its own queue), `store`, `fusion`, `write`,
    /// `rerank` (if a reranker is used), `total`. Of an answer that was kept from an earlier
    /// question: `cache`, `total`.
    pub timings: Timings,
}

impl SearchResults {
    /// Reduces the page to what the same request finds with this limit, so that a response that has
    /// no room for all hits need not search again. A limit that is not smaller changes nothing.
    ///
    /// A reranker orders only the hits of a page among themselves, so the hits that remain are the
    /// first ones of the ranking, and not always the first ones of this page.
    pub fn limit_to(&mut self, limit: usize) {
        if limit >= self.hits.len() {
            return;
        }

        self.hits.sort_by_key(|hit| hit.rank);
        self.hits.truncate(limit);
        sort_by_rerank_score(&mut self.hits);
        self.unversioned.truncate(limit);
        self.continuation.limit_to(limit);
    }
}

/// Sorts the hits that a reranker read by its scores. Hits with equal scores, and those it did not
/// read, which come after the others, keep their order.
pub(crate) fn sort_by_rerank_score(hits: &mut [Hit]) {
    let read = hits
        .iter()
        .take_while(|hit| hit.rerank_score.is_some())
        .count();

    hits[..read].sort_by(|left, right| {
        let [left, right] = [left, right].map(|hit| hit.rerank_score.unwrap_or(f32::NEG_INFINITY));
        right.total_cmp(&left)
    });
}
