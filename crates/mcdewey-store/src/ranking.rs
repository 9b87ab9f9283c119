//! Scores and orders that both backends share: how much a word counts, the BM25 score of a passage, ties.
//!
//! Whatever engine found the points, the numbers are made here and in one fixed order of addition, so equal libraries
//! give equal scores and equal lists, whatever their history and wherever they are stored.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mcdewey_core::{
    Candidate, CandidateQuery, Candidates, ChunkId, ContentHash, DocumentMeta, IndexError,
    InvalidValue, PageNumber, QuestionWord, Simhash,
};
use qdrant_edge::SparseVector;

use crate::bm25::{Bm25, HIGHEST_WEIGHT, Word};
use crate::spelling::{self, Meant};

/// Points asked for beyond the depth of a list, so that a few dead ones and ties at its end need no second request.
const SPARE: usize = 32;
/// How much deeper each further request goes.
pub(crate) const DEEPER: usize = 4;
/// Engine scores within this share of each other count as equal when a list is cut: the engine adds numbers in an order
/// that depends on how its segments grew.
const TIE: f32 = 1e-5;

/// What BM25 must know of the whole library.
pub(crate) trait Statistics {
    /// How many passages it holds.
    fn passages(&self) -> Result<u64, IndexError>;

    /// In how many of them a token occurs.
    fn passages_with(&self, token: u32) -> Result<u64, IndexError>;
}

/// A point that is live and in scope, with the score the engine gave it or [`rescore`]d.
#[derive(Debug, Clone)]
pub(crate) struct Hit<P> {
    pub(crate) point: P,
    pub(crate) score: f32,
    pub(crate) place: Located,
}

/// Where a point's passage stands.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    pub(crate) document: Arc<DocumentMeta>,
    pub(crate) ordinal: u32,
    pub(crate) page: PageNumber,
    pub(crate) passage_hash: ContentHash,
    pub(crate) simhash: Simhash,
}

/// Refuses a question whose vector cannot be compared with the library's.
pub(crate) fn check(query: &CandidateQuery, dimensions: usize) -> Result<(), IndexError> {
    let Some(vector) = &query.dense else {
        return Ok(());
    };

    if vector.len() == dimensions && vector.iter().all(|number| number.is_finite()) {
        return Ok(());
    }

    let value = format!("a vector of {} numbers", vector.len());
    Err(InvalidValue::new(
        "question vector",
        value,
        format!("{dimensions} finite numbers are needed"),
    )
    .into())
}

/// The lists of a question that nothing can answer: empty where asked for.
pub(crate) fn nothing(query: &CandidateQuery) -> Candidates {
    Candidates {
        dense: query.dense.is_some().then(Vec::new),
        keyword: (!query.keyword.is_empty()).then(Vec::new),
        ..Candidates::default()
    }
}

/// What the words of a question count for in a library.
#[derive(Debug, Default)]
pub(crate) struct Weighed {
    /// How much each token counts: the word's own weight times how rare it is. Tokens that no passage has are left out.
    pub(crate) tokens: BTreeMap<u32, f32>,
    /// [`Candidates::keyword_ceiling`].
    pub(crate) ceiling: f32,
    /// [`Candidates::keyword_unit`].
    pub(crate) unit: f32,
    /// [`Candidates::words`].
    pub(crate) words: Vec<QuestionWord>,
}

/// Weighs the words of a question by how rare they are among the passages of the library. A word is as rare as all its
/// readings together: its inflection in one language must not look rare because few passages are of that language.
/// An own word that no passage has counts as what it may be a slip for.
pub(crate) fn weigh(
    statistics: &impl Statistics,
    words: Vec<Word>,
    bm25: &Bm25,
    spelled: &BTreeSet<String>,
) -> Result<Weighed, IndexError> {
    let all = statistics.passages()?;
    let mut weighed = Weighed::default();
    let mut ceiling = 0.0;

    let mut guesses = 0;
    for Word {
        text,
        mut weight,
        mut tokens,
    } in words
    {
        let is_own = weight >= 1.0;
        let mut with = 0;
        for token in &tokens {
            with += statistics.passages_with(*token)?;
        }

        let mut slip = None;
        if with == 0
            && is_own
            && guesses < spelling::MAX_GUESSES
            && !spelled.contains(&text.to_lowercase())
        {
            guesses += 1;
            slip = spelling::meant(&text, bm25, statistics)?;
        }

        if let Some(Meant {
            token, passages, ..
        }) = &slip
        {
            (with, tokens) = (*passages, BTreeSet::from([*token]));
            weight *= spelling::TRUST;
        }

        let rarity = rarity(all, with.min(all));
        if with > 0 {
            let counts = (f64::from(weight) * rarity) as f32;
            for token in tokens {
                let known = weighed.tokens.entry(token).or_insert(counts);
                *known = known.max(counts);
            }
        }

        if is_own {
            ceiling += rarity;
            let taken_for = slip.map(|meant| meant.word);
            weighed.words.push(QuestionWord {
                word: text,
                chunks: with.min(all),
                taken_for,
            });
        }
    }

    weighed.ceiling = (ceiling * HIGHEST_WEIGHT) as f32;
    weighed.unit = if all > 0 {
        (rarity(all, 1) * HIGHEST_WEIGHT) as f32
    } else {
        0.0
    };

    Ok(weighed)
}

