//! How likely it is that what was found answers the question.
//!
//! A logistic model of a few signals. Its weights were fitted on labelled questions with and without an answer;
//! docs/retrieval.md says which, how well it tells them apart on others, and how to fit it anew.

use std::collections::{HashMap, HashSet};

use mcdewey_core::{Candidates, QuestionWord};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aliases::Reading;
use super::names::{Name, names};
use super::terms;
use crate::{Hit, NoAnswer};

/// Hits that are looked at.
pub(crate) const EVIDENCE: usize = 5;
/// Entries of the dense list that the best one is compared with.
const RIVALS: usize = 20;
/// Below this cosine a question is about something else.
const FOREIGN: f64 = 0.3;
/// Names of a question that are looked at: a pasted text has hundreds.
const LOOKED_AT: usize = 32;
/// Names beyond this many say nothing more.
const MANY: usize = 3;

/// What is known of an answer, each number the larger the more of it there is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Signals {
    /// Codes of the question (with digits, or of several parts) that no passage of the library has.
    pub absent_codes: f64,
    /// Names of the question that no passage has.
    pub absent_names: f64,
    /// Names and codes that the library has but none of the first hits.
    pub missing_names: f64,
    /// How far the best cosine is below what related texts have.
    pub foreign: f64,
    /// The best cosine.
    pub cosine: f64,
    /// How far the best cosine is above those behind it.
    pub margin: f64,
    /// The share of the question's words, by rarity, in the best of the first hits.
    pub coverage: f64,
    /// The share of the question's words, by rarity, that the library does not know.
    pub unknown: f64,
    /// The logarithm of the number of the question's words.
    pub length: f64,
}

/// The model.
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
/// Below this probability the library is taken to hold no answer; 3.5 % of the answerable questions of the fit are.
pub(crate) const THRESHOLD: f64 = 0.142;

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

    /// The signals as a row.
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

    /// The probability that the library holds an answer.
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

/// What a question's words say about the library.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    words: Vec<QuestionWord>,
    cosines: Vec<f64>,
    passages: u64,
}

impl Evidence {
    /// Taken from the lists; nothing where one of them is missing.
    pub(crate) fn of(lists: &Candidates, passages: u64) -> Option<Self> {
        let (dense, _) = (lists.dense.as_ref()?, lists.keyword.as_ref()?);
        let cosines = dense
            .iter()
            .take(RIVALS)
            .map(|candidate| f64::from(candidate.score))
            .collect();

        Some(Self {
            words: lists.words.clone(),
            cosines,
            passages,
        })
    }

    /// The signals of the first hits, and what is missing.
    pub(crate) fn weigh(
        &self,
        question: &str,
        reading: &Reading,
        hits: &[Hit],
    ) -> (Signals, Vec<String>) {
        let hits = &hits[..hits.len().min(EVIDENCE)];
        let texts: Vec<HashSet<String>> = hits.iter().map(stems).collect();
        let own: Vec<&QuestionWord> = self
            .words
            .iter()
            .filter(|word| is_plain(&word.word))
            .collect();

        let all: f64 = own.iter().map(|word| self.rarity(word)).sum();
        let share = |picked: &dyn Fn(&QuestionWord) -> bool| {
            let picked: f64 = own
                .iter()
                .filter(|word| picked(word))
                .map(|word| self.rarity(word))
                .sum();
            // An empty sum is -0.
            if picked > 0.0 { picked / all } else { 0.0 }
        };

        let is_known =
            |word: &QuestionWord| reading.known_words.contains(&word.word.to_lowercase());
        let has = |text: &HashSet<String>, word: &QuestionWord| {
            let word = word.taken_for.as_deref().unwrap_or(&word.word);
            terms::stem(word).is_none_or(|stem| text.contains(&stem))
        };

        let coverage = texts
            .iter()
            .map(|text| share(&|word| is_known(word) || has(text, word)));
        let (mut absent, mut missing, mut codes) = (Vec::new(), 0, 0);
        let counts: HashMap<String, u64> = self
            .words
            .iter()
            .map(|word| (word.word.to_lowercase(), word.chunks))
            .collect();

        for name in names(question, &reading.known_words)
            .into_iter()
            .take(LOOKED_AT)
        {
            if is_absent(&name, &counts) {
                codes += usize::from(
                    name.parts.len() > 1 || name.text.contains(|c: char| c.is_ascii_digit()),
                );
                absent.push(name.text);
            } else if !texts
                .iter()
                .any(|text| name.parts.iter().all(|part| stands_in(text, part)))
            {
                missing += 1;
            }
        }

        let best = self.cosines.first().copied().unwrap_or(0.0);
        let behind = self.cosines.get(1..).unwrap_or_default();
        let rivals = if behind.is_empty() {
            best
        } else {
            behind.iter().sum::<f64>() / behind.len() as f64
        };

        let signals = Signals {
            absent_codes: codes.min(MANY) as f64,
            absent_names: (absent.len() - codes).min(MANY) as f64,
            missing_names: missing.min(MANY) as f64,
            foreign: (FOREIGN - best).max(0.0),
            cosine: best,
            margin: best - rivals,
            coverage: coverage.fold(0.0, f64::max),
            unknown: share(&|word| word.chunks == 0 && !is_known(word)),
            length: (1.0 + own.len() as f64).ln(),
        };

        (signals, absent)
    }

