//! Scores and orders shared by both backends: the weight of a word, the BM25 score of a chunk,
//! ties.
//!
//! Whichever engine found the points, scores are computed here, with additions in one fixed order.
//! So equal libraries return equal scores and equal lists, whatever their history and wherever they
//! are stored.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use mcdewey_core::{
    Candidate, CandidateQuery, Candidates, ChunkId, ContentHash, DocumentMeta, IndexError,
    InvalidValue, PageNumber, QuestionWord, Simhash, WeightedText,
};
use qdrant_edge::SparseVector;

use crate::bm25::{Bm25, HIGHEST_WEIGHT, Word};
use crate::spelling::{self, Correction};

/// Points requested beyond the depth of a list, so that a few dead ones and ties at its end do not
/// need a second request.
const SPARE: usize = 32;

/// The factor by which each further request goes deeper.
pub(crate) const DEEPER: usize = 4;

/// Engine scores whose relative difference is below this count as equal when a list is cut off: the
/// engine adds numbers in an order that depends on how its segments grew.
const TIE: f32 = 1e-5;

/// The counts over the whole library that BM25 needs.
pub(crate) trait Statistics {
    /// How many chunks the library holds.
    fn chunk_count(&self) -> Result<u64, IndexError>;

    /// In how many chunks each of these tokens occurs. Those that occur in none may be left out.
    fn chunks_with(&self, tokens: &BTreeSet<u32>) -> Result<HashMap<u32, u64>, IndexError>;
}

/// A point that is live and in scope, with the score from the engine or from [`rescore`].
#[derive(Debug, Clone)]
pub(crate) struct Hit<P> {
    pub(crate) point: P,
    pub(crate) score: f32,
    pub(crate) location: ChunkLocation,
}

/// The document and page of a point's chunk, and the hashes by which chunks are compared.
#[derive(Debug, Clone)]
pub(crate) struct ChunkLocation {
    pub(crate) document: Arc<DocumentMeta>,
    /// The document's part of the chunk id, see `SourcePath::chunk_prefix`.
    pub(crate) prefix: Arc<str>,
    pub(crate) ordinal: u32,
    pub(crate) page: PageNumber,
    pub(crate) passage_hash: ContentHash,
    pub(crate) simhash: Simhash,
}

/// Rejects a query whose vector cannot be compared with those of the library.
pub(crate) fn check_vector(query: &CandidateQuery, dimensions: usize) -> Result<(), IndexError> {
    let Some(vector) = &query.dense else {
        return Ok(());
    };

    if vector.len() == dimensions && vector.iter().all(|number| number.is_finite()) {
        return Ok(());
    }

    let value = format!("a vector of {} numbers", vector.len());
    let reason = format!("{dimensions} finite numbers are needed");
    Err(InvalidValue::new("question vector", value, reason).into())
}

/// Returns an empty list for each list that the query asks for.
pub(crate) fn no_candidates(query: &CandidateQuery) -> Candidates {
    Candidates {
        dense: query.dense.is_some().then(Vec::new),
        keyword: (!query.keyword.is_empty()).then(Vec::new),
        ..Candidates::default()
    }
}

/// The weights of a question's words in a library.
#[derive(Debug, Default)]
pub(crate) struct WordWeights {
    /// The weight of each token: the word's own weight times its rarity. Tokens that occur in no
    /// chunk are left out.
    pub(crate) tokens: BTreeMap<u32, f32>,
    /// [`Candidates::keyword_ceiling`].
    pub(crate) ceiling: f32,
    /// [`Candidates::keyword_unit`].
    pub(crate) unit: f32,
    /// [`Candidates::words`].
    pub(crate) words: Vec<QuestionWord>,
}

