//! As much of an answer as the budget holds: steps are taken in order of worth while their estimated cost fits, then
//! the answer is measured as it is sent, and steps are taken back until the measure fits too.

use rmcp::model::CallToolResult;

use super::budget::Counter;
use super::envelope::RESERVE;
use crate::QueryError;

/// Tokens that hold the first words of any text, in both places where they may stand.
const A_FEW_WORDS: usize = 64;

/// Something that makes an answer longer.
#[derive(Debug, Clone)]
pub(super) struct Step<S> {
    /// What it adds.
    pub(super) what: S,
    /// By about how many tokens.
    pub(super) cost: usize,
    /// Whether later steps make no sense without it.
    pub(super) leads: bool,
}

/// An answer within its budget.
#[derive(Debug)]
pub(super) struct Fitted<S> {
    pub(super) result: CallToolResult,
    /// The steps that were taken, in order.
    pub(super) taken: Vec<S>,
}

impl Counter {
    /// The fullest answer within `budget`; `render` makes the answer of some steps. Steps are looked at only as far as
    /// they can matter. Refused when not even the answer without any step fits.
    pub(super) fn fit<S: Clone>(
        &self,
        budget: usize,
        steps: impl IntoIterator<Item = Result<Step<S>, QueryError>>,
        render: impl Fn(&[S]) -> Result<CallToolResult, QueryError>,
    ) -> Result<Fitted<S>, QueryError> {
        let bare = render(&[])?;
        let base = self.result(&bare)? + RESERVE;
        if base > budget {
            return Err(too_small(budget, base));
        }

        let mut steps = affordable(steps, budget - base)?;
        while !steps.is_empty() {
            let taken: Vec<S> = steps.iter().map(|step| step.what.clone()).collect();
            let result = render(&taken)?;
            let measured = self.result(&result)? + RESERVE;
            if measured <= budget {
                return Ok(Fitted { result, taken });
            }
            take_back(&mut steps, measured - budget);
        }

        Ok(Fitted {
            result: bare,
            taken: Vec::new(),
        })
    }

    /// The answer with the longest beginning of `text` that fits, and how many bytes of it that is. Refused when not
    /// even the first words fit.
    pub(super) fn fit_text(
        &self,
        budget: usize,
        text: &str,
        render: impl Fn(&str) -> Result<CallToolResult, QueryError>,
    ) -> Result<(CallToolResult, usize), QueryError> {
        let mut limit = self.count(text)?.min(budget);
        loop {
            let shown = self.beginning(text, limit)?;
            let result = render(shown)?;

            let measured = self.result(&result)? + RESERVE;
            if measured <= budget && !shown.is_empty() {
                return Ok((result, shown.len()));
            }

            if shown.is_empty() {
                return Err(too_small(budget, measured));
            }

            // Each token of the text may stand in the answer twice.
            limit = self
                .count(shown)?
                .saturating_sub(1.max((measured - budget) / 2));
        }
    }

    /// How many tokens `text` has as a JSON string.
    pub(super) fn escaped(&self, text: &str) -> Result<usize, QueryError> {
        self.json(&text)
    }

    /// How many tokens a value has as JSON.
    pub(super) fn json<T: serde::Serialize>(&self, value: &T) -> Result<usize, QueryError> {
        let json = serde_json::to_string(value)
            .map_err(|error| QueryError::Internal(error.to_string()))?;
        Ok(self.count(&json)?)
    }
}

/// The refusal when a budget has no room for more than `bare` tokens without any text.
fn too_small(budget: usize, bare: usize) -> QueryError {
    let enough = bare + A_FEW_WORDS;
    QueryError::InvalidRequest(format!(
        "token_budget {budget} is too small for this answer; ask with at least {enough}"
    ))
}

fn affordable<S>(
    steps: impl IntoIterator<Item = Result<Step<S>, QueryError>>,
    mut room: usize,
) -> Result<Vec<Step<S>>, QueryError> {
    let mut taken = Vec::new();
    for step in steps {
        let step = step?;
        if step.cost <= room {
            room -= step.cost;
            taken.push(step);
        } else if step.leads {
            break;
        }
    }

    Ok(taken)
}

/// Takes back the last steps that together cost `excess`, at least one.
fn take_back<S>(steps: &mut Vec<Step<S>>, excess: usize) {
    let mut saved = 0;
    while saved < excess.max(1) {
        match steps.pop() {
            Some(step) => saved += step.cost.max(1),
            None => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcdewey_core::testing::{FakeEmbed, MemoryIndex};

    use super::super::envelope;
    use super::*;
    use crate::Library;

    fn counter() -> Counter {
        Counter::new(&Library::new(
            Arc::new(MemoryIndex::new()),
            Arc::new(FakeEmbed::new(&[])),
            "",
        ))
    }

    fn words(taken: &[usize]) -> Result<CallToolResult, QueryError> {
        let words: usize = taken.iter().sum();
        envelope::answer(&serde_json::json!({}), "word ".repeat(words))
    }

    fn step(cost: usize, leads: bool) -> Step<usize> {
        Step {
            what: cost,
            cost,
            leads,
        }
    }

    #[test]
    fn steps_are_taken_while_they_fit() {
        let counter = counter();
        let base = counter.result(&words(&[]).unwrap()).unwrap() + RESERVE;
        let steps = [step(10, true), step(50, false), step(5, false)];

        let taken = |budget| {
            counter
                .fit(budget, steps.clone().map(Ok), words)
                .unwrap()
                .taken
        };

        assert_eq!(taken(base + 65), [10, 50, 5]);
        assert_eq!(taken(base + 20), [10, 5]);
        assert_eq!(taken(base + 9), [0; 0]);
        assert!(matches!(
            counter.fit(base - 1, steps.clone().map(Ok), words),
            Err(QueryError::InvalidRequest(_))
        ));
    }

    #[test]
    fn a_text_is_cut_to_what_fits() {
        let counter = counter();
        let render =
            |shown: &str| envelope::answer(&serde_json::json!({ "text": shown }), shown.to_owned());
        let base = counter.result(&render("").unwrap()).unwrap() + RESERVE;
        let text = "one two three four five six seven eight";
        let (_, all) = counter.fit_text(base + 16, text, render).unwrap();
        assert_eq!(&text[..all], text);
        let (result, some) = counter.fit_text(base + 8, text, render).unwrap();
        assert_eq!(&text[..some], "one two three four");
        assert!(counter.result(&result).unwrap() + RESERVE <= base + 8);
        assert!(matches!(
            counter.fit_text(base, text, render),
            Err(QueryError::InvalidRequest(_))
        ));
    }

    #[test]
    fn what_costs_more_than_was_thought_is_taken_back() {
        let counter = counter();
        let base = counter.result(&words(&[]).unwrap()).unwrap() + RESERVE;
        let steps = [
            Step {
                what: 10,
                cost: 10,
                leads: true,
            },
            Step {
                what: 50,
                cost: 40,
                leads: false,
            },
        ];

        let fitted = counter.fit(base + 55, steps.map(Ok), words).unwrap();
        assert_eq!(fitted.taken, [10]);
        assert!(counter.result(&fitted.result).unwrap() + RESERVE <= base + 55);
    }
}