    fn rarity(&self, word: &QuestionWord) -> f64 {
        let (all, with) = (self.passages as f64, word.chunks as f64);
        ((all - with + 0.5) / (with + 0.5) + 1.0).ln()
    }
}

/// Whether no passage has the name: neither one of its parts nor, where it is of several, the whole. `counts` says how
/// many passages have each word of the question.
fn is_absent(name: &Name, counts: &HashMap<String, u64>) -> bool {
    let unknown = |text: &str| counts.get(&text.to_lowercase()) == Some(&0);
    name.parts.iter().any(|part| unknown(part))
        || (name.parts.len() > 1 && unknown(&mcdewey_core::joined(&name.parts)))
}

/// Not the whole of a compound name, whose parts stand beside it.
fn is_plain(word: &str) -> bool {
    terms::words(word).count() == 1 && !mcdewey_core::is_joined(word)
}

fn stands_in(text: &HashSet<String>, part: &str) -> bool {
    terms::stem(part).is_none_or(|stem| text.contains(&stem))
}

fn stems(hit: &Hit) -> HashSet<String> {
    let mut stems = terms::content_stems(&mcdewey_core::keyword_form(&hit.text));
    for heading in &hit.headings {
        stems.extend(terms::content_stems(heading));
    }
    stems
}

/// Names that are repeated to the asker, and how much of each.
const REPEATED: (usize, usize) = (4, 40);

/// Releases that are listed, the newest ones.
const LISTED: usize = 8;

/// A name on one line, its beginning where it is long.
fn short(name: &str) -> String {
    mcdewey_core::visible_line(name)
        .chars()
        .take(REPEATED.1)
        .collect()
}

