//! Estimates the probability that the hits answer the question.
//!
//! A logistic model of a few signals. Its weights were fitted on labelled questions with and
//! without an answer. docs/retrieval.md describes the data, the model's accuracy on other
//! questions, and how to fit it again.

use std::collections::{HashMap, HashSet};

use mcdewey_core::{Candidates, Chunk, QuestionWord};

use crate::question::analysis::QuestionAnalysis;
use crate::question::identifiers::{Identifier, identifiers, names_asked_for};
use crate::question::terms;
use crate::ranking::second_phase::{self, WeightedQuestion, is_single_word, searched_form};

/// Why the hits probably do not answer the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// One sentence for people: "no Cisco Finesse 16.0 in this library: v12.5, v15.0".
    pub message: String,
    /// What the question names but the library does not contain: versions, names, codes.
    pub missing: Vec<String>,
    /// Whether the library does not have what is asked for, rather than no passage that clearly
    /// answers. No answerable question of the sets in docs/measurements.md is held for one.
    pub is_certain: bool,
}

/// How likely it is that the library contains an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict {
    /// 0 to 1.
    pub(crate) probability: f64,
    /// Whether the reranker has read enough to say that no passage answers.
    is_unanswered: bool,
}

/// The number of hits the signals are computed from.
pub(crate) const EVIDENCE_HITS: usize = 5;
/// The number of entries of the dense list that the best cosine is compared with, itself included.
const COMPARED_CANDIDATES: usize = 20;
/// If the best cosine is below this value, the question is about something else.
const RELATED_COSINE: f64 = 0.3;
/// The number of a question's identifiers that are checked: a pasted text has hundreds.
const MAX_IDENTIFIERS: usize = 32;
/// Counts of identifiers above this value add no information.
const MAX_COUNT: usize = 3;

/// The inputs of the confidence model; a larger number means more of what it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
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

/// The fitted weight of each signal.
const WEIGHTS: Signals = Signals {
    absent_codes: -4.39,
    absent_names: -2.94,
    missing_names: -1.26,
    foreign: -48.1,
    cosine: 1.44,
    margin: 1.34,
    coverage: 0.74,
    unknown: 1.5,
    length: -1.88,
};
const BIAS: f64 = 3.31;
/// Below this probability the library is assumed to contain no answer. 3.5 % of the answerable
/// questions that the model was fitted on are below it.
pub(crate) const THRESHOLD: f64 = 0.142;

/// A passage with this score or a higher one of the reranker answers the question, whatever the
/// question names.
const ANSWERS: f32 = 5.0;
/// The probability of an answer then.
const ANSWERED: f64 = 0.9;
/// If the reranker has read at least so many passages, and none has a higher score than this one,
const NO_ANSWER: f32 = -6.0;
const READ_PASSAGES: usize = 10;
/// and the embedding model does not single one out by more than this, no passage answers it.
const SINGLED_OUT: f64 = 0.05;
/// The probability of an answer then.
const UNANSWERED: f64 = 0.05;

impl Verdict {
    /// Judges by the signals and the reranker's scores of the passages that it read.
    pub(crate) fn new(signals: &Signals, read: &[f32]) -> Self {
        let probability = signals.probability();
        let best = read.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let is_unanswered =
            read.len() >= READ_PASSAGES && best <= NO_ANSWER && signals.margin < SINGLED_OUT;
        Self {
            probability: match is_unanswered {
                true => probability.min(UNANSWERED),
                false if best >= ANSWERS => probability.max(ANSWERED),
                false => probability,
            },
            is_unanswered,
        }
    }
}

impl Signals {
    /// The signals' names, in the order of [`Signals::values`].
    pub const NAMES: [&'static str; 9] = [
        "absent_codes",
        "absent_names",
        "missing_names",
        "foreign",
        "cosine",
        "margin",
        "coverage",
        "unknown",
        "length",
    ];

    /// Returns the signals in the order of [`Signals::NAMES`].
    pub fn values(&self) -> [f64; 9] {
        [
            self.absent_codes,
            self.absent_names,
            self.missing_names,
            self.foreign,
            self.cosine,
            self.margin,
            self.coverage,
            self.unknown,
            self.length,
        ]
    }

    /// Returns the probability that the library contains an answer, 0 to 1, as far as these signals
    /// show it.
    pub fn probability(&self) -> f64 {
        let sum: f64 = self
            .values()
            .iter()
            .zip(WEIGHTS.values())
            .map(|(signal, weight)| signal * weight)
            .sum();
        1.0 / (1.0 + (-(BIAS + sum)).exp())
    }
}

/// What the candidate lists show about a question, before the hits are known.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    words: Vec<QuestionWord>,
    /// The best cosines, highest first.
    cosines: Vec<f64>,
    library_chunks: u64,
}

