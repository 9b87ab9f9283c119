//! The second phase of a ranking: the headings and texts of the best hits are compared with the
//! question, and what they show is added to the scores.
//!
//! The first phase knows a chunk's cosine and BM25 score only. A section of exactly the name that was
//! asked for comes first in any case. The other signals go together with a reranker: their weights were
//! fitted with its own, each set of questions in turn left out, and without it they gain nothing.
//! docs/retrieval.md describes the data and the figures.

use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;

use mcdewey_core::{Chunk, ChunkId, QuestionWord};

use crate::question::terms;
use crate::question::terms::lower_words;
use crate::ranking::collapse::CollapsedHit;

/// The number of hits that are compared with the question, the same for every `limit` and page.
pub(crate) const POOL: usize = 20;

/// The weight of each signal, as a share of a top score. None is negative, and neither is a signal, so
/// the hits of the pool stay in front of the others.
const COVERAGE: f64 = 0.26;
const HEADINGS: f64 = 0.22;
const DEPTH: f64 = 0.1;
const PLACE: f64 = 0.12;
/// A section of exactly the name that was asked for comes before all others.
const NAMED: f64 = 4.0;

/// A longer question is no name.
const MAX_NAME_WORDS: usize = 12;
/// A question of so few words is likely a name, so more hits are compared with it.
const SHORT_NAME_WORDS: usize = 4;
/// The number of hits that are compared with a short question.
const NAME_POOL: usize = 100;
/// More headings above a passage say no more.
const MAX_DEPTH: usize = 6;
/// Passages further down in a document than this are equal.
const MAX_ORDINAL: u32 = 100;

/// A question's words, with the share of each in what the question asks for.
#[derive(Debug, Clone)]
pub(crate) struct WeightedQuestion {
    /// The stems of the content words, each with its share by rarity; they add up to 1.
    shares: Vec<(String, f64)>,
    stems: HashSet<String>,
    /// All words in lower case, to recognise a name that is the whole question.
    words: Vec<String>,
}

impl WeightedQuestion {
    /// `words` are the question's words as the index counted them, and `is_scope` tells which of them
    /// only name a product: those choose documents and say nothing about passages.
    pub(crate) fn new(
        question: &str,
        words: &[QuestionWord],
        library_chunks: u64,
        is_scope: impl Fn(&str) -> bool,
    ) -> Self {
        let mut shares: Vec<(String, f64)> = Vec::new();
        for word in words {
            let searched = searched_form(word);
            if is_scope(&word.word.to_lowercase()) || !is_single_word(searched) {
                continue;
            }

            if let Some(stem) = terms::stem(searched)
                && shares.iter().all(|(other, _)| *other != stem)
            {
                shares.push((stem, rarity(word.chunks, library_chunks)));
            }
        }

        let total: f64 = shares.iter().map(|(_, share)| share).sum();
        for (_, share) in &mut shares {
            *share /= total;
        }

        Self {
            stems: shares.iter().map(|(stem, _)| stem.clone()).collect(),
            shares,
            words: lower_words(question),
        }
    }

    /// Returns the share of the words that occur in one of the texts, 0 to 1.
    fn coverage<'a>(&self, texts: impl Iterator<Item = &'a str>) -> f64 {
        let found: HashSet<&str> = texts
            .flat_map(|text| terms::stem_matches(text, &self.stems).map(|(_, stem)| stem))
            .collect();
        let shares = self.shares.iter();
        shares
            .filter(|(stem, _)| found.contains(stem.as_str()))
            .map(|(_, share)| share)
            .fold(0.0, |sum, share| sum + share)
    }

    /// The number of hits whose names are compared with the question; 0 if it cannot be a name.
    pub(crate) fn name_pool(&self) -> usize {
        match self.words.len() {
            1..=SHORT_NAME_WORDS => NAME_POOL,
            5..=MAX_NAME_WORDS => POOL,
            _ => 0,
        }
    }

    /// Reports whether a chunk is in a section of exactly the name that the question is, has the
    /// heading of one, or begins a document of that title.
    fn is_name_of(&self, chunk: &Chunk) -> bool {
        let is_question = |text: &str| lower_words(text) == self.words;
        let section = chunk.headings.last();
        let title = chunk.headings.first().filter(|_| chunk.ordinal == 0);
        let mut headings_in_text = chunk.text.lines().filter(|line| line.starts_with('#'));

        section
            .into_iter()
            .chain(title)
            .any(|text| is_question(text))
            || headings_in_text.any(is_question)
    }

    /// Returns what a chunk adds to the score of its hit, by name.
    fn signals(&self, chunk: &Chunk) -> [(&'static str, f64); 4] {
        let headings = || chunk.headings.iter().map(String::as_str);
        let text = mcdewey_core::keyword_form(&chunk.text);
        let everything = headings().chain([text.as_str()]);
        let depth = chunk.headings.len().min(MAX_DEPTH) as f64 / MAX_DEPTH as f64;
        let place = f64::from(chunk.ordinal.min(MAX_ORDINAL)) / f64::from(MAX_ORDINAL);

        [
            ("coverage", COVERAGE * self.coverage(everything)),
            // The first heading is the document's title.
            ("headings", HEADINGS * self.coverage(headings().skip(1))),
            ("depth", DEPTH * depth),
            ("place", PLACE * (1.0 - place)),
        ]
    }
}

