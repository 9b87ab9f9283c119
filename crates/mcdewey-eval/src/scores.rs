//! Scores every question of a run.
//!
//! In every set, a hit counts for its document. A library's own judgments are scored by page as
//! well, or by whether a hit shows the words that answer; their alternative locations are one
//! answer, found as soon as one of them is, because collapsed chunks never show all of them. Where
//! the answer is a set of spans, the characters of the hits are compared with it. An unanswerable
//! question has no ranking to score; what counts is whether the search declined it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use mcdewey_core::{LibraryDescription, VersionSelector};

use crate::character_spans::CharacterSpans;
use crate::question::GroundTruth;
use crate::ranking::ratio;
use crate::significance::average;
use crate::{
    Answer, EvalError, Latency, Location, Metric, Outcome, Question, RankedHit, Ranking, Run,
};

/// The scores of a run, question by question.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// One for each question, in the order of the questions.
    pub questions: Vec<QuestionScore>,
    /// `None` if no question was answered.
    pub latency: Option<Latency>,
}

/// The scores of one question.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionScore {
    /// The question's id.
    pub id: String,
    /// The question's kind, if the set names kinds.
    pub kind: Option<String>,
    /// Whether the search failed; it then scores 0 in every metric where 0 is bad.
    pub failed: bool,
    /// The values of the metrics that apply.
    pub values: BTreeMap<Metric, f64>,
}

/// The number of top hits that are checked for version leaks and repeated chunks.
const TOP_HITS: usize = 10;

/// The number of top hits whose characters are compared with the answer's spans.
const SPAN_HITS: usize = 5;

