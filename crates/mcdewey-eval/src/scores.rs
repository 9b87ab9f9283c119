//! From a run to figures for every question.
//!
//! In every set a hit counts for its document. A library's own judgments are judged by page too; places that are
//! equally right are one answer, found as soon as one of them is, because collapsed passages never show them all. Where
//! the answer is stretches of text, the characters of the hits are what counts. A question without an answer has no
//! ranking to judge: what counts is whether the search said so.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::ops::Range;

use mcdewey_core::{LibraryDescription, VersionSelector};
use serde::{Deserialize, Serialize};

use crate::metrics::ratio;
use crate::question::Truth;
use crate::significance::average;
use crate::stretches::Stretches;
use crate::{Answer, EvalError, Latency, Outcome, Place, Question, Ranked, Ranking, Run};

/// A figure of a report; written by its [`Metric::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Metric {
    /// Normalised discounted cumulative gain of the first 10 documents.
    Ndcg10,
    /// Share of the relevant documents among the first 5.
    Recall5,
    /// … among the first 10.
    Recall10,
    /// … among the first 20.
    Recall20,
    /// One over the rank of the first relevant document, 0 behind the tenth.
    Mrr10,
    /// Whether the first document is relevant.
    Hit1,
    /// Whether the first hit stands on a right page.
    PageHit1,
    /// Whether one of the first 3 hits does.
    PageHit3,
    /// … of the first 5.
    PageHit5,
    /// … of the first 10.
    PageHit10,
    /// One over the rank of the first hit on a right page, 0 behind the tenth.
    PageMrr10,
    /// Share of the answer's characters that the first 5 hits hold.
    SpanRecall5,
    /// Share of the first 5 hits' characters that belong to the answer.
    SpanPrecision5,
    /// The characters in both the answer and the first 5 hits, as a share of those in either.
    SpanIou5,
    /// Of a question without an answer: whether the search said so.
    Declined,
    /// Of a question that has an answer: whether the search said that there is none; 0 is good.
    WronglyDeclined,
    /// How sure the search is that it holds an answer.
    Confidence,
    /// With a version filter: the share of another release's hits among the first 10.
    VersionLeak,
    /// How many different passages the first 10 hits are.
    DistinctPassages10,
    /// How many tokens an agent reads of the answer.
    Tokens,
}

impl Metric {
    /// All figures, in the order of a report.
    pub const ALL: [Self; 20] = [
        Self::Ndcg10,
        Self::Recall5,
        Self::Recall10,
        Self::Recall20,
        Self::Mrr10,
        Self::Hit1,
        Self::PageHit1,
        Self::PageHit3,
        Self::PageHit5,
        Self::PageHit10,
        Self::PageMrr10,
        Self::SpanRecall5,
        Self::SpanPrecision5,
        Self::SpanIou5,
        Self::Declined,
        Self::WronglyDeclined,
        Self::Confidence,
        Self::VersionLeak,
        Self::DistinctPassages10,
        Self::Tokens,
    ];

    /// The name in JSON and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ndcg10 => "ndcg@10",
            Self::Recall5 => "recall@5",
            Self::Recall10 => "recall@10",
            Self::Recall20 => "recall@20",
            Self::Mrr10 => "mrr@10",
            Self::Hit1 => "hit@1",
            Self::PageHit1 => "page-hit@1",
            Self::PageHit3 => "page-hit@3",
            Self::PageHit5 => "page-hit@5",
            Self::PageHit10 => "page-hit@10",
            Self::PageMrr10 => "page-mrr@10",
            Self::SpanRecall5 => "span-recall@5",
            Self::SpanPrecision5 => "span-precision@5",
            Self::SpanIou5 => "span-iou@5",
            Self::Declined => "declined",
            Self::WronglyDeclined => "wrongly-declined",
            Self::Confidence => "confidence",
            Self::VersionLeak => "version-leak",
            Self::DistinctPassages10 => "distinct-passages@10",
            Self::Tokens => "tokens",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Metric> for String {
    fn from(metric: Metric) -> Self {
        metric.name().to_owned()
    }
}

impl TryFrom<String> for Metric {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|metric| metric.name() == text)
            .ok_or_else(|| format!("no metric is called {text:?}"))
    }
}

