//! What a search found.

pub(crate) mod confidence;
pub(crate) mod continuation;
pub(crate) mod hit;
pub(crate) mod release;
pub(crate) mod snippet;
pub(crate) mod timings;

use std::collections::BTreeMap;

use mcdewey_core::{Facet, IndexState, VectorCoverage};

use crate::ranking::facets::FacetCount;
use crate::results::confidence::{NoAnswer, Signals};
use crate::results::continuation::Continuation;
use crate::results::hit::Hit;
use crate::results::release::{AskedRelease, NameReleases};
use crate::results::timings::Timings;

/// A page of hits, and what is known about them as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResults {
    /// The hits, best first.
    pub hits: Vec<Hit>,
    /// With a version filter: the best hits in documents that have no version. They are never mixed
    /// with `hits`.
    pub unversioned: Vec<Hit>,
    /// The release that the question names; the hits are limited to it. A request with a version, or
    /// with `any`, decides itself.
    pub release: Option<AskedRelease>,
    /// If the question names a release, or asks since which release something exists: in which releases
    /// its names and codes occur.
    pub name_releases: Vec<NameReleases>,
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
    /// For a hybrid search, if there is a reranker: whether it read all the hits that it should. If it
    /// did not, `notices` give the reason.
    pub reranked: Option<bool>,
    /// How many of the question's best hits the reranker read, whichever page they are on.
    pub rerank_depth: Option<usize>,
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
    /// What to tell people, the release that was searched first.
    pub fn remarks(&self) -> Vec<String> {
        let release = self
            .release
            .iter()
            .map(|release| format!("{}; version any searches all releases", release.sentence()));
        release.chain(self.notices.iter().cloned()).collect()
    }

    /// Reduces the page to what the same request finds with this limit, so that a response that has
    /// no room for all hits need not search again. A limit that is not smaller changes nothing.
    pub fn limit_to(&mut self, limit: usize) {
        if limit >= self.hits.len() {
            return;
        }

        self.hits.truncate(limit);
        self.unversioned.truncate(limit);
        self.continuation.limit_to(limit);
    }
}
