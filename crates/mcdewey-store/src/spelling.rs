//! What a word that no passage has may be a slip for. The index knows words by their tokens only, so the words one slip
//! away are made and looked up.

use std::collections::BTreeSet;

use mcdewey_core::IndexError;

use crate::bm25::Bm25;
use crate::ranking::Statistics;

/// Shorter words are one slip away from too many others.
const SHORTEST: usize = 5;
/// Longer runs of letters are no words.
const LONGEST: usize = 24;
/// Unknown words of one question that are looked into: a pasted log line has dozens, and none is a slip.
pub(crate) const MAX_GUESSES: usize = 4;
/// How much a word counts that was guessed.
pub(crate) const TRUST: f32 = 0.8;

/// The word that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) word: String,
    pub(crate) token: u32,
    /// In how many passages it occurs.
    pub(crate) passages: u64,
}

/// The word most passages have among those one slip away: a letter left out, put in, changed, or two exchanged. Only for
/// plain words: names and codes are what they are.
pub(crate) fn meant(
    word: &str,
    bm25: &Bm25,
    statistics: &impl Statistics,
) -> Result<Option<Meant>, IndexError> {
    let is_plain = (SHORTEST..=LONGEST).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphabetic());

    // Capitals inside a word make it a name.
    if !is_plain || word[1..].bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(None);
    }

    let mut best: Option<Meant> = None;
    let word = word.to_ascii_lowercase();
    for candidate in one_slip_away(&word) {
        let Some(token) = bm25.stem(&candidate)? else {
            // A slip of "until" is as little a word to search as "until" is.
            return Ok(None);
        };
        let passages = statistics.passages_with(token)?;

        // Letters left out, doubled or turned round are commoner slips than other letters; of several spellings of one
        // stem the longest is the word more often.
        let rank = |passages: u64, other: &str| {
            (
                other.len() != word.len() || is_turned(&word, other),
                passages,
                other.len(),
            )
        };

        if passages > 0
            && best
                .as_ref()
                .is_none_or(|best| rank(passages, &candidate) > rank(best.passages, &best.word))
        {
            best = Some(Meant {
                word: candidate,
                token,
                passages,
            });
        }
    }

    Ok(best)
}

/// Whether both have the same letters.
fn is_turned(word: &str, other: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<u8> = text.bytes().collect();
        letters.sort_unstable();
        letters
    };
    sorted(word) == sorted(other)
}

/// In alphabetical order, so that of equally frequent ones the same is taken every time.
fn one_slip_away(word: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for at in 0..=word.len() {
        let (left, right) = word.split_at(at);
        for letter in 'a'..='z' {
            found.insert(format!("{left}{letter}{right}"));
            if let Some(rest) = right.get(1..) {
                found.insert(format!("{left}{letter}{rest}"));
            }
        }

        if let Some(rest) = right.get(1..) {
            found.insert(format!("{left}{rest}"));
        }

        if let (Some(first), Some(second), Some(rest)) =
            (right.get(..1), right.get(1..2), right.get(2..))
        {
            found.insert(format!("{left}{second}{first}{rest}"));
        }
    }

    found.remove(word);
    found
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    struct Words(HashMap<u32, u64>);

    impl Statistics for Words {
        fn passages(&self) -> Result<u64, IndexError> {
            Ok(100)
        }

        fn passages_with(&self, token: u32) -> Result<u64, IndexError> {
            Ok(self.0.get(&token).copied().unwrap_or(0))
        }
    }

    fn meant_by(word: &str) -> Option<String> {
        let bm25 = Bm25::default();
        let known = [
            ("certificate", 9),
            ("agent", 40),
            ("agency", 2),
            ("frequency", 3),
        ];

        let words = known.map(|(word, passages)| (bm25.stem(word).unwrap().unwrap(), passages));
        meant(word, &bm25, &Words(HashMap::from(words)))
            .unwrap()
            .map(|meant| meant.word)
    }

    #[test]
    fn one_slip_finds_the_word() {
        assert_eq!(meant_by("certifcate").as_deref(), Some("certificate"));
        assert_eq!(meant_by("frequncy").as_deref(), Some("frequency"));
        assert_eq!(meant_by("Agnet").as_deref(), Some("agent"));
        assert_eq!(meant_by("agennt").as_deref(), Some("agent"));
    }

    #[test]
    fn names_codes_and_far_words_stay_what_they_are() {
        assert_eq!(meant_by("whille"), None, "a slip of a stop word");
        for word in ["agnt", "AGNET", "agenT1", "certfcte", "écoles", "agenta1"] {
            assert_eq!(meant_by(word), None, "{word}");
        }
    }
}