/// Puts hits first that are in a section of exactly the name that the question is. `top` is the size of
/// a top score.
pub(crate) fn prefer_named<'a>(
    hits: &mut [CollapsedHit],
    question: &WeightedQuestion,
    top: f64,
    chunk_of: impl Fn(&CollapsedHit) -> Option<&'a Chunk>,
) {
    for hit in hits.iter_mut() {
        if chunk_of(hit).is_some_and(|chunk| question.is_name_of(chunk)) {
            hit.add("name", NAMED * top);
        }
    }

    sort(hits);
}

/// Puts the best hit of each name before all others: a pasted text with several codes asks about each
/// of them. `top` is the size of a top score.
pub(crate) fn cover(hits: &mut [CollapsedHit], with_each: &[HashSet<ChunkId>], top: f64) {
    if with_each.len() < 2 {
        return;
    }

    let first_with = |ids: &HashSet<ChunkId>| {
        hits.iter()
            .position(|hit| ids.contains(&hit.shown.candidate.chunk_id))
    };
    let best: HashSet<usize> = with_each.iter().filter_map(first_with).collect();
    let highest = hits.iter().map(|hit| hit.shown.score).fold(0.0, f64::max);
    for at in best {
        hits[at].add("names", highest + top);
        hits[at].stands_alone = true;
    }

    sort(hits);
}

/// Sorts hits by what they and their chunks show together, without changing their scores: the first ones
/// are the most worth reading.
pub(crate) fn sort_for_reading<'a>(
    hits: &mut [CollapsedHit],
    question: &WeightedQuestion,
    top: f64,
    chunk_of: impl Fn(&CollapsedHit) -> Option<&'a Chunk>,
) {
    hits.sort_by_cached_key(|hit| {
        let signals = chunk_of(hit).map(|chunk| question.signals(chunk));
        let sum: f64 = signals.iter().flatten().map(|(_, signal)| signal).sum();
        Reverse(OrderedScore(hit.shown.score + sum * top))
    });
}

/// Adds what the chunks show to the scores of their hits, and sorts these. `top` is the size of a top
/// score, or less if the signals are not to be trusted. A hit whose chunk is gone keeps its score.
pub(crate) fn compare<'a>(
    hits: &mut [CollapsedHit],
    question: &WeightedQuestion,
    top: f64,
    chunk_of: impl Fn(&CollapsedHit) -> Option<&'a Chunk>,
) {
    for hit in hits.iter_mut() {
        let Some(chunk) = chunk_of(hit) else { continue };
        for (name, signal) in question.signals(chunk) {
            if signal * top > 0.0 {
                hit.add(name, signal * top);
            }
        }
    }

    sort(hits);
}

/// A score in its order.
#[derive(PartialEq)]
struct OrderedScore(f64);

impl Eq for OrderedScore {}

impl Ord for OrderedScore {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for OrderedScore {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Sorts hits by score. Hits with equal scores keep their order.
pub(crate) fn sort(hits: &mut [CollapsedHit]) {
    hits.sort_by(|left, right| right.shown.score.total_cmp(&left.shown.score));
}

/// The word that was searched: the correction of a misspelt word, else the word itself.
pub(crate) fn searched_form(word: &QuestionWord) -> &str {
    word.corrected_to.as_deref().unwrap_or(&word.word)
}

/// The inverse document frequency as BM25 computes it.
pub(crate) fn rarity(chunks: u64, library_chunks: u64) -> f64 {
    let (all, with) = (library_chunks as f64, chunks as f64);
    ((all - with + 0.5) / (with + 0.5) + 1.0).ln()
}

/// Excludes compound tokens: their parts are among the words as well.
pub(crate) fn is_single_word(word: &str) -> bool {
    terms::words(word).count() == 1 && !mcdewey_core::is_compound_token(word)
}

#[cfg(test)]
mod tests;