/// What to say when the library holds no answer; nothing when it probably does.
pub(crate) fn no_answer(
    reading: &Reading,
    probability: f64,
    absent: Vec<String>,
) -> Option<NoAnswer> {
    if let Some(release) = reading.absent_releases.first() {
        let older = release.known.len().saturating_sub(LISTED);
        let mut known = release.known[older..]
            .iter()
            .map(|label| short(label))
            .collect::<Vec<_>>()
            .join(", ");

        if older > 0 {
            known.push_str(&format!(" and {older} older"));
        }

        let (product, asked) = (short(&release.product), short(&release.asked));
        let message = format!("no {product} {asked} in this library: {known}");
        let missing = reading
            .absent_releases
            .iter()
            .map(|one| format!("{} {}", one.product, one.asked))
            .collect();

        return Some(NoAnswer { message, missing });
    }

    if probability >= THRESHOLD {
        return None;
    }

    let absent: Vec<String> = absent
        .iter()
        .take(REPEATED.0)
        .map(|name| short(name))
        .collect();

    let message = if absent.is_empty() {
        "this library probably holds no answer".to_owned()
    } else {
        format!(
            "this library probably holds no answer: nothing in it mentions {}",
            absent.join(", ")
        )
    };

    Some(NoAnswer {
        message,
        missing: absent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::aliases;
    use crate::search::releases::AbsentRelease;
    use crate::search::testing::{candidate, view};

    /// A library of 100 passages that knows these words, and one hit with this text.
    fn signals(
        question: &str,
        known: &[(&str, u64)],
        cosines: &[f32],
        text: &str,
    ) -> (Signals, Vec<String>) {
        let words = terms::words(&mcdewey_core::keyword_form(question))
            .filter(|(word, _)| terms::stem(word).is_some())
            .map(|(word, _)| {
                let passages = known
                    .iter()
                    .find(|(name, _)| word.eq_ignore_ascii_case(name))
                    .map_or(0, |known| known.1);

                QuestionWord {
                    word: word.to_owned(),
                    chunks: passages,
                    taken_for: None,
                }
            })
            .collect();

        let dense = cosines
            .iter()
            .enumerate()
            .map(|(place, score)| candidate(&format!("a::{place}"), *score))
            .collect();

        let lists = Candidates {
            dense: Some(dense),
            keyword: Some(Vec::new()),
            words,
            ..Candidates::default()
        };

        let hit = Hit {
            text: text.to_owned(),
            ..Hit::default()
        };

        Evidence::of(&lists, 100).unwrap().weigh(
            question,
            &aliases::read(question, &view()),
            &[hit],
        )
    }

    #[test]
    fn names_that_nothing_has_are_absent() {
        let (found, absent) = signals(
            "CCX error SEND_DTMF",
            &[("error", 9), ("send", 3)],
            &[0.6],
            "an error",
        );

        assert_eq!(
            (found.absent_codes, absent),
            (1.0, vec!["SEND_DTMF".to_owned()])
        );

        let (found, absent) = signals(
            "CCX error 88012",
            &[("error", 9), ("88012", 1)],
            &[0.6],
            "an error",
        );

        assert_eq!(
            (found.absent_codes, found.missing_names, absent),
            (0.0, 1.0, Vec::new())
        );

        let (found, _) = signals(
            "CCX error 88012",
            &[("error", 9), ("88012", 1)],
            &[0.6],
            "error 88012",
        );

        assert_eq!(found.missing_names, 0.0);
    }

    #[test]
    fn a_known_whole_made_of_known_parts_may_still_be_absent() {
        let known = [("tune", 2), ("bufsize", 1)];
        assert_eq!(
            signals("tune.bufsize", &known, &[0.6], "").1,
            ["tune.bufsize"]
        );
    }

    #[test]
    fn nearness_is_measured_against_what_is_behind() {
        let (found, _) = signals("gardens", &[], &[0.2, 0.1, 0.1], "agents");
        assert!(
            (found.foreign - 0.1).abs() < 1e-6 && (found.margin - 0.1).abs() < 1e-6,
            "{found:?}"
        );
        assert_eq!((found.unknown, found.coverage), (1.0, 0.0));
        let (near, _) = signals("agents", &[("agents", 5)], &[0.9], "agent");
        assert_eq!((near.foreign, near.coverage, near.unknown), (0.0, 1.0, 0.0));
        assert!(near.probability() > found.probability());
    }

    #[test]
    fn what_is_missing_is_named_shortly() {
        let absent = vec!["x".repeat(1000); 9];
        let none = no_answer(&Reading::default(), 0.0, absent).unwrap();
        assert!(
            none.message.len() < 300 && none.missing.len() == 4,
            "{none:?}"
        );
        assert_eq!(
            no_answer(&Reading::default(), 1.0, vec!["x".to_owned()]),
            None
        );
        let known = (1..=20).map(|number| format!("v{number}")).collect();

        let release = AbsentRelease {
            product: "P".to_owned(),
            asked: "99".to_owned(),
            known,
        };

        let reading = Reading {
            absent_releases: vec![release],
            ..Reading::default()
        };
        let none = no_answer(&reading, 1.0, Vec::new()).unwrap();
        assert_eq!(
            none.message,
            "no P 99 in this library: v13, v14, v15, v16, v17, v18, v19, v20 and 12 older"
        );
    }
}
