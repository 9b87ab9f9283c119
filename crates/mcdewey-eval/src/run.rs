//! Asking a set's questions of a search function, one after another, and keeping what came back and how long it took.

use std::future::Future;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{Answer, Question};

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
    /// The answer, or why there is none.
    pub result: Result<Answer, String>,
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
/// `search` is what is timed. `read` makes of its answer what is judged, untimed, so that looking closer (counting
/// tokens, finding out where a passage stands) costs the search nothing. Passages or documents come best first; for
/// `recall@20` of documents cut into passages there must be more than 20. A failure is kept beside its question and
/// never ends the run.
pub async fn run<'a, T, Search, Searched, Read, Reading>(
    questions: &'a [Question],
    search: Search,
    read: Read,
) -> Run<'a>
where
    Search: Fn(&'a Question) -> Searched,
    Searched: Future<Output = Result<T, String>>,
    Read: Fn(T) -> Reading,
    Reading: Future<Output = Result<Answer, String>>,
{
    let mut outcomes = Vec::with_capacity(questions.len());
    for question in questions {
        let asked = Instant::now();
        let found = search(question).await;
        let latency = asked.elapsed();

        let result = match found {
            Ok(found) => read(found).await,
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
    /// The questions that failed, each with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&Question, &str)> {
        self.outcomes
            .iter()
            .filter_map(|outcome| Some((outcome.question, outcome.result.as_ref().err()?.as_str())))
    }

    /// How long the questions took that were answered; `None` when none was.
    pub fn latency(&self) -> Option<Latency> {
        let answered = self
            .outcomes
            .iter()
            .filter(|outcome| outcome.result.is_ok());

        let mut times: Vec<f64> = answered
            .map(|outcome| outcome.latency.as_secs_f64() * 1000.0)
            .collect();
        times.sort_unstable_by(f64::total_cmp);
        let percentile = |share| percentile(&times, share);

        Some(Latency {
            p50: percentile(50)?,
            p95: percentile(95)?,
            p99: percentile(99)?,
        })
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
    use crate::question::Truth;
    use crate::{QuestionFilter, Ranked};

    fn question(id: &str) -> Question {
        Question {
            id: id.to_owned(),
            text: format!("what is {id}"),
            kind: None,
            filter: QuestionFilter::default(),
            split: None,
            truth: Truth::Documents(HashMap::new()),
        }
    }

    #[tokio::test]
    async fn a_failure_is_kept_and_the_run_goes_on() {
        let questions = [question("a"), question("b"), question("c")];
        let refused = "b";
        let search = |question: &Question| {
            let text = question.text.clone();
            let refused = question.id == refused;
            async move {
                if refused {
                    Err("no answer".to_owned())
                } else {
                    Ok(text)
                }
            }
        };

        let run = run(&questions, search, read).await;
        let failures: Vec<(&str, &str)> = run
            .failures()
            .map(|(question, why)| (question.id.as_str(), why))
            .collect();
        assert_eq!(failures, [("b", "no answer")]);
        assert_eq!(
            run.outcomes[2].result.as_ref().unwrap().hits[0].document,
            "what is c"
        );
        assert!(run.latency().is_some());
    }

    #[tokio::test]
    async fn reading_an_answer_is_not_timed() {
        let questions = [question("a")];
        let slow = |text: String| async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            read(text).await
        };

        let run = run(
            &questions,
            |question| std::future::ready(Ok(question.text.clone())),
            slow,
        )
        .await;

        assert!(
            run.outcomes[0].latency < Duration::from_millis(100),
            "{:?}",
            run.outcomes[0].latency
        );
    }

    async fn read(document: String) -> Result<Answer, String> {
        Ok(Answer {
            hits: vec![Ranked::document(document)],
            ..Answer::default()
        })
    }

    #[test]
    fn latencies_are_nearest_ranks_of_the_answered() {
        let asked = question("a");
        let outcome = |millis, answered: bool| Outcome {
            question: &asked,
            result: if answered {
                Ok(Answer::default())
            } else {
                Err("refused".to_owned())
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
        assert_eq!(
            Run {
                outcomes: vec![outcome(7, false)]
            }
            .latency(),
            None
        );
    }
}