/// The figures of a run, question by question.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// One for each question, in their order.
    pub questions: Vec<QuestionScore>,
    /// How long answers took; `None` when there was none.
    pub latency: Option<Latency>,
}

/// The figures of one question.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionScore {
    /// The question's id.
    pub id: String,
    /// Its kind, where the set has kinds.
    pub kind: Option<String>,
    /// Whether the search failed; it then scores 0 wherever 0 is bad.
    pub failed: bool,
    /// The figures that apply.
    pub values: BTreeMap<Metric, f64>,
}

/// How far down hits are looked at for leaks and repetitions.
const SHOWN: usize = 10;

impl Scores {
    /// Judges a run; `library` says how products write their releases (the default does for test sets).
    pub fn of(run: &Run<'_>, library: &LibraryDescription) -> Result<Self, EvalError> {
        let questions = run
            .outcomes
            .iter()
            .map(|outcome| score(outcome, library))
            .collect::<Result<_, _>>()?;

        Ok(Self {
            questions,
            latency: run.latency(),
        })
    }

    /// The mean over the questions that the figure applies to; `None` when it applies to none.
    pub fn mean(&self, metric: Metric) -> Option<f64> {
        let values = self.values(metric);
        if values.is_empty() {
            None
        } else {
            Some(average(&values))
        }
    }

    /// The figure of every question it applies to.
    pub fn values(&self, metric: Metric) -> Vec<f64> {
        self.questions
            .iter()
            .filter_map(|question| question.values.get(&metric).copied())
            .collect()
    }

    /// The figure here and in another run, for each question that has it in both: what [`crate::Resampling`] compares.
    pub fn pairs(&self, other: &Self, metric: Metric) -> Vec<(f64, f64)> {
        let theirs: HashMap<&str, &QuestionScore> = other
            .questions
            .iter()
            .map(|question| (question.id.as_str(), question))
            .collect();

        let pair = |ours: &QuestionScore| {
            let theirs = theirs.get(ours.id.as_str())?;
            Some((*ours.values.get(&metric)?, *theirs.values.get(&metric)?))
        };

        self.questions.iter().filter_map(pair).collect()
    }
}

fn score(outcome: &Outcome<'_>, library: &LibraryDescription) -> Result<QuestionScore, EvalError> {
    let question = outcome.question;
    let hits = outcome
        .result
        .as_ref()
        .map_or(&[][..], |answer| &answer.hits);

    let mut values = truth_values(&question.truth, hits);
    match &outcome.result {
        Ok(answer) => values.extend(answer_values(question, answer, library)?),
        Err(_) if question.truth == Truth::Nothing => values.extend([(Metric::Declined, 0.0)]),
        Err(_) => {}
    }

    Ok(QuestionScore {
        id: question.id.clone(),
        kind: question.kind.clone(),
        failed: outcome.result.is_err(),
        values,
    })
}

/// What the hits are worth; nothing where there is nothing to find.
fn truth_values(truth: &Truth, hits: &[Ranked]) -> BTreeMap<Metric, f64> {
    match truth {
        Truth::Documents(grades) => ranking_values(&documents(grades, hits)),
        Truth::Places(places) => {
            let mut values = ranking_values(&places_as_one(places, hits));
            values.extend(page_values(places, hits));
            values
        }
        Truth::Spans(spans) => span_values(spans, hits),
        Truth::Nothing => BTreeMap::new(),
    }
}

/// What an answer is worth whatever its hits are.
fn answer_values(
    question: &Question,
    answer: &Answer,
    library: &LibraryDescription,
) -> Result<BTreeMap<Metric, f64>, EvalError> {
    let shown = &answer.hits[..answer.hits.len().min(SHOWN)];
    let declined = if question.truth == Truth::Nothing {
        Metric::Declined
    } else {
        Metric::WronglyDeclined
    };

    let mut values = BTreeMap::from([(declined, f64::from(u8::from(answer.declined)))]);
    values.extend(
        answer
            .confidence
            .map(|confidence| (Metric::Confidence, confidence)),
    );

    values.extend(answer.tokens.map(|tokens| (Metric::Tokens, tokens as f64)));
    if let Some(wanted) = &question.filter.version {
        values.insert(Metric::VersionLeak, version_leak(wanted, shown, library)?);
    }

    values.extend(distinct_passages(shown).map(|count| (Metric::DistinctPassages10, count)));
    Ok(values)
}

