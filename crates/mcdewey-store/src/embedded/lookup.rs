//! The two ranked lists for a question: the engine finds points, the catalogue says which of them are live and in scope,
//! and scores and order are made exact.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use mcdewey_core::{Candidate, CandidateQuery, Candidates, ChunkId, IndexError, InvalidValue, Scope, WeightedText};
use qdrant_edge::{Filter, SparseVector};
use uuid::Uuid;

use super::Shared;
use super::bm25::{HIGHEST_WEIGHT, read_as};
use super::catalogue::{Located, Snapshot};
use super::failure::Outcome;
use super::filter::{self, Reach};
use super::shard::{Found, Shard, Sought};

/// Points asked for beyond the depth of a list, so that a few dead ones and ties at its end need no second request.
const SPARE: usize = 32;
/// How much deeper each further request goes.
const DEEPER: usize = 4;
/// Engine scores within this share of each other count as equal when a list is cut: the engine adds numbers in an order
/// that depends on how its segments grew.
const TIE: f32 = 1e-5;

/// The lists that a query asks for, all from one snapshot of the catalogue.
pub(super) fn candidates(shared: &Shared, query: &CandidateQuery, scope: &Scope) -> Outcome<Candidates> {
    check(query, shared.dimensions)?;
    // Taken before the snapshot: points that the snapshot knows as live stay until the lookup is done.
    let shard = shared.shard();
    shared.catalogue.read(|snapshot| {
        let empty = Candidates {
            dense: query.dense.is_some().then(Vec::new),
            keyword: (!query.keyword.is_empty()).then(Vec::new),
            keyword_ceiling: 0.0,
        };
        let Reach::Points(filter) = filter::reach(scope) else { return Ok(empty) };
        if query.depth == 0 {
            return Ok(empty);
        }
        let lookup = Lookup { shard: &shard, snapshot, scope, filter: filter.as_ref(), depth: query.depth };
        let near = query.dense.clone().map(|vector| Sought::Near { vector, exact: query.exact });
        let languages = snapshot.languages()?;
        let weights = weigh(snapshot, &shared.bm25.question(&query.keyword, &languages)?)?;
        let words = (!weights.is_empty()).then(|| sparse(&weights)).transpose()?.map(Sought::Words);
        // One after the other: a second thread costs more than it saves (6.5 ms instead of 3.6 ms over 7,600 passages).
        let dense = near.map(|sought| lookup.ranked(&sought)).transpose()?;
        let keyword = words.map(|sought| lookup.ranked(&sought)).transpose()?;
        let keyword = keyword.map(|hits| lookup.rescored(hits, &weights)).transpose()?;
        Ok(Candidates {
            dense: dense.map(|hits| lookup.cut(hits)).or(empty.dense),
            keyword: keyword.map(|hits| lookup.cut(hits)).or(empty.keyword),
            keyword_ceiling: ceiling(shared, snapshot, query, &languages)?,
        })
    })
}

fn check(query: &CandidateQuery, dimensions: usize) -> Result<(), IndexError> {
    let Some(vector) = &query.dense else { return Ok(()) };
    if vector.len() == dimensions && vector.iter().all(|number| number.is_finite()) {
        return Ok(());
    }
    let value = format!("a vector of {} numbers", vector.len());
    Err(InvalidValue::new("question vector", value, format!("{dimensions} finite numbers are needed")).into())
}

/// How much each word of a question counts: its own weight times how rare it is among the passages of the library.
fn weigh(snapshot: &Snapshot<'_>, words: &BTreeMap<u32, f32>) -> Outcome<BTreeMap<u32, f32>> {
    let all = snapshot.passages_in_all()?;
    let mut weights = BTreeMap::new();
    for (token, weight) in words {
        let with = snapshot.passages_with(*token)?;
        if with > 0 {
            weights.insert(*token, (f64::from(*weight) * rarity(all, with)) as f32);
        }
    }
    Ok(weights)
}

/// The inverse document frequency of a word that `with` of `all` passages have.
fn rarity(all: u64, with: u64) -> f64 {
    let (all, with) = (all as f64, with as f64);
    ((all - with + 0.5) / (with + 0.5) + 1.0).ln()
}

/// [`Candidates::keyword_ceiling`]: in the language that knows the question best, for in the others its stems are
/// strangers and would count as very rare words.
fn ceiling(shared: &Shared, snapshot: &Snapshot<'_>, query: &CandidateQuery, languages: &[String]) -> Outcome<f32> {
    let own: Vec<WeightedText> = query.keyword.iter().filter(|text| text.weight >= 1.0).cloned().collect();
    let all = snapshot.passages_in_all()?;
    let mut lowest: Option<f64> = None;
    for language in read_as(languages) {
        let mut sum = 0.0;
        for token in shared.bm25.question_in(&own, language)?.keys() {
            sum += rarity(all, snapshot.passages_with(*token)?);
        }
        lowest = Some(lowest.map_or(sum, |lowest| lowest.min(sum)));
    }
    Ok((lowest.unwrap_or_default() * HIGHEST_WEIGHT) as f32)
}

fn sparse(weights: &BTreeMap<u32, f32>) -> Outcome<SparseVector> {
    let (tokens, weights): (Vec<u32>, Vec<f32>) = weights.iter().unzip();
    SparseVector::new(tokens, weights)
        .map_err(|error| IndexError::Store(format!("a question's words cannot be looked up: {error}")).into())
}

