//! Words of a question and where a text has them, endings aside.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// Words too common to tell passages apart.
const STOP_WORDS: &str = "a about all also an and any are as at be because been but by can could did do does doing \
    for from get had has have having he her here how i if in into is it its just me more most my no not of on one or \
    other our out over own same she should so some such than that the their them then there these they this those to \
    too under up very was we were what when where which while who why will with would you your";

static STOP: LazyLock<HashSet<&str>> = LazyLock::new(|| STOP_WORDS.split_whitespace().collect());

/// The stems of a text's content words (English; stop words left out): two texts without a common stem share no word
/// that a search by words could go by.
pub fn content_stems(text: &str) -> HashSet<String> {
    words(text).filter_map(|(word, _)| stem(word)).collect()
}

/// Where `text` has words with one of the stems, in bytes.
pub(crate) fn matches(text: &str, wanted: &HashSet<String>) -> Vec<Range<usize>> {
    words(text)
        .filter(|(word, _)| stem(word).is_some_and(|stem| wanted.contains(&stem)))
        .map(|(_, range)| range)
        .collect()
}

/// The runs of letters and digits of a text, with their places in bytes.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(move |word| {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            (word, start..start + word.len())
        })
}

/// The stem of one word; nothing for a stop word.
pub(crate) fn stem(word: &str) -> Option<String> {
    let lower = word.to_lowercase();
    if STOP.contains(lower.as_str()) {
        None
    } else {
        Some(STEMMER.stem(&lower).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_words_in_all_their_forms() {
        let wanted = content_stems("what is the state of barged calls");
        let text = "Barging is a call STATE";
        let found: Vec<&str> = matches(text, &wanted)
            .into_iter()
            .map(|range| &text[range])
            .collect();
        assert_eq!(found, ["Barging", "call", "STATE"]);
        assert!(content_stems("what is the").is_empty());
    }
}