/// The inverse document frequency of a word that `with` of `all` passages have.
fn rarity(all: u64, with: u64) -> f64 {
    let (all, with) = (all as f64, with as f64);
    ((all - with + 0.5) / (with + 0.5) + 1.0).ln()
}

/// The vector the engine looks a question's words up with.
pub(crate) fn sparse(weights: &BTreeMap<u32, f32>) -> Result<SparseVector, IndexError> {
    let (tokens, weights): (Vec<u32>, Vec<f32>) = weights.iter().unzip();
    SparseVector::new(tokens, weights).map_err(|error| {
        IndexError::Store(format!("a question's words cannot be looked up: {error}"))
    })
}

/// How many points to ask for at first when a list of `depth` is wanted.
pub(crate) fn first_limit(depth: usize) -> usize {
    depth.saturating_add(depth / 4).saturating_add(SPARE)
}

/// Whether what was not found must be worse than the last hit of a list of `depth`; `worst` is the score of the last
/// point found, live or not.
pub(crate) fn is_settled<P>(hits: &[Hit<P>], worst: Option<f32>, depth: usize) -> bool {
    let (Some(last), Some(worst)) = (hits.get(depth - 1), worst) else {
        return false;
    };
    is_below(worst, last.score)
}

/// Leaves out the hits that cannot be in a list of `depth`.
pub(crate) fn keep_contenders<P>(hits: &mut Vec<Hit<P>>, depth: usize) {
    if let Some(last) = hits.get(depth - 1) {
        let score = last.score;
        hits.retain(|hit| !is_below(hit.score, score));
    }
}

/// The list of `depth` that these hits make.
pub(crate) fn cut<P>(hits: Vec<Hit<P>>, depth: usize) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = hits.into_iter().map(Hit::into_candidate).collect();
    candidates.sort_by(order);
    candidates.truncate(depth);
    candidates
}

impl<P> Hit<P> {
    fn into_candidate(self) -> Candidate {
        Candidate {
            chunk_id: ChunkId::new(&self.place.document.source, self.place.ordinal),
            document: self.place.document,
            page: self.place.page,
            ordinal: self.place.ordinal,
            passage_hash: self.place.passage_hash,
            simhash: self.place.simhash,
            score: self.score,
        }
    }
}

fn order(left: &Candidate, right: &Candidate) -> Ordering {
    right
        .score
        .total_cmp(&left.score)
        .then_with(|| left.chunk_id.cmp(&right.chunk_id))
}

/// Whether a score is below another by more than a tie.
fn is_below(score: f32, other: f32) -> bool {
    score < other - TIE * other.abs()
}

/// The BM25 score of a passage with these words, added up in one fixed order.
pub(crate) fn rescore(words: &SparseVector, weights: &BTreeMap<u32, f32>) -> f32 {
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
        let forward = SparseVector {
            indices: vec![1, 2, 3],
            values: vec![0.3, 1.7, 2.2],
        };

        let backward = SparseVector {
            indices: vec![3, 2, 1],
            values: vec![2.2, 1.7, 0.3],
        };

        assert_eq!(
            rescore(&forward, &weights).to_bits(),
            rescore(&backward, &weights).to_bits()
        );
        assert!((rescore(&forward, &weights) - 1.22022).abs() < 1e-5);
    }

    struct Counts;

    impl Statistics for Counts {
        fn passages(&self) -> Result<u64, IndexError> {
            Ok(100)
        }

        fn passages_with(&self, token: u32) -> Result<u64, IndexError> {
            Ok(if token == 1 { 1 } else { 60 })
        }
    }

    #[test]
    fn a_word_is_as_rare_as_all_its_readings_together() {
        let word = |text: &str, tokens: &[u32], weight| Word {
            text: text.to_owned(),
            weight,
            tokens: tokens.iter().copied().collect(),
        };

        let words = vec![word("state", &[1, 2], 1.0), word("name", &[3], 0.3)];
        let weighed = weigh(&Counts, words, &Bm25::default(), &BTreeSet::new()).unwrap();
        assert_eq!(weighed.tokens[&1].to_bits(), weighed.tokens[&2].to_bits());
        let of_both = (rarity(100, 61) * HIGHEST_WEIGHT) as f32;

        assert!(
            (weighed.ceiling - of_both).abs() < 1e-6,
            "other names do not raise the ceiling"
        );
        assert_eq!(
            weighed.words,
            [QuestionWord {
                word: "state".to_owned(),
                chunks: 61,
                taken_for: None
            }]
        );
    }

    #[test]
    fn scores_that_differ_by_rounding_are_ties() {
        assert!(!is_below(1.0, 1.000_001));
        assert!(is_below(1.0, 1.001));
        assert!(is_below(-1.001, -1.0));
    }

    #[test]
    fn vectors_of_another_length_are_refused() {
        let query = |dense: Vec<f32>| CandidateQuery {
            dense: Some(dense),
            ..CandidateQuery::default()
        };
        assert!(check(&query(vec![1.0, 0.0]), 2).is_ok());
        assert!(check(&query(vec![1.0]), 2).is_err());
        assert!(check(&query(vec![1.0, f32::NAN]), 2).is_err());
    }
}
