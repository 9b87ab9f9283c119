//! The response to a search.

use std::collections::BTreeMap;

use mcdewey_core::{Generation, Revision, VectorCoverage, VectorEpoch};
use mcdewey_search::SearchResults;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Hit, milliseconds};

/// The response to a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchAnswer {
    /// The passages found, best first.
    pub hits: Vec<Hit>,
    /// With a version filter: the best passages of documents that have no version. They are never
    /// mixed with `hits`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unversioned: Vec<Hit>,
    /// Present if the question names a release of the library: the hits are those of that release. A
    /// request with `version` decides itself; `version=any` searches all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<AskedRelease>,
    /// If the question names a release, or asks since which release something exists: in which
    /// releases its names and codes occur.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub name_releases: Vec<NameReleases>,
    /// The facet values among the passages found (vendor, product, version, guide), most frequent
    /// first.
    pub facets: BTreeMap<String, Vec<FacetCount>>,
    /// The cursor of the next page of hits; present if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Present if part of the search failed: names that part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// Present if what is stored has not been compared with its checksums since the server started, so
    /// that the answer may come from damaged data.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
    /// The probability that the hits contain an answer, 0 to 1, calibrated on labelled questions.
    /// Only in mode `hybrid`, if both ranked lists are available, and only with the first page of
    /// hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// With `explain`: the inputs of `confidence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signals: Option<Signals>,
    /// Present if the library probably contains no answer: the hits are then only the closest
    /// passages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_answer: Option<NoAnswer>,
    /// Present while a library is filled for the first time and passages that the question may be
    /// answered from cannot be found by meaning yet: how many of them can. The hits are then found by
    /// words alone, and `confidence` and `no_answer` are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexing: Option<VectorCoverage>,
    /// Present in mode `hybrid` if a reranker is configured: whether it read all the hits that it
    /// should. If it did not, `notices` give the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reranked: Option<bool>,
    /// Present in mode `hybrid` if a reranker is configured: how many of the best hits it read, the
    /// same for every `limit` and page. What it found is part of their scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank_depth: Option<usize>,
    /// Remarks for the user, for example that the question was truncated or a word was corrected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// The generation of the index that answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// The revision of the index that answered.
    #[schemars(with = "u64")]
    pub revision: Revision,
    /// The set of vectors that answered. It grows while a library is filled for the first time, at
    /// most once a minute; the texts, and so the revision, stay the same.
    #[serde(default)]
    #[schemars(with = "u64")]
    pub epoch: VectorEpoch,
    /// Time spent, in milliseconds: `queue` (waiting for a permit, on a server), `embed` (the
    /// model, including its own queue), `store`, `fusion`, `write`, `rerank` (if a reranker is
    /// used), `total`. An answer that was kept from an earlier question has `cache` instead of the
    /// stages from `embed` to `rerank`.
    pub timings_ms: BTreeMap<String, f64>,
}

impl SearchAnswer {
    /// Writes out results. `public_url` ("http://127.0.0.1:8080") is the beginning of every link.
    pub fn new(results: SearchResults, public_url: &str) -> Self {
        Self {
            notices: results.remarks(),
            release: results.release.map(AskedRelease::from),
            name_releases: results
                .name_releases
                .into_iter()
                .map(NameReleases::from)
                .collect(),
            hits: hits(results.hits, public_url),
            unversioned: hits(results.unversioned, public_url),
            facets: results
                .facets
                .into_iter()
                .map(|(facet, counts)| (facet.name().to_owned(), facet_counts(counts)))
                .collect(),
            next_cursor: results.continuation.next_page(),
            degraded: results.degraded,
            unverified: !results.state.integrity.verified,
            confidence: results.confidence,
            signals: results.signals.map(Signals::from),
            no_answer: results.no_answer.map(NoAnswer::from),
            indexing: results.indexing,
            reranked: results.reranked,
            rerank_depth: results.rerank_depth,
            generation: results.state.generation,
            revision: results.state.revision,
            epoch: results.state.epoch,
            timings_ms: milliseconds(&results.timings),
        }
    }
}

