//! Asks a search function the questions of a set, sequentially, and records the answers and how
//! long they took.

use std::future::Future;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{Answer, Question};

/// The outcomes of all questions of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Run<'a> {
    /// One for each question, in the order of the questions.
    pub outcomes: Vec<Outcome<'a>>,
}

/// The outcome of one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<'a> {
    pub question: &'a Question,
    /// The answer, or why the search failed.
    pub result: Result<Answer, String>,
    /// How long the search took.
    pub latency: Duration,
}

/// Nearest-rank percentiles of the latency, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// Asks all questions sequentially, so that each latency is that of a single client.
///
/// `search` is timed. `read` converts its response into the answer that is scored; it is not timed,
/// so it may do extra work such as counting tokens or locating chunks. Hits come best first; for
/// `recall@20` of documents that are split into chunks there must be more than 20. A failure is
/// recorded with its question and never ends the run.
pub async fn run<'a, T, Search, SearchFuture, Read, ReadFuture>(
    questions: &'a [Question],
    search: Search,
    read: Read,
) -> Run<'a>
where
    Search: Fn(&'a Question) -> SearchFuture,
    SearchFuture: Future<Output = Result<T, String>>,
    Read: Fn(T) -> ReadFuture,
    ReadFuture: Future<Output = Result<Answer, String>>,
{
    let mut outcomes = Vec::with_capacity(questions.len());
    for question in questions {
        let started = Instant::now();
        let response = search(question).await;
        let latency = started.elapsed();

        let result = match response {
            Ok(response) => read(response).await,
            Err(reason) => Err(reason),
        };

        outcomes.push(Outcome {
            question,
            result,
            latency,
        });
    }

    Run { outcomes }
}

impl Run<'_> {
    /// Returns the questions that failed, each with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&Question, &str)> {
        self.outcomes
            .iter()
            .filter_map(|outcome| Some((outcome.question, outcome.result.as_ref().err()?.as_str())))
    }

    /// Returns the latency of the answered questions; `None` if there are none.
    pub fn latency(&self) -> Option<Latency> {
        let mut times: Vec<f64> = self
            .outcomes
            .iter()
            .filter(|outcome| outcome.result.is_ok())
            .map(|outcome| outcome.latency.as_secs_f64() * 1000.0)
            .collect();
        times.sort_unstable_by(f64::total_cmp);

        Some(Latency {
            p50: percentile(&times, 50)?,
            p95: percentile(&times, 95)?,
            p99: percentile(&times, 99)?,
        })
    }
}

/// Returns the smallest of the sorted values that at least `percent` per cent of them do not
/// exceed.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::HashMap;

    use super::*;
    use crate::question::GroundTruth;
    use crate::{QuestionFilter, RankedHit};

    fn question(id: &str) -> Question {
        Question {
            id: id.to_owned(),
            text: format!("what is {id}"),
            kind: None,
            filter: QuestionFilter::default(),
            release: None,
            split: None,
            ground_truth: GroundTruth::Documents(HashMap::new()),
        }
    }

    #[tokio::test]
    async fn a_failure_is_recorded_and_the_run_continues() {
        let questions = [question("a"), question("b"), question("c")];
        let search = |question: &Question| {
            let response = if question.id == "b" {
                Err("no answer".to_owned())
            } else {
                Ok(question.text.clone())
            };
            std::future::ready(response)
        };

        let run = run(&questions, search, read).await;
        let failures: Vec<(&str, &str)> = run
            .failures()
            .map(|(question, reason)| (question.id.as_str(), reason))
            .collect();
        assert_eq!(failures, [("b", "no answer")]);
        assert_eq!(
            run.outcomes[2].result.as_ref().unwrap().hits[0].document,
            "what is c"
        );
        assert!(run.latency().is_some());
    }

    #[tokio::test]
    async fn reading_the_response_is_not_timed() {
        let questions = [question("a")];
        let before = Instant::now();
        let until_read = Cell::new(Duration::ZERO);
        let slow_read = |text: String| {
            let started = Instant::now();
            let elapsed = started - before;
            until_read.set(elapsed);
            async move {
                // Takes longer than everything before it: were it timed, the latency would show it.
                while started.elapsed() <= elapsed {
                    tokio::task::yield_now().await;
                }
                read(text).await
            }
        };

        let run = run(
            &questions,
            |question| std::future::ready(Ok(question.text.clone())),
            slow_read,
        )
        .await;

        let latency = run.outcomes[0].latency;
        assert!(
            latency <= until_read.get(),
            "{latency:?}, the search took at most {:?}",
            until_read.get()
        );
    }

    async fn read(document: String) -> Result<Answer, String> {
        Ok(Answer {
            hits: vec![RankedHit::document(document)],
            ..Answer::default()
        })
    }

    #[test]
    fn latency_percentiles_cover_answered_questions_only() {
        let question = question("a");
        let outcome = |millis, answered: bool| Outcome {
            question: &question,
            result: if answered {
                Ok(Answer::default())
            } else {
                Err("failed".to_owned())
            },
            latency: Duration::from_millis(millis),
        };

        let mut outcomes: Vec<Outcome<'_>> = (1..=100)
            .rev()
            .map(|millis| outcome(millis, true))
            .collect();
        outcomes.push(outcome(5000, false));

        let latency = Run { outcomes }.latency().unwrap();
        assert_eq!([latency.p50, latency.p95, latency.p99], [50.0, 95.0, 99.0]);

        let single = Run {
            outcomes: vec![outcome(7, true)],
        }
        .latency()
        .unwrap();
        assert_eq!([single.p50, single.p95, single.p99], [7.0; 3]);

        let failed = Run {
            outcomes: vec![outcome(7, false)],
        };
        assert_eq!(failed.latency(), None);
    }
}