/// Weighs the words of a question by their rarity among the chunks of the library.
///
/// The rarity of a word is that of all its stems together: its inflection in one language must not
/// look rare because few chunks are in that language. A word of the question itself (weight 1 or
/// more) that no chunk contains is replaced by its spelling correction, if there is one.
pub(crate) fn weigh_words(
    statistics: &impl Statistics,
    words: Vec<Word>,
    bm25: &Bm25,
    known_words: &BTreeSet<String>,
) -> Result<WordWeights, IndexError> {
    let total = statistics.chunk_count()?;
    let chunks_by_word = count_chunks(statistics, &words)?;
    let mut corrections = correct_unknown(statistics, &words, &chunks_by_word, bm25, known_words)?;
    let mut weights = WordWeights::default();
    let mut ceiling = 0.0;

    for (position, (word, mut chunks)) in words.into_iter().zip(chunks_by_word).enumerate() {
        let is_own = is_own(&word);
        let Word {
            text,
            mut weight,
            mut tokens,
        } = word;
        let correction = corrections.remove(&position);

        if let Some(Correction {
            token,
            chunks: corrected,
            ..
        }) = &correction
        {
            chunks = *corrected;
            tokens = BTreeSet::from([*token]);
            weight *= spelling::CORRECTION_WEIGHT;
        }

        let rarity = rarity(total, chunks.min(total));
        if chunks > 0 {
            let token_weight = (f64::from(weight) * rarity) as f32;
            for token in tokens {
                let highest = weights.tokens.entry(token).or_insert(token_weight);
                *highest = highest.max(token_weight);
            }
        }

        if is_own {
            ceiling += rarity;
            weights.words.push(QuestionWord {
                word: text,
                chunks: chunks.min(total),
                corrected_to: correction.map(|correction| correction.word),
            });
        }
    }

    weights.ceiling = (ceiling * HIGHEST_WEIGHT) as f32;
    weights.unit = if total > 0 {
        (rarity(total, 1) * HIGHEST_WEIGHT) as f32
    } else {
        0.0
    };

    Ok(weights)
}

/// Words that weigh less than 1 are other names of the things that the question names.
fn is_own(word: &Word) -> bool {
    word.weight >= 1.0
}

/// Counts the chunks of each word: the sum over its stems.
fn count_chunks(statistics: &impl Statistics, words: &[Word]) -> Result<Vec<u64>, IndexError> {
    let tokens = words.iter().flat_map(|word| &word.tokens).copied();
    let chunks = statistics.chunks_with(&tokens.collect())?;
    let count = |token: &u32| chunks.get(token).copied().unwrap_or_default();

    Ok(words
        .iter()
        .map(|word| word.tokens.iter().map(count).sum())
        .collect())
}

/// Corrects the question's own words that no chunk contains, up to a limit. Returns the corrections
/// by the position of the word.
fn correct_unknown(
    statistics: &impl Statistics,
    words: &[Word],
    chunks_by_word: &[u64],
    bm25: &Bm25,
    known_words: &BTreeSet<String>,
) -> Result<HashMap<usize, Correction>, IndexError> {
    let unknown: Vec<(usize, &str)> = words
        .iter()
        .zip(chunks_by_word)
        .enumerate()
        .filter(|(_, (word, chunks))| {
            **chunks == 0 && is_own(word) && !known_words.contains(&word.text.to_lowercase())
        })
        .map(|(position, (word, _))| (position, word.text.as_str()))
        .take(spelling::MAX_CORRECTIONS)
        .collect();

    let texts: Vec<&str> = unknown.iter().map(|(_, text)| *text).collect();
    let corrections = spelling::correct(&texts, bm25, statistics)?;

    Ok(unknown
        .into_iter()
        .zip(corrections)
        .filter_map(|((position, _), correction)| Some((position, correction?)))
        .collect())
}