impl Evidence {
    /// Returns `None` if one of the lists is missing.
    pub(crate) fn from_candidates(lists: &Candidates, library_chunks: u64) -> Option<Self> {
        let (dense, _) = (lists.dense.as_ref()?, lists.keyword.as_ref()?);
        let cosines = dense
            .iter()
            .take(COMPARED_CANDIDATES)
            .map(|candidate| f64::from(candidate.score))
            .collect();

        Some(Self {
            words: lists.words.clone(),
            cosines,
            library_chunks,
        })
    }

    /// Returns the signals for the chunks of the first hits, and the question's identifiers that no
    /// chunk contains.
    pub(crate) fn signals<'a>(
        &self,
        question: &str,
        analysis: &QuestionAnalysis,
        hits: impl Iterator<Item = &'a Chunk>,
    ) -> (Signals, Vec<String>) {
        let words: Vec<&QuestionWord> = self
            .words
            .iter()
            .filter(|word| is_single_word(&word.word))
            .collect();
        let identifiers: Vec<Identifier> = identifiers(question, &analysis.known_words)
            .into_iter()
            .take(MAX_IDENTIFIERS)
            .collect();

        let parts = identifiers.iter().flat_map(|identifier| &identifier.parts);
        let stems: HashSet<String> = words
            .iter()
            .map(|word| searched_form(word))
            .chain(parts.map(String::as_str))
            .filter_map(terms::stem)
            .collect();
        let mut hits = hits.take(EVIDENCE_HITS).peekable();
        let first = hits.peek().copied();
        let texts: Vec<HashSet<&str>> = hits.map(|chunk| stems_in_chunk(chunk, &stems)).collect();

        let is_known =
            |word: &QuestionWord| analysis.known_words.contains(&word.word.to_lowercase());
        let coverage = texts.iter().map(|text| {
            self.weighted_share(&words, |word| {
                is_known(word) || occurs_in(text, searched_form(word))
            })
        });
        let coverage = coverage.fold(0.0, f64::max);
        let unknown = self.weighted_share(&words, |word| word.chunks == 0 && !is_known(word));

        let chunk_counts: HashMap<String, u64> = self
            .words
            .iter()
            .map(|word| (word.word.to_lowercase(), word.chunks))
            .collect();

        let is_found_by_name =
            first.is_some_and(|chunk| is_found_by_name(question, analysis, &identifiers, chunk));
        let (mut absent, mut absent_codes, mut missing) = (Vec::new(), 0, 0);
        for identifier in identifiers {
            // What stands in the first hit is not absent, however the index counts its parts.
            let is_in_first_hit = || {
                first.is_some_and(|chunk| {
                    stands_in(chunk, &identifier.text)
                        || class_name(&identifier.text).is_some_and(|name| stands_in(chunk, name))
                })
            };
            if is_absent(&identifier, &chunk_counts) && !is_in_first_hit() {
                absent_codes += usize::from(is_code(&identifier));
                absent.push(identifier.text);
            } else if !texts.iter().any(|text| contains_all(text, &identifier)) {
                missing += 1;
            }
        }

        let best = self.cosines.first().copied().unwrap_or(0.0);
        let others = self.cosines.get(1..).unwrap_or_default();
        let average_of_others = if others.is_empty() {
            best
        } else {
            others.iter().sum::<f64>() / others.len() as f64
        };

        let signals = Signals {
            absent_codes: absent_codes.min(MAX_COUNT) as f64,
            absent_names: (absent.len() - absent_codes).min(MAX_COUNT) as f64,
            missing_names: missing.min(MAX_COUNT) as f64,
            // A name says little to the model, and a passage with all the words is about them.
            foreign: if is_found_by_name || coverage >= 1.0 {
                0.0
            } else {
                (RELATED_COSINE - best).max(0.0)
            },
            cosine: best,
            margin: best - average_of_others,
            coverage,
            unknown,
            length: (1.0 + words.len() as f64).ln(),
        };

        (signals, absent)
    }

    /// Returns the share of the words that `is_counted` accepts, weighted by rarity.
    fn weighted_share(
        &self,
        words: &[&QuestionWord],
        is_counted: impl Fn(&QuestionWord) -> bool,
    ) -> f64 {
        let total: f64 = words.iter().map(|word| self.rarity(word)).sum();
        let counted: f64 = words
            .iter()
            .filter(|word| is_counted(word))
            .map(|word| self.rarity(word))
            .sum();

        // An empty sum of floats is -0.
        if counted > 0.0 { counted / total } else { 0.0 }
    }

    fn rarity(&self, word: &QuestionWord) -> f64 {
        second_phase::rarity(word.chunks, self.library_chunks)
    }

    /// The question's words, to compare the best hits with.
    pub(crate) fn question(&self, question: &str, analysis: &QuestionAnalysis) -> WeightedQuestion {
        WeightedQuestion::new(question, &self.words, self.library_chunks, |word| {
            analysis.known_words.contains(word)
        })
    }
}