/// One question to one snapshot.
struct Lookup<'a> {
    shard: &'a Shard,
    snapshot: &'a Snapshot<'a>,
    scope: &'a Scope,
    filter: Option<&'a Filter>,
    depth: usize,
}

/// A point that is live and in scope.
struct Hit {
    found: Found,
    place: Located,
}

impl Lookup<'_> {
    fn first_limit(&self) -> usize {
        self.depth.saturating_add(self.depth / 4).saturating_add(SPARE)
    }

    /// All hits that may belong to a list, asking deeper until no other can.
    fn ranked(&self, sought: &Sought) -> Outcome<Vec<Hit>> {
        let mut limit = self.first_limit();
        loop {
            let found = self.shard.search(sought, self.filter, limit)?;
            let hits = self.live(&found)?;
            if found.len() < limit || self.is_settled(&hits, &found) {
                return Ok(hits);
            }
            limit = limit.saturating_mul(DEEPER);
        }
    }

    /// Whether what was not found must be worse than the last hit of the list.
    fn is_settled(&self, hits: &[Hit], found: &[Found]) -> bool {
        let (Some(last), Some(worst)) = (hits.get(self.depth - 1), found.last()) else { return false };
        is_below(worst.score, last.found.score)
    }

    fn live(&self, found: &[Found]) -> Outcome<Vec<Hit>> {
        let mut hits = Vec::with_capacity(found.len());
        for found in found {
            let place = self.snapshot.located(found.point)?;
            let place = place.filter(|place| self.scope.contains(&place.document));
            hits.extend(place.map(|place| Hit { found: *found, place }));
        }
        Ok(hits)
    }

    /// Gives the hits that may be in the list their BM25 score, added up in one fixed order.
    fn rescored(&self, mut hits: Vec<Hit>, weights: &BTreeMap<u32, f32>) -> Outcome<Vec<Hit>> {
        if let Some(last) = hits.get(self.depth - 1) {
            let score = last.found.score;
            hits.retain(|hit| !is_below(hit.found.score, score));
        }
        let points: Vec<Uuid> = hits.iter().map(|hit| hit.found.point).collect();
        let words: HashMap<Uuid, SparseVector> = self.shard.words(&points)?;
        for hit in &mut hits {
            if let Some(words) = words.get(&hit.found.point) {
                hit.found.score = bm25(words, weights);
            }
        }
        Ok(hits)
    }

    fn cut(&self, hits: Vec<Hit>) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> = hits.into_iter().map(Hit::into_candidate).collect();
        candidates.sort_by(order);
        candidates.truncate(self.depth);
        candidates
    }
}

impl Hit {
    fn into_candidate(self) -> Candidate {
        Candidate {
            chunk_id: ChunkId::new(&self.place.document.source, self.place.ordinal),
            document: self.place.document,
            page: self.place.page,
            ordinal: self.place.ordinal,
            passage_hash: self.place.passage_hash,
            score: self.found.score,
        }
    }
}

fn order(left: &Candidate, right: &Candidate) -> Ordering {
    right.score.total_cmp(&left.score).then_with(|| left.chunk_id.cmp(&right.chunk_id))
}

/// Whether a score is below another by more than a tie.
fn is_below(score: f32, other: f32) -> bool {
    score < other - TIE * other.abs()
}

fn bm25(words: &SparseVector, weights: &BTreeMap<u32, f32>) -> f32 {
    let mut parts: Vec<(u32, f64)> = Vec::with_capacity(weights.len());
    for (token, count) in words.indices.iter().zip(&words.values) {
        if let Some(weight) = weights.get(token) {
            parts.push((*token, f64::from(*weight) * f64::from(*count)));
        }
    }
    parts.sort_unstable_by_key(|(token, _)| *token);
    parts.iter().map(|(_, part)| part).sum::<f64>() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_does_not_depend_on_the_order_of_its_parts() {
        let weights = BTreeMap::from([(1, 0.1), (2, 0.7), (3, 1e-4), (9, 5.0)]);
        let forward = SparseVector { indices: vec![1, 2, 3], values: vec![0.3, 1.7, 2.2] };
        let backward = SparseVector { indices: vec![3, 2, 1], values: vec![2.2, 1.7, 0.3] };
        assert_eq!(bm25(&forward, &weights).to_bits(), bm25(&backward, &weights).to_bits());
        assert!((bm25(&forward, &weights) - 1.22022).abs() < 1e-5);
    }

    #[test]
    fn scores_that_differ_by_rounding_are_ties() {
        assert!(!is_below(1.0, 1.000_001));
        assert!(is_below(1.0, 1.001));
        assert!(is_below(-1.001, -1.0));
    }

    #[test]
    fn vectors_of_another_length_are_refused() {
        let query = |dense: Vec<f32>| CandidateQuery { dense: Some(dense), ..CandidateQuery::default() };
        assert!(check(&query(vec![1.0, 0.0]), 2).is_ok());
        assert!(check(&query(vec![1.0]), 2).is_err());
        assert!(check(&query(vec![1.0, f32::NAN]), 2).is_err());
    }
}