/// Returns the vector with which to search for each word as a question of its own, without spelling
/// correction. Words that no chunk of the library contains are left out.
pub(crate) fn vectors_of_words(
    statistics: &impl Statistics,
    words: &[String],
    bm25: &Bm25,
    languages: &[String],
) -> Result<Vec<(String, SparseVector)>, IndexError> {
    let (mut texts, mut stemmed) = (Vec::new(), Vec::new());
    for word in words {
        let question = WeightedText {
            text: word.clone(),
            weight: 1.0,
        };
        for found in bm25.question_words(&[question], languages)? {
            texts.push(word);
            stemmed.push(found);
        }
    }

    let counts = count_chunks(statistics, &stemmed)?;
    let mut tokens_by_word: BTreeMap<&String, BTreeMap<u32, f32>> = BTreeMap::new();
    for ((text, word), chunks) in texts.into_iter().zip(stemmed).zip(counts) {
        if chunks > 0 {
            let tokens = word.tokens.into_iter().map(|token| (token, 1.0));
            tokens_by_word.entry(text).or_default().extend(tokens);
        }
    }

    tokens_by_word
        .into_iter()
        .map(|(word, tokens)| Ok((word.clone(), query_vector(&tokens)?)))
        .collect()
}

/// The inverse document frequency of a word that occurs in `chunks` of `total` chunks.
fn rarity(total: u64, chunks: u64) -> f64 {
    let (total, chunks) = (total as f64, chunks as f64);
    ((total - chunks + 0.5) / (chunks + 0.5) + 1.0).ln()
}

/// The sparse vector with which the engine searches for a question's words.
pub(crate) fn query_vector(weights: &BTreeMap<u32, f32>) -> Result<SparseVector, IndexError> {
    let (tokens, weights): (Vec<u32>, Vec<f32>) = weights.iter().unzip();
    SparseVector::new(tokens, weights).map_err(|error| {
        IndexError::Store(format!(
            "cannot search for the words of a question: {error}"
        ))
    })
}

/// How many points to request at first for a list of `depth`.
pub(crate) fn first_limit(depth: usize) -> usize {
    depth.saturating_add(depth / 4).saturating_add(SPARE)
}

/// Reports whether everything that was not found must be worse than the last hit of a list of
/// `depth`. `worst` is the score of the last point found, live or not.
pub(crate) fn is_complete<P>(hits: &[Hit<P>], worst: Option<f32>, depth: usize) -> bool {
    let (Some(last), Some(worst)) = (hits.get(depth - 1), worst) else {
        return false;
    };
    is_below(worst, last.score)
}

/// Removes the hits that cannot be in a list of `depth`.
pub(crate) fn keep_contenders<P>(hits: &mut Vec<Hit<P>>, depth: usize) {
    if let Some(last) = hits.get(depth - 1) {
        let score = last.score;
        hits.retain(|hit| !is_below(hit.score, score));
    }
}

/// Sorts hits into a list of at most `depth` candidates.
pub(crate) fn top_candidates<P>(hits: Vec<Hit<P>>, depth: usize) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = hits.into_iter().map(Hit::into_candidate).collect();
    candidates.sort_by(best_first);
    candidates.truncate(depth);
    candidates
}

impl<P> Hit<P> {
    fn into_candidate(self) -> Candidate {
        let ChunkLocation {
            document,
            prefix,
            ordinal,
            page,
            passage_hash,
            simhash,
        } = self.location;

        Candidate {
            chunk_id: ChunkId::in_document(&prefix, ordinal),
            document,
            page,
            ordinal,
            passage_hash,
            simhash,
            score: self.score,
        }
    }
}

/// Orders by score, ties by chunk id.
fn best_first(left: &Candidate, right: &Candidate) -> Ordering {
    right
        .score
        .total_cmp(&left.score)
        .then_with(|| left.chunk_id.cmp(&right.chunk_id))
}

/// Reports whether a score is below another by more than a tie.
fn is_below(score: f32, other: f32) -> bool {
    score < other - TIE * other.abs()
}

