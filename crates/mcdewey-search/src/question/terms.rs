//! Splits text into words and compares them regardless of inflection.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// Words too common to distinguish chunks.
const STOP_WORDS: &str = "a about all also an and any are as at be because been but by can could \
    did do does doing for from get had has have having he her here how i if in into is it its just \
    me more most my no not of on one or other our out over own same she should so some such than \
    that the their them then there these they this those to too under up very was we were what \
    when where which while who why will with would you your";

static STOP_WORD_SET: LazyLock<HashSet<&str>> =
    LazyLock::new(|| STOP_WORDS.split_whitespace().collect());

/// Returns the stems of a text's content words (English, without stop words). A keyword search for
/// one text cannot find another with which it has no stem in common.
pub fn content_stems(text: &str) -> HashSet<String> {
    words(text).filter_map(|(word, _)| stem(word)).collect()
}

/// Returns the byte ranges of the words in `text` that have one of the stems.
pub fn matches(text: &str, stems: &HashSet<String>) -> Vec<Range<usize>> {
    stem_matches(text, stems).map(|(range, _)| range).collect()
}

/// Returns the byte ranges of the words in `text` that have one of the stems, each with its stem.
pub(crate) fn stem_matches<'a>(
    text: &str,
    stems: &'a HashSet<String>,
) -> impl Iterator<Item = (Range<usize>, &'a str)> {
    // A stem begins like the word, so most words need not be stemmed.
    let initials: HashSet<char> = stems
        .iter()
        .filter_map(|stem| lower_initial(stem))
        .collect();
    words(text)
        .filter(move |(word, _)| lower_initial(word).is_some_and(|c| initials.contains(&c)))
        .filter_map(|(word, range)| Some((range, stems.get(&stem(word)?)?.as_str())))
}

/// The first character of a word in lower case.
fn lower_initial(word: &str) -> Option<char> {
    word.chars().next()?.to_lowercase().next()
}

/// Returns the runs of letters and digits of a text, with their byte ranges.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(move |word| {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            (word, start..start + word.len())
        })
}

/// Reports whether a word is in a list of words with spaces between them, regardless of case.
pub(crate) fn is_listed(word: &str, list: &str) -> bool {
    list.split_whitespace()
        .any(|known| known.eq_ignore_ascii_case(word))
}

/// Returns the words of a text in lower case.
pub(crate) fn lower_words(text: &str) -> Vec<String> {
    words(text).map(|(word, _)| word.to_lowercase()).collect()
}

/// Returns the stem of one word; `None` for a stop word.
pub(crate) fn stem(word: &str) -> Option<String> {
    let lower = word.to_lowercase();
    if STOP_WORD_SET.contains(lower.as_str()) {
        None
    } else {
        Some(STEMMER.stem(&lower).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_words_in_all_inflections() {
        let stems = content_stems("what is the state of barged calls");
        let text = "Barging is a call STATE";
        let found: Vec<&str> = matches(text, &stems)
            .into_iter()
            .map(|range| &text[range])
            .collect();
        assert_eq!(found, ["Barging", "call", "STATE"]);

        let stems_found: Vec<&str> = stem_matches(text, &stems).map(|(_, stem)| stem).collect();
        assert_eq!(stems_found, ["barg", "call", "state"]);
        assert!(content_stems("what is the").is_empty());
    }

    #[test]
    fn a_stem_begins_like_every_word_that_has_it() {
        for word in [
            "Skies",
            "dying",
            "Yearly",
            "yyy",
            "İstanbul",
            "Σ",
            "Éclairs",
            "12.5",
            "only",
        ] {
            for (part, _) in words(word) {
                let stem = stem(part).unwrap_or_else(|| part.to_lowercase());
                assert_eq!(lower_initial(part), stem.chars().next(), "{part}");
            }
        }
    }
}
