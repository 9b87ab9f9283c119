//! Asking a set's questions of a search function, one after another, and keeping what came back and how long it took.

use std::future::Future;
use std::time::{Duration, Instant};

use mcdewey_core::ContentHash;
use serde::{Deserialize, Serialize};

use crate::Question;

/// One hit, with what is needed to judge it. Several hits may be passages of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranked {
    /// The document: a source, or the `_id` of a test set's document.
    pub document: String,
    /// Its product.
    pub product: Option<String>,
    /// Its release or releases, as the document writes them.
    pub version: Option<String>,
    /// The physical page; `None` in a document without pages.
    pub page: Option<u32>,
    /// The section's slug, in a document without pages.
    pub section: Option<String>,
    /// The headings above the passage, the nearest one last.
    pub headings: Vec<String>,
    /// The hash of the normalised passage.
    pub passage_hash: Option<ContentHash>,
}

impl Ranked {
    /// A hit of which only the document is known.
    pub fn document(id: impl Into<String>) -> Self {
        Self { document: id.into(), ..Self::default() }
    }
}

/// What became of every question of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Run<'a> {
    /// One for each question, in their order.
    pub outcomes: Vec<Outcome<'a>>,
}

/// What became of one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<'a> {
    /// The question.
    pub question: &'a Question,
    /// The hits, best first, or why there are none.
    pub result: Result<Vec<Ranked>, String>,
    /// How long the search took.
    pub latency: Duration,
}

/// Nearest-rank percentiles, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of the answers came at least as fast.
    pub p50: f64,
    /// 95 of 100 did.
    pub p95: f64,
    /// 99 of 100 did.
    pub p99: f64,
}

/// Asks all questions, each after the answer to the one before, so that a latency is that of one asker alone.
///
/// The search returns passages or documents, best first; for `recall@20` of documents cut into passages it must return
/// more than 20. A failure is kept beside its question and never ends the run.
pub async fn run<'a, F, Fut>(questions: &'a [Question], search: F) -> Run<'a>
where
    F: Fn(&'a Question) -> Fut,
    Fut: Future<Output = Result<Vec<Ranked>, String>>,
{
    let mut outcomes = Vec::with_capacity(questions.len());
    for question in questions {
        let asked = Instant::now();
        let result = search(question).await;
        outcomes.push(Outcome { question, result, latency: asked.elapsed() });
    }
    Run { outcomes }
}

impl Run<'_> {
    /// The questions that failed, each with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&Question, &str)> {
        self.outcomes.iter().filter_map(|outcome| Some((outcome.question, outcome.result.as_ref().err()?.as_str())))
    }

    /// How long the questions took that were answered; `None` when none was.
    pub fn latency(&self) -> Option<Latency> {
        let answered = self.outcomes.iter().filter(|outcome| outcome.result.is_ok());
        let mut times: Vec<f64> = answered.map(|outcome| outcome.latency.as_secs_f64() * 1000.0).collect();
        times.sort_unstable_by(f64::total_cmp);
        let percentile = |share| percentile(&times, share);
        Some(Latency { p50: percentile(50)?, p95: percentile(95)?, p99: percentile(99)? })
    }
}

/// The smallest of the sorted values that at least `percent` of 100 do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::QuestionFilter;
    use crate::question::Truth;

    fn question(id: &str) -> Question {
        Question {
            id: id.to_owned(),
            text: format!("what is {id}"),
            kind: None,
            filter: QuestionFilter::default(),
            truth: Truth::Documents(HashMap::new()),
        }
    }

    #[tokio::test]
    async fn a_failure_is_kept_and_the_run_goes_on() {
        let questions = [question("a"), question("b"), question("c")];
        let refused = "b".to_owned();
        let refused = &refused;
        let run = run(&questions, |question| async move {
            if question.id == *refused {
                Err("no answer".to_owned())
            } else {
                Ok(vec![Ranked::document(&question.text)])
            }
        })
        .await;
        let failures: Vec<(&str, &str)> = run.failures().map(|(question, why)| (question.id.as_str(), why)).collect();
        assert_eq!(failures, [("b", "no answer")]);
        assert_eq!(run.outcomes[2].result.as_ref().unwrap()[0].document, "what is c");
        assert!(run.latency().is_some());
    }

    #[test]
    fn latencies_are_nearest_ranks_of_the_answered() {
        let asked = question("a");
        let outcome = |millis, answered: bool| Outcome {
            question: &asked,
            result: if answered { Ok(Vec::new()) } else { Err("refused".to_owned()) },
            latency: Duration::from_millis(millis),
        };
        let mut outcomes: Vec<Outcome<'_>> = (1..=100).rev().map(|millis| outcome(millis, true)).collect();
        outcomes.push(outcome(5000, false));
        let latency = Run { outcomes }.latency().unwrap();
        assert_eq!([latency.p50, latency.p95, latency.p99], [50.0, 95.0, 99.0]);
        let single = Run { outcomes: vec![outcome(7, true)] }.latency().unwrap();
        assert_eq!([single.p50, single.p95, single.p99], [7.0; 3]);
        assert_eq!(Run { outcomes: vec![outcome(7, false)] }.latency(), None);
    }
}