/// Computes the BM25 score of a chunk from its keyword vector. The sum runs in the order of tokens,
/// because floating-point addition is not associative.
pub(crate) fn rescore(keyword_vector: &SparseVector, weights: &BTreeMap<u32, f32>) -> f32 {
    let mut parts: Vec<(u32, f64)> = Vec::with_capacity(weights.len());
    for (token, value) in keyword_vector.indices.iter().zip(&keyword_vector.values) {
        if let Some(weight) = weights.get(token) {
            parts.push((*token, f64::from(*weight) * f64::from(*value)));
        }
    }

    parts.sort_unstable_by_key(|(token, _)| *token);
    parts.iter().map(|(_, part)| part).sum::<f64>() as f32
}

/// The keyword vector of a chunk, in the form in which its score is computed fastest.
#[derive(Debug)]
pub(crate) struct TokenWeights {
    /// In ascending order.
    tokens: Box<[u32]>,
    values: Box<[f32]>,
}

impl From<&SparseVector> for TokenWeights {
    fn from(vector: &SparseVector) -> Self {
        let mut entries: Vec<(u32, f32)> = vector
            .indices
            .iter()
            .copied()
            .zip(vector.values.iter().copied())
            .collect();
        entries.sort_unstable_by_key(|(token, _)| *token);

        Self {
            tokens: entries.iter().map(|(token, _)| *token).collect(),
            values: entries.iter().map(|(_, value)| *value).collect(),
        }
    }
}

impl TokenWeights {
    /// Computes the same score as [`rescore`].
    pub(crate) fn score(&self, weights: &BTreeMap<u32, f32>) -> f32 {
        weights
            .iter()
            .filter_map(|(token, weight)| {
                let position = self.tokens.binary_search(token).ok()?;
                Some(f64::from(*weight) * f64::from(self.values[position]))
            })
            .sum::<f64>() as f32
    }

    /// The size of the vector in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.tokens) + size_of_val(&*self.values)
    }
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
        for vector in [&forward, &backward] {
            assert_eq!(
                TokenWeights::from(vector).score(&weights).to_bits(),
                rescore(&forward, &weights).to_bits()
            );
        }
    }

    struct FixedCounts;

    impl Statistics for FixedCounts {
        fn chunk_count(&self) -> Result<u64, IndexError> {
            Ok(100)
        }

        fn chunks_with(&self, tokens: &BTreeSet<u32>) -> Result<HashMap<u32, u64>, IndexError> {
            let count = |token: &u32| (*token, if *token == 1 { 1 } else { 60 });
            Ok(tokens.iter().map(count).collect())
        }
    }

    fn word(text: &str, tokens: &[u32], weight: f32) -> Word {
        Word {
            text: text.to_owned(),
            weight,
            tokens: tokens.iter().copied().collect(),
        }
    }

    #[test]
    fn a_word_is_as_rare_as_all_its_stems_together() {
        let words = vec![word("state", &[1, 2], 1.0), word("name", &[3], 0.3)];
        let weights = weigh_words(&FixedCounts, words, &Bm25::default(), &BTreeSet::new()).unwrap();
        assert_eq!(weights.tokens[&1].to_bits(), weights.tokens[&2].to_bits());

        let expected = (rarity(100, 61) * HIGHEST_WEIGHT) as f32;
        assert!(
            (weights.ceiling - expected).abs() < 1e-6,
            "other names do not raise the ceiling"
        );
        assert_eq!(
            weights.words,
            [QuestionWord {
                word: "state".to_owned(),
                chunks: 61,
                corrected_to: None
            }]
        );
    }

    #[test]
    fn scores_that_differ_by_rounding_are_ties() {
        assert!(!is_below(1.0, 1.000_001));
        assert!(is_below(1.0, 1.001));
        assert!(is_below(-1.001, -1.0));
    }

    fn query(dense: Vec<f32>) -> CandidateQuery {
        CandidateQuery {
            dense: Some(dense),
            ..CandidateQuery::default()
        }
    }

    #[test]
    fn invalid_query_vectors_are_rejected() {
        assert!(check_vector(&query(vec![1.0, 0.0]), 2).is_ok());
        assert!(check_vector(&query(vec![1.0]), 2).is_err());
        assert!(check_vector(&query(vec![1.0, f32::NAN]), 2).is_err());
    }
}