fn hits(hits: Vec<mcdewey_search::Hit>, public_url: &str) -> Vec<Hit> {
    hits.into_iter()
        .map(|hit| Hit::new(hit, public_url))
        .collect()
}

fn facet_counts(counts: Vec<mcdewey_search::FacetCount>) -> Vec<FacetCount> {
    counts.into_iter().map(FacetCount::from).collect()
}

/// The inputs of the confidence model; a larger number means more of what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Signals {
    /// Codes of the question (with digits or of several parts) that no passage of the library
    /// contains.
    pub absent_codes: f64,
    /// Names of the question that no passage contains.
    pub absent_names: f64,
    /// Names and codes that the library contains, but none of the first hits does.
    pub missing_names: f64,
    /// How far the best cosine similarity is below that of related texts.
    pub foreign: f64,
    /// The best cosine similarity.
    pub cosine: f64,
    /// How far the best cosine similarity is above the average of those after it.
    pub margin: f64,
    /// The share of the question's words, weighted by rarity, that the best of the first hits
    /// contains.
    pub coverage: f64,
    /// The share of the question's words, weighted by rarity, that the library does not contain.
    pub unknown: f64,
    /// The logarithm of one plus the number of words in the question.
    pub length: f64,
}

impl From<mcdewey_search::Signals> for Signals {
    fn from(signals: mcdewey_search::Signals) -> Self {
        Self {
            absent_codes: signals.absent_codes,
            absent_names: signals.absent_names,
            missing_names: signals.missing_names,
            foreign: signals.foreign,
            cosine: signals.cosine,
            margin: signals.margin,
            coverage: signals.coverage,
            unknown: signals.unknown,
            length: signals.length,
        }
    }
}

/// Why the hits probably do not answer the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoAnswer {
    /// One sentence for people: "no Cisco Finesse 16.0 in this library: v12.5, v15.0".
    pub message: String,
    /// What the question names but the library does not contain: versions, names, codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Present and true if the library does not have what is asked for, rather than no passage that
    /// clearly answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub certain: bool,
}

impl From<mcdewey_search::NoAnswer> for NoAnswer {
    fn from(found: mcdewey_search::NoAnswer) -> Self {
        Self {
            message: found.message,
            missing: found.missing,
            certain: found.is_certain,
        }
    }
}

/// The release that a question names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AskedRelease {
    /// As the question writes it.
    pub requested: Vec<String>,
    /// The releases of the library that were searched, with the name of their product.
    pub found: Vec<String>,
    /// Present and true if the library has only a less precise release: 12.5 for "12.5(1) SU2".
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_less_precise: bool,
}

impl From<mcdewey_search::AskedRelease> for AskedRelease {
    fn from(release: mcdewey_search::AskedRelease) -> Self {
        Self {
            requested: release.requested,
            found: release.found,
            is_less_precise: release.is_less_precise,
        }
    }
}

/// In which releases of a product a name or a code occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameReleases {
    /// The name as the question writes it.
    pub name: String,
    /// The product, if its documents have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The oldest release with the name.
    pub first: String,
    /// The newest release with the name.
    pub last: String,
    /// Whether `first` is the oldest release that the library has of the product: the name may be older.
    pub is_in_oldest: bool,
    /// Whether `last` is the newest release that the library has of the product.
    pub is_in_newest: bool,
    /// If the question names a release: whether that release has the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_asked_release: Option<bool>,
}

impl From<mcdewey_search::NameReleases> for NameReleases {
    fn from(found: mcdewey_search::NameReleases) -> Self {
        Self {
            name: found.name,
            product: found.product,
            first: found.first,
            last: found.last,
            is_in_oldest: found.is_in_oldest,
            is_in_newest: found.is_in_newest,
            in_asked_release: found.in_asked_release,
        }
    }
}

/// The number of passages found that have one value of a facet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FacetCount {
    /// The value.
    pub value: String,
    /// The number of passages.
    pub count: usize,
}

impl From<mcdewey_search::FacetCount> for FacetCount {
    fn from(counted: mcdewey_search::FacetCount) -> Self {
        Self {
            value: counted.value,
            count: counted.count,
        }
    }
}