/// Reports whether no chunk contains the identifier: neither one of its parts nor, if it has
/// several, the whole. `chunk_counts` has the number of chunks that contain each word of the
/// question.
fn is_absent(identifier: &Identifier, chunk_counts: &HashMap<String, u64>) -> bool {
    let has_no_chunk = |text: &str| chunk_counts.get(&text.to_lowercase()) == Some(&0);
    identifier.parts.iter().any(|part| has_no_chunk(part))
        || (identifier.parts.len() > 1
            && has_no_chunk(&mcdewey_core::compound_token(&identifier.parts)))
}

/// Reports whether a question is no more than names and codes, and a chunk has all of them.
fn is_found_by_name(
    question: &str,
    analysis: &QuestionAnalysis,
    identifiers: &[Identifier],
    chunk: &Chunk,
) -> bool {
    let names = names_asked_for(question, identifiers, &analysis.known_words);
    !names.is_empty() && names.iter().all(|name| stands_in(chunk, &name.text))
}

/// Reports whether a chunk's text or headings have a name as it is written, regardless of case.
fn stands_in(chunk: &Chunk, name: &str) -> bool {
    let name = name.to_lowercase();
    let text = mcdewey_core::dense_form(&chunk.text);
    let headings = chunk.headings.iter().map(String::as_str);
    headings
        .chain([text.as_str()])
        .any(|text| text.to_lowercase().contains(&name))
}

/// The name of a class without its package, if that says which class is meant:
/// `java.lang.OutOfMemoryError`, of which a page has the last part.
fn class_name(name: &str) -> Option<&str> {
    let (_, last) = name.rsplit_once(['.', ':'])?;
    let words = last.chars().filter(|c| c.is_uppercase()).count();
    (words > 1 && last.starts_with(char::is_uppercase) && last.contains(char::is_lowercase))
        .then_some(last)
}

/// Codes have digits or several parts; other identifiers are names.
fn is_code(identifier: &Identifier) -> bool {
    identifier.parts.len() > 1 || identifier.text.contains(|c: char| c.is_ascii_digit())
}

fn contains_all(text: &HashSet<&str>, identifier: &Identifier) -> bool {
    identifier.parts.iter().all(|part| occurs_in(text, part))
}

/// Reports whether a text, given as stems, contains a word. Stop words count as contained.
fn occurs_in(text: &HashSet<&str>, word: &str) -> bool {
    terms::stem(word).is_none_or(|stem| text.contains(stem.as_str()))
}

/// Returns those of the stems that a chunk's text or headings contain.
fn stems_in_chunk<'a>(chunk: &Chunk, stems: &'a HashSet<String>) -> HashSet<&'a str> {
    let text = mcdewey_core::keyword_form(&chunk.text);
    let headings = chunk.headings.iter().map(String::as_str);
    headings
        .chain([text.as_str()])
        .flat_map(|text| found_stems(text, stems))
        .collect()
}

fn found_stems<'a>(text: &str, stems: &'a HashSet<String>) -> Vec<&'a str> {
    terms::stem_matches(text, stems)
        .map(|(_, stem)| stem)
        .collect()
}

/// The number of absent identifiers that the message repeats.
const MAX_REPEATED_NAMES: usize = 4;
/// The number of characters of each repeated name.
const MAX_NAME_CHARS: usize = 40;
/// The number of versions that the message lists, the newest ones.
const MAX_LISTED_VERSIONS: usize = 8;

/// Returns a name on one line, without hidden characters and truncated.
fn short(name: &str) -> String {
    mcdewey_core::visible_line(name)
        .chars()
        .take(MAX_NAME_CHARS)
        .collect()
}

/// Returns what to report if the library contains no answer; `None` if it probably does.
pub(crate) fn no_answer(
    analysis: &QuestionAnalysis,
    verdict: Verdict,
    absent: Vec<String>,
) -> Option<NoAnswer> {
    if let Some(absent_version) = analysis.absent_versions.first() {
        let omitted = absent_version
            .known
            .len()
            .saturating_sub(MAX_LISTED_VERSIONS);
        let mut known = absent_version.known[omitted..]
            .iter()
            .map(|label| short(label))
            .collect::<Vec<_>>()
            .join(", ");

        if omitted > 0 {
            known.push_str(&format!(" and {omitted} older"));
        }

        let product = short(&absent_version.product);
        let requested = short(&absent_version.requested);
        let message = format!("no {product} {requested} in this library: {known}");
        let missing = analysis
            .absent_versions
            .iter()
            .map(|version| format!("{} {}", version.product, version.requested))
            .collect();

        return Some(NoAnswer {
            message,
            missing,
            is_certain: true,
        });
    }

    if verdict.probability >= THRESHOLD {
        return None;
    }

    let missing: Vec<String> = absent
        .iter()
        .take(MAX_REPEATED_NAMES)
        .map(|name| short(name))
        .collect();

    let mut message = match verdict.is_unanswered {
        true => "this library contains no answer".to_owned(),
        false => "this library probably contains no answer".to_owned(),
    };
    if !missing.is_empty() {
        message.push_str(&format!(": it does not mention {}", missing.join(", ")));
    }

    Some(NoAnswer {
        message,
        missing,
        is_certain: verdict.is_unanswered,
    })
}

#[cfg(test)]
mod tests;