impl Scores {
    /// Scores a run. `library` describes how products write their versions (the default is right
    /// for test sets).
    pub fn from_run(run: &Run<'_>, library: &LibraryDescription) -> Result<Self, EvalError> {
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

    /// Returns the mean over the questions that the metric applies to; `None` if there are none.
    pub fn mean(&self, metric: Metric) -> Option<f64> {
        let values = self.values(metric);
        if values.is_empty() {
            None
        } else {
            Some(average(&values))
        }
    }

    /// Returns the value of every question that the metric applies to.
    pub fn values(&self, metric: Metric) -> Vec<f64> {
        self.questions
            .iter()
            .filter_map(|question| question.values.get(&metric).copied())
            .collect()
    }

    /// Returns the values of this and another run for each question that has the metric in both:
    /// the pairs that [`crate::Resampling`] compares.
    pub fn paired_values(&self, other: &Self, metric: Metric) -> Vec<(f64, f64)> {
        let theirs: HashMap<&str, &QuestionScore> = other
            .questions
            .iter()
            .map(|question| (question.id.as_str(), question))
            .collect();

        self.questions
            .iter()
            .filter_map(|ours| {
                let theirs = theirs.get(ours.id.as_str())?;
                Some((*ours.values.get(&metric)?, *theirs.values.get(&metric)?))
            })
            .collect()
    }
}

fn score(outcome: &Outcome<'_>, library: &LibraryDescription) -> Result<QuestionScore, EvalError> {
    let question = outcome.question;
    let hits = outcome
        .result
        .as_ref()
        .map_or(&[][..], |answer| &answer.hits);

    let mut values = hit_values(&question.ground_truth, hits);
    match &outcome.result {
        Ok(answer) => values.extend(answer_values(question, answer, library)?),
        Err(_) if !question.has_answer() => values.extend([(Metric::Declined, 0.0)]),
        Err(_) => {}
    }

    Ok(QuestionScore {
        id: question.id.clone(),
        kind: question.kind.clone(),
        failed: outcome.result.is_err(),
        values,
    })
}

/// Scores the hits against the ground truth; an unanswerable question has no such scores.
fn hit_values(ground_truth: &GroundTruth, hits: &[RankedHit]) -> BTreeMap<Metric, f64> {
    match ground_truth {
        GroundTruth::Documents(grades) => ranking_values(&document_ranking(grades, hits)),
        GroundTruth::Locations(locations) => {
            let mut values = ranking_values(&location_ranking(locations, hits));
            if locations.iter().any(Location::is_evidence) {
                values.extend(evidence_values(locations, hits));
            } else {
                values.extend(page_values(locations, hits));
            }
            values
        }
        GroundTruth::Spans(spans) => span_values(spans, hits),
        GroundTruth::Unanswerable => BTreeMap::new(),
    }
}

/// Scores what does not depend on which hits are relevant.
fn answer_values(
    question: &Question,
    answer: &Answer,
    library: &LibraryDescription,
) -> Result<BTreeMap<Metric, f64>, EvalError> {
    let top_hits = &answer.hits[..answer.hits.len().min(TOP_HITS)];
    let declined = if question.has_answer() {
        Metric::WronglyDeclined
    } else {
        Metric::Declined
    };

    let mut values = BTreeMap::from([(declined, f64::from(u8::from(answer.declined)))]);
    if let Some(confidence) = answer.confidence {
        values.insert(Metric::Confidence, confidence);
    }
    if let Some(tokens) = answer.tokens {
        values.insert(Metric::Tokens, tokens as f64);
    }
    if let Some(wanted) = &question.filter.version {
        values.insert(
            Metric::VersionLeak,
            version_leak(wanted, top_hits, library)?,
        );
    }
    if let (Some(wanted), Some(first)) = (&question.release, top_hits.first()) {
        let first = std::slice::from_ref(first);
        values.insert(Metric::WrongRelease1, version_leak(wanted, first, library)?);
    }
    if let Some(count) = distinct_chunks(top_hits) {
        values.insert(Metric::DistinctChunks10, count);
    }

    Ok(values)
}

fn document_ranking(grades: &HashMap<String, u32>, hits: &[RankedHit]) -> Ranking {
    let grades = grades
        .iter()
        .map(|(id, grade)| (id.as_str(), *grade))
        .collect();

    Ranking::new(hits.iter().map(|hit| hit.document.as_str()), &grades)
}

/// Ranks by document, with the documents of all correct locations merged into one, `None`.
fn location_ranking(locations: &[Location], hits: &[RankedHit]) -> Ranking {
    let documents = hits.iter().map(|hit| {
        let is_relevant = locations
            .iter()
            .any(|location| location.source.as_str() == hit.document);
        (!is_relevant).then_some(hit.document.as_str())
    });

    Ranking::new(documents, &HashMap::from([(None, 1)]))
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

/// Counts hits as displayed: two chunks of the same wrong page are two wrong hits.
fn page_values(locations: &[Location], hits: &[RankedHit]) -> [(Metric, f64); 5] {
    let rank = first_rank(locations, hits.iter());
    [
        (Metric::PageHit1, found_within(rank, 1)),
        (Metric::PageHit3, found_within(rank, 3)),
        (Metric::PageHit5, found_within(rank, 5)),
        (Metric::PageHit10, found_within(rank, 10)),
        (Metric::PageMrr10, reciprocal_rank(rank)),
    ]
}

/// Counts only hits that are shown: a further document that has the same chunk takes no rank.
fn evidence_values(locations: &[Location], hits: &[RankedHit]) -> [(Metric, f64); 5] {
    let shown = hits.iter().filter(|hit| hit.words.is_some());
    let rank = first_rank(locations, shown);
    [
        (Metric::Evidence1, found_within(rank, 1)),
        (Metric::Evidence3, found_within(rank, 3)),
        (Metric::Evidence5, found_within(rank, 5)),
        (Metric::Evidence20, found_within(rank, 20)),
        (Metric::EvidenceMrr10, reciprocal_rank(rank)),
    ]
}

/// Returns the rank of the first hit at one of these locations, from 1.
fn first_rank<'a>(
    locations: &[Location],
    mut hits: impl Iterator<Item = &'a RankedHit>,
) -> Option<usize> {
    hits.position(|hit| locations.iter().any(|location| location.contains(hit)))
        .map(|index| index + 1)
}

fn reciprocal_rank(rank: Option<usize>) -> f64 {
    rank.filter(|rank| *rank <= 10)
        .map_or(0.0, |rank| ratio(1, rank))
}

fn found_within(rank: Option<usize>, k: usize) -> f64 {
    if rank.is_some_and(|rank| rank <= k) {
        1.0
    } else {
        0.0
    }
}

/// Scores by character. A span covered by several hits counts once; characters of hits in other
/// documents count against precision.
fn span_values(spans: &[(String, Range<usize>)], hits: &[RankedHit]) -> BTreeMap<Metric, f64> {
    let answer: CharacterSpans<'_> = spans
        .iter()
        .map(|(document, range)| (document.as_str(), range.clone()))
        .collect();

    let retrieved: CharacterSpans<'_> = hits
        .iter()
        .take(SPAN_HITS)
        .flat_map(|hit| {
            hit.ranges
                .iter()
                .map(|range| (hit.document.as_str(), range.clone()))
        })
        .collect();

    let (wanted, read) = (answer.character_count(), retrieved.character_count());
    let both = answer.overlap(&retrieved);

    BTreeMap::from([
        (Metric::SpanRecall5, ratio(both, wanted)),
        (Metric::SpanPrecision5, ratio(both, read)),
        (Metric::SpanIou5, ratio(both, wanted + read - both)),
    ])
}

/// Returns the share of hits of another version. A hit without a version is not a leak.
fn version_leak(
    wanted: &str,
    hits: &[RankedHit],
    library: &LibraryDescription,
) -> Result<f64, EvalError> {
    let mut leaked = 0;
    for hit in hits {
        if let Some(label) = &hit.version {
            let scheme = library.scheme(hit.product.as_deref())?;
            let versions = scheme.versions(label)?;
            if VersionSelector::parse(wanted, &scheme)?
                .select(&versions)
                .is_empty()
            {
                leaked += 1;
            }
        }
    }

    Ok(ratio(leaked, hits.len()))
}

/// Returns the number of different chunks; `None` if a hit has no hash.
fn distinct_chunks(hits: &[RankedHit]) -> Option<f64> {
    let hashes: HashSet<_> = hits
        .iter()
        .map(|hit| hit.passage_hash)
        .collect::<Option<_>>()?;

    Some(hashes.len() as f64)
}

#[cfg(test)]
mod tests;
