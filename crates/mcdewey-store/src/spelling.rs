//! Spelling correction for words of a question that no chunk contains.
//!
//! The index stores tokens, not words, so all words within one edit are generated and their tokens
//! are looked up.

use std::collections::{BTreeSet, HashMap};

use mcdewey_core::IndexError;

use crate::bm25::Bm25;
use crate::ranking::Statistics;

/// Shorter words are one edit away from too many other words.
const MIN_LENGTH: usize = 5;

/// Longer runs of letters are not words.
const MAX_LENGTH: usize = 24;

/// The most unknown words of one question to correct: a pasted log line has dozens, and none of
/// them is a typing error.
pub(crate) const MAX_CORRECTIONS: usize = 4;

/// The factor applied to the weight of a corrected word.
pub(crate) const CORRECTION_WEIGHT: f32 = 0.8;

/// The word that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Correction {
    pub(crate) word: String,
    pub(crate) token: u32,
    /// In how many chunks it occurs.
    pub(crate) chunks: u64,
}

/// Returns for each word the most frequent word one edit away: a letter omitted, inserted,
/// substituted, or two letters transposed. Corrects plain words only, never names and codes. All
/// candidates of all words are looked up together.
pub(crate) fn correct(
    words: &[&str],
    bm25: &Bm25,
    statistics: &impl Statistics,
) -> Result<Vec<Option<Correction>>, IndexError> {
    let candidates: Vec<Vec<(String, u32)>> = words
        .iter()
        .map(|word| candidates(word, bm25))
        .collect::<Result<_, _>>()?;

    let tokens: BTreeSet<u32> = candidates
        .iter()
        .flatten()
        .map(|(_, token)| *token)
        .collect();
    if tokens.is_empty() {
        return Ok(vec![None; words.len()]);
    }

    let chunks = statistics.chunks_with(&tokens)?;
    Ok(words
        .iter()
        .zip(candidates)
        .map(|(word, candidates)| best(&word.to_ascii_lowercase(), candidates, &chunks))
        .collect())
}

/// Returns the words one edit away in alphabetical order, with their tokens; none if the word is not
/// to be corrected.
fn candidates(word: &str, bm25: &Bm25) -> Result<Vec<(String, u32)>, IndexError> {
    if !is_plain_word(word) {
        return Ok(Vec::new());
    }

    let mut candidates = Vec::new();
    for candidate in one_edit_away(&word.to_ascii_lowercase()) {
        let Some(token) = bm25.stem(&candidate)? else {
            // The word is probably a misspelt stop word such as "until", which is not worth
            // searching for either.
            return Ok(Vec::new());
        };
        candidates.push((candidate, token));
    }

    Ok(candidates)
}

/// Returns the best of the candidates that occur. The first of equals wins.
fn best(
    word: &str,
    candidates: Vec<(String, u32)>,
    chunks: &HashMap<u32, u64>,
) -> Option<Correction> {
    let mut best: Option<Correction> = None;
    for (candidate, token) in candidates {
        let correction = Correction {
            word: candidate,
            token,
            chunks: chunks.get(&token).copied().unwrap_or_default(),
        };

        if correction.chunks > 0
            && best
                .as_ref()
                .is_none_or(|best| rank(&correction, word) > rank(best, word))
        {
            best = Some(correction);
        }
    }

    best
}

/// Reports whether a word consists of letters only, without capitals after the first letter: those
/// mark a name.
fn is_plain_word(word: &str) -> bool {
    (MIN_LENGTH..=MAX_LENGTH).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !word[1..].bytes().any(|byte| byte.is_ascii_uppercase())
}

/// The order of preference among corrections. Omitted, doubled and transposed letters are more
/// common errors than substituted ones. Of several spellings of one stem, the longest is more often
/// the word.
fn rank(correction: &Correction, word: &str) -> (bool, u64, usize) {
    let other = correction.word.as_str();
    (
        other.len() != word.len() || is_transposed(word, other),
        correction.chunks,
        other.len(),
    )
}

/// Reports whether both words consist of the same letters.
fn is_transposed(word: &str, other: &str) -> bool {
    sorted_letters(word) == sorted_letters(other)
}

fn sorted_letters(word: &str) -> Vec<u8> {
    let mut letters: Vec<u8> = word.bytes().collect();
    letters.sort_unstable();
    letters
}

/// Generates candidates in alphabetical order, so that the choice among equally frequent ones is
/// deterministic.
fn one_edit_away(word: &str) -> BTreeSet<String> {
    let mut candidates = BTreeSet::new();
    for position in 0..=word.len() {
        let (left, right) = word.split_at(position);
        for letter in 'a'..='z' {
            candidates.insert(format!("{left}{letter}{right}"));
            if let Some(rest) = right.get(1..) {
                candidates.insert(format!("{left}{letter}{rest}"));
            }
        }

        if let Some(rest) = right.get(1..) {
            candidates.insert(format!("{left}{rest}"));
        }

        if let (Some(first), Some(second), Some(rest)) =
            (right.get(..1), right.get(1..2), right.get(2..))
        {
            candidates.insert(format!("{left}{second}{first}{rest}"));
        }
    }

    candidates.remove(word);
    candidates
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    struct ChunkCounts {
        counts: HashMap<u32, u64>,
        lookups: Cell<usize>,
    }

    impl Statistics for ChunkCounts {
        fn chunk_count(&self) -> Result<u64, IndexError> {
            Ok(100)
        }

        fn chunks_with(&self, tokens: &BTreeSet<u32>) -> Result<HashMap<u32, u64>, IndexError> {
            self.lookups.set(self.lookups.get() + 1);
            Ok(tokens
                .iter()
                .filter_map(|token| Some((*token, *self.counts.get(token)?)))
                .collect())
        }
    }

    fn corrected(word: &str) -> Option<String> {
        corrected_together(&[word]).pop().flatten()
    }

    fn corrected_together(words: &[&str]) -> Vec<Option<String>> {
        let bm25 = Bm25::default();
        let known = [
            ("certificate", 9),
            ("agent", 40),
            ("agency", 2),
            ("frequency", 3),
        ];

        let counts = known.map(|(word, chunks)| (bm25.stem(word).unwrap().unwrap(), chunks));
        let statistics = ChunkCounts {
            counts: HashMap::from(counts),
            lookups: Cell::default(),
        };

        let corrections = correct(words, &bm25, &statistics).unwrap();
        assert!(
            statistics.lookups.get() <= 1,
            "all words are looked up together"
        );
        corrections
            .into_iter()
            .map(|correction| Some(correction?.word))
            .collect()
    }

    #[test]
    fn several_words_are_corrected_as_each_would_be() {
        let words = ["certifcate", "AGNET", "Agnet", "frequncy"];
        assert_eq!(corrected_together(&words), words.map(corrected));
        assert_eq!(corrected_together(&[]), []);
    }

    #[test]
    fn a_word_with_one_typing_error_is_corrected() {
        assert_eq!(corrected("certifcate").as_deref(), Some("certificate"));
        assert_eq!(corrected("frequncy").as_deref(), Some("frequency"));
        assert_eq!(corrected("Agnet").as_deref(), Some("agent"));
        assert_eq!(corrected("agennt").as_deref(), Some("agent"));
    }

    #[test]
    fn names_codes_and_distant_words_are_not_corrected() {
        assert_eq!(corrected("whille"), None, "a misspelt stop word");
        for word in ["agnt", "AGNET", "agenT1", "certfcte", "écoles", "agenta1"] {
            assert_eq!(corrected(word), None, "{word}");
        }
    }
}