/// The ranking by document.
fn documents(grades: &HashMap<String, u32>, hits: &[Ranked]) -> Ranking {
    let grades = grades
        .iter()
        .map(|(id, grade)| (id.as_str(), *grade))
        .collect();
    Ranking::new(hits.iter().map(|hit| hit.document.as_str()), &grades)
}

/// The ranking by document in which the right ones together are one.
fn places_as_one(places: &[Place], hits: &[Ranked]) -> Ranking {
    let right = |hit: &Ranked| {
        places
            .iter()
            .any(|place| place.source.as_str() == hit.document)
    };

    let unit = |hit| {
        if right(hit) {
            None
        } else {
            Some(hit.document.as_str())
        }
    };

    Ranking::new(hits.iter().map(unit), &HashMap::from([(None, 1)]))
}

fn ranking_values(ranking: &Ranking) -> BTreeMap<Metric, f64> {
    BTreeMap::from([
        (Metric::Ndcg10, ranking.ndcg(10)),
        (Metric::Recall5, ranking.recall(5)),
        (Metric::Recall10, ranking.recall(10)),
        (Metric::Recall20, ranking.recall(20)),
        (Metric::Mrr10, ranking.reciprocal_rank(10)),
        (Metric::Hit1, ranking.hit(1)),
    ])
}

/// By hit as shown: two passages of one wrong page are two wrong hits.
fn page_values(places: &[Place], hits: &[Ranked]) -> [(Metric, f64); 5] {
    let right = |hit: &Ranked| places.iter().any(|place| place.holds(hit));
    let rank = hits.iter().position(right).map(|place| place + 1);
    let within = |k| {
        if rank.is_some_and(|rank| rank <= k) {
            1.0
        } else {
            0.0
        }
    };

    [
        (Metric::PageHit1, within(1)),
        (Metric::PageHit3, within(3)),
        (Metric::PageHit5, within(5)),
        (Metric::PageHit10, within(10)),
        (
            Metric::PageMrr10,
            rank.filter(|rank| *rank <= 10)
                .map_or(0.0, |rank| ratio(1, rank)),
        ),
    ]
}

/// By character: a stretch that several hits hold counts once, and what hits of other documents hold is beside the
/// answer.
fn span_values(spans: &[(String, Range<usize>)], hits: &[Ranked]) -> BTreeMap<Metric, f64> {
    let wanted: Stretches<'_> = spans
        .iter()
        .map(|(document, range)| (document.as_str(), range.clone()))
        .collect();

    let read = hits.iter().take(5).flat_map(|hit| {
        hit.ranges
            .iter()
            .map(|range| (hit.document.as_str(), range.clone()))
    });

    let read: Stretches<'_> = read.collect();
    let both = wanted.shared(&read);
    BTreeMap::from([
        (Metric::SpanRecall5, ratio(both, wanted.length())),
        (Metric::SpanPrecision5, ratio(both, read.length())),
        (
            Metric::SpanIou5,
            ratio(both, wanted.length() + read.length() - both),
        ),
    ])
}

/// A hit without a release is not a leak: it claims none.
fn version_leak(
    wanted: &str,
    shown: &[Ranked],
    library: &LibraryDescription,
) -> Result<f64, EvalError> {
    let mut leaked = 0;
    for hit in shown {
        if let Some(label) = &hit.version {
            let scheme = library.scheme(hit.product.as_deref())?;
            let releases = scheme.versions(label)?;
            if VersionSelector::parse(wanted, &scheme)?
                .select(&releases)
                .is_empty()
            {
                leaked += 1;
            }
        }
    }

    Ok(ratio(leaked, shown.len()))
}

/// `None` when a hit does not tell which passage it is.
fn distinct_passages(shown: &[Ranked]) -> Option<f64> {
    let hashes: HashSet<_> = shown
        .iter()
        .map(|hit| hit.passage_hash)
        .collect::<Option<_>>()?;
    Some(hashes.len() as f64)
}

#[cfg(test)]
mod tests;
