//! From a run to figures for every question.
//!
//! In every set a hit counts for its document. A library's own judgments are judged by page too; places that are
//! equally right are one answer, found as soon as one of them is, because collapsed passages never show them all.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use mcdewey_core::{LibraryDescription, VersionSelector};
use serde::{Deserialize, Serialize};

use crate::metrics::ratio;
use crate::question::Truth;
use crate::significance::average;
use crate::{EvalError, Latency, Outcome, Place, Question, Ranked, Ranking, Run};

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
    /// Whether one of the first 5 hits does.
    PageHit5,
    /// One over the rank of the first hit on a right page, 0 behind the tenth.
    PageMrr10,
    /// With a version filter: the share of another release's hits among the first 10.
    VersionLeak,
    /// How many different passages the first 10 hits are.
    DistinctPassages10,
}

impl Metric {
    /// All figures, in the order of a report.
    pub const ALL: [Self; 11] = [
        Self::Ndcg10,
        Self::Recall5,
        Self::Recall10,
        Self::Recall20,
        Self::Mrr10,
        Self::Hit1,
        Self::PageHit1,
        Self::PageHit5,
        Self::PageMrr10,
        Self::VersionLeak,
        Self::DistinctPassages10,
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
            Self::PageHit5 => "page-hit@5",
            Self::PageMrr10 => "page-mrr@10",
            Self::VersionLeak => "version-leak",
            Self::DistinctPassages10 => "distinct-passages@10",
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
        let questions = run.outcomes.iter().map(|outcome| score(outcome, library)).collect::<Result<_, _>>()?;
        Ok(Self { questions, latency: run.latency() })
    }

    /// The mean over the questions that the figure applies to; `None` when it applies to none.
    pub fn mean(&self, metric: Metric) -> Option<f64> {
        let values = self.values(metric);
        if values.is_empty() { None } else { Some(average(&values)) }
    }

    /// The figure of every question it applies to.
    pub fn values(&self, metric: Metric) -> Vec<f64> {
        self.questions.iter().filter_map(|question| question.values.get(&metric).copied()).collect()
    }

    /// The figure here and in another run, for each question that has it in both: what [`crate::Resampling`] compares.
    pub fn pairs(&self, other: &Self, metric: Metric) -> Vec<(f64, f64)> {
        let theirs: HashMap<&str, &QuestionScore> =
            other.questions.iter().map(|question| (question.id.as_str(), question)).collect();
        let pair = |ours: &QuestionScore| {
            let theirs = theirs.get(ours.id.as_str())?;
            Some((*ours.values.get(&metric)?, *theirs.values.get(&metric)?))
        };
        self.questions.iter().filter_map(pair).collect()
    }
}

fn score(outcome: &Outcome<'_>, library: &LibraryDescription) -> Result<QuestionScore, EvalError> {
    let question = outcome.question;
    let hits = outcome.result.as_deref().unwrap_or_default();
    let mut values = ranking_values(&documents(question, hits));
    if let Truth::Places(places) = &question.truth {
        values.extend(page_values(places, hits));
    }
    if outcome.result.is_ok() {
        let shown = &hits[..hits.len().min(SHOWN)];
        if let Some(wanted) = &question.filter.version {
            values.insert(Metric::VersionLeak, version_leak(wanted, shown, library)?);
        }
        values.extend(distinct_passages(shown).map(|count| (Metric::DistinctPassages10, count)));
    }
    Ok(QuestionScore { id: question.id.clone(), kind: question.kind.clone(), failed: outcome.result.is_err(), values })
}

/// The ranking by document; of a question with places, the right documents together are one.
fn documents(question: &Question, hits: &[Ranked]) -> Ranking {
    match &question.truth {
        Truth::Documents(grades) => {
            let grades = grades.iter().map(|(id, grade)| (id.as_str(), *grade)).collect();
            Ranking::new(hits.iter().map(|hit| hit.document.as_str()), &grades)
        }
        Truth::Places(places) => {
            let right = |hit: &Ranked| places.iter().any(|place| place.source.as_str() == hit.document);
            let unit = |hit| if right(hit) { None } else { Some(hit.document.as_str()) };
            Ranking::new(hits.iter().map(unit), &HashMap::from([(None, 1)]))
        }
    }
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
fn page_values(places: &[Place], hits: &[Ranked]) -> [(Metric, f64); 3] {
    let right = |hit: &Ranked| places.iter().any(|place| place.holds(hit));
    let rank = hits.iter().position(right).map(|place| place + 1);
    let within = |k| if rank.is_some_and(|rank| rank <= k) { 1.0 } else { 0.0 };
    [
        (Metric::PageHit1, within(1)),
        (Metric::PageHit5, within(5)),
        (Metric::PageMrr10, rank.filter(|rank| *rank <= 10).map_or(0.0, |rank| ratio(1, rank))),
    ]
}

/// A hit without a release is not a leak: it claims none.
fn version_leak(wanted: &str, shown: &[Ranked], library: &LibraryDescription) -> Result<f64, EvalError> {
    let mut leaked = 0;
    for hit in shown {
        if let Some(label) = &hit.version {
            let scheme = library.scheme(hit.product.as_deref())?;
            let releases = scheme.versions(label)?;
            if VersionSelector::parse(wanted, &scheme)?.select(&releases).is_empty() {
                leaked += 1;
            }
        }
    }
    Ok(ratio(leaked, shown.len()))
}

/// `None` when a hit does not tell which passage it is.
fn distinct_passages(shown: &[Ranked]) -> Option<f64> {
    let hashes: HashSet<_> = shown.iter().map(|hit| hit.passage_hash).collect::<Option<_>>()?;
    Some(hashes.len() as f64)
}

#[cfg(test)]
mod tests;
