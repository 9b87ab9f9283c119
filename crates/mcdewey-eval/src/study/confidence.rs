//! Refits the confidence model and reports how well the built-in and the refitted model tell
//! answerable from unanswerable questions.

use std::fmt::Write;

use mcdewey_search::Signals;

use super::SetMeasurements;
use crate::{LogisticRegression, Outcome, Run, Split, TrainingExample};

/// How much the library's judgments count compared with a test set: they are about manuals, the
/// test sets are not.
const JUDGMENTS_WEIGHT: f64 = 6.0;

/// The share of the answerable calibration questions of any set that may be declined.
const MAX_WRONGLY_DECLINED: f64 = 0.035;

/// A question as an example for the confidence model.
#[derive(Clone)]
pub(super) struct ConfidenceExample {
    signals: Vec<f64>,
    answerable: bool,
    /// Whether the model is fitted to it, rather than measured on it.
    calibration: bool,
    /// Whether the search declined it with the built-in model.
    declined: bool,
}

/// The examples of a set that has answerable and unanswerable questions, or of all files of
/// judgments together.
struct ExamplePool {
    name: String,
    examples: Vec<ConfidenceExample>,
    /// How much the pool counts in the fit.
    weight: f64,
}

/// A refitted model.
struct Refit {
    model: LogisticRegression,
    /// Questions with a lower probability are declined.
    threshold: f64,
}

/// Returns the questions of a run for which signals were recorded.
pub(super) fn examples(run: &Run<'_>) -> Vec<ConfidenceExample> {
    run.outcomes
        .iter()
        .enumerate()
        .filter_map(|(index, outcome)| example(index, outcome))
        .collect()
}

fn example(index: usize, outcome: &Outcome<'_>) -> Option<ConfidenceExample> {
    let answer = outcome.result.as_ref().ok()?;
    if answer.signals.is_empty() {
        return None;
    }

    // A set without splits is calibrated on every other question.
    let calibration = match outcome.question.split {
        Some(split) => split == Split::Calibration,
        None => index.is_multiple_of(2),
    };

    Some(ConfidenceExample {
        signals: answer.signals.clone(),
        answerable: outcome.question.has_answer(),
        calibration,
        declined: answer.declined,
    })
}

/// Refits the model and renders how both models do on the questions that were not fitted to.
pub(super) fn report(sets: &[SetMeasurements]) -> String {
    let pools = pool(sets);
    let mut out = String::from("\n### No answer\n\n");
    let Some(refit) = Refit::fit(&pools) else {
        out.push_str("No set has answerable and unanswerable questions.\n");
        return out;
    };

    out.push_str(
        "| set (questions not used in the fit) | unanswerable declined | answerable declined \
         | refitted model: unanswerable declined | refitted model: answerable declined |\n\
         |---|---|---|---|---|\n",
    );
    for pool in &pools {
        let built_in = |example: &ConfidenceExample| example.declined;
        let refitted = |example: &ConfidenceExample| refit.declines(example);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            pool.name,
            pool.share_declined(false, built_in),
            pool.share_declined(true, built_in),
            pool.share_declined(false, refitted),
            pool.share_declined(true, refitted)
        );
    }

    out.push_str("\nRefitted weights by signal:");
    for (name, weight) in Signals::NAMES.iter().zip(&refit.model.weights) {
        let _ = write!(out, " {name} {weight:.2},");
    }

    let _ = writeln!(
        out,
        " bias {:.2}; threshold {:.3}.",
        refit.model.bias, refit.threshold
    );
    out
}

/// Pools the examples: sets with both kinds of questions stay apart; the others, which are files of
/// judgments with only one kind, form one pool.
fn pool(sets: &[SetMeasurements]) -> Vec<ExamplePool> {
    let (complete, partial): (Vec<&SetMeasurements>, Vec<&SetMeasurements>) = sets
        .iter()
        .partition(|set| has_both_kinds(&set.confidence_examples));

    let mut pools: Vec<ExamplePool> = complete
        .into_iter()
        .map(|set| ExamplePool {
            name: set.name.clone(),
            examples: set.confidence_examples.clone(),
            weight: 1.0,
        })
        .collect();

    let names: Vec<&str> = partial.iter().map(|set| set.name.as_str()).collect();
    let examples: Vec<ConfidenceExample> = partial
        .iter()
        .flat_map(|set| set.confidence_examples.iter().cloned())
        .collect();
    if has_both_kinds(&examples) {
        pools.push(ExamplePool {
            name: names.join(" + "),
            examples,
            weight: JUDGMENTS_WEIGHT,
        });
    }

    pools
}

fn has_both_kinds(examples: &[ConfidenceExample]) -> bool {
    examples.iter().any(|example| example.answerable)
        && examples.iter().any(|example| !example.answerable)
}

impl Refit {
    /// Returns `None` without examples of both kinds.
    fn fit(pools: &[ExamplePool]) -> Option<Self> {
        let examples: Vec<TrainingExample> = pools
            .iter()
            .flat_map(ExamplePool::training_examples)
            .collect();
        let model = LogisticRegression::fit(&examples)?;

        // The lowest threshold of any pool, so that no pool exceeds the share.
        let threshold = pools
            .iter()
            .map(|pool| pool.threshold(&model))
            .fold(1.0, f64::min);

        Some(Self { model, threshold })
    }

    fn declines(&self, example: &ConfidenceExample) -> bool {
        self.model.probability(&example.signals) < self.threshold
    }
}

impl ExamplePool {
    fn select(
        &self,
        answerable: bool,
        calibration: bool,
    ) -> impl Iterator<Item = &ConfidenceExample> {
        self.examples.iter().filter(move |example| {
            example.answerable == answerable && example.calibration == calibration
        })
    }

    /// Returns the calibration questions, weighted so that both kinds count the same however many
    /// questions they have.
    fn training_examples(&self) -> Vec<TrainingExample> {
        let mut examples = Vec::new();
        for answerable in [true, false] {
            let count = self.select(answerable, true).count();
            let weight = self.weight / count.max(1) as f64;
            examples.extend(
                self.select(answerable, true)
                    .map(|example| TrainingExample {
                        signals: example.signals.clone(),
                        label: answerable,
                        weight,
                    }),
            );
        }

        examples
    }

    /// Returns the probability below which [`MAX_WRONGLY_DECLINED`] of the answerable calibration
    /// questions are.
    fn threshold(&self, model: &LogisticRegression) -> f64 {
        let mut probabilities: Vec<f64> = self
            .select(true, true)
            .map(|example| model.probability(&example.signals))
            .collect();
        probabilities.sort_by(f64::total_cmp);

        probabilities
            .get((probabilities.len() as f64 * MAX_WRONGLY_DECLINED) as usize)
            .copied()
            .unwrap_or(0.0)
    }

    /// Renders the share of the questions not used in the fit that are declined.
    fn share_declined(
        &self,
        answerable: bool,
        declined: impl Fn(&ConfidenceExample) -> bool,
    ) -> String {
        let total = self.select(answerable, false).count();
        let count = self
            .select(answerable, false)
            .filter(|example| declined(example))
            .count();

        format!(
            "{:.3} ({count} of {total})",
            count as f64 / total.max(1) as f64
        )
    }
}
