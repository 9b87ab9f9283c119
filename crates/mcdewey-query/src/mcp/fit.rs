//! Fills a response up to its token budget. Steps are added in order of value while their estimated
//! cost fits; then the response is measured as it is sent, and steps are dropped until it really
//! fits.

use mcdewey_search::QueryError;
use rmcp::model::CallToolResult;

use super::budget::TokenCounter;
use super::envelope::MESSAGE_OVERHEAD_TOKENS;

/// Tokens that suffice for the first words of any text, both in the structured content and in the
/// readable text.
const FIRST_WORDS_TOKENS: usize = 64;

/// An optional part of a response.
#[derive(Debug, Clone)]
pub(super) struct Step<S> {
    /// The part it adds.
    pub(super) what: S,
    /// Its estimated cost in tokens.
    pub(super) cost: usize,
    /// Whether later steps are pointless without it.
    pub(super) leads: bool,
}

/// A response within its budget.
#[derive(Debug)]
pub(super) struct Fitted<S> {
    pub(super) result: CallToolResult,
    /// The parts it includes, in order.
    pub(super) included: Vec<S>,
}

impl TokenCounter {
    /// Returns the fullest response within `budget`. `render` renders the response with the given
    /// parts. `steps` is consumed only as far as steps may fit.
    ///
    /// # Errors
    ///
    /// `InvalidRequest` if not even the response without any part fits.
    pub(super) fn fit<S: Clone>(
        &self,
        budget: usize,
        steps: impl IntoIterator<Item = Result<Step<S>, QueryError>>,
        render: impl Fn(&[S]) -> Result<CallToolResult, QueryError>,
    ) -> Result<Fitted<S>, QueryError> {
        let empty = render(&[])?;
        let base = self.count_result(&empty)? + MESSAGE_OVERHEAD_TOKENS;
        if base > budget {
            return Err(too_small(budget, base));
        }

        let mut steps = affordable(steps, budget - base)?;
        while !steps.is_empty() {
            let included: Vec<S> = steps.iter().map(|step| step.what.clone()).collect();
            let result = render(&included)?;
            let measured = self.count_result(&result)? + MESSAGE_OVERHEAD_TOKENS;
            if measured <= budget {
                return Ok(Fitted { result, included });
            }
            drop_last(&mut steps, measured - budget);
        }

        Ok(Fitted {
            result: empty,
            included: Vec::new(),
        })
    }

    /// Returns the response with the longest prefix of `text` that fits, and the prefix's length in
    /// bytes.
    ///
    /// # Errors
    ///
    /// `InvalidRequest` if not even the first word fits.
    pub(super) fn fit_text(
        &self,
        budget: usize,
        text: &str,
        render: impl Fn(&str) -> Result<CallToolResult, QueryError>,
    ) -> Result<(CallToolResult, usize), QueryError> {
        let mut limit = self.count(text)?.min(budget);
        loop {
            let shown = self.truncate(text, limit)?;
            let result = render(shown)?;

            let measured = self.count_result(&result)? + MESSAGE_OVERHEAD_TOKENS;
            if measured <= budget && !shown.is_empty() {
                return Ok((result, shown.len()));
            }

            if shown.is_empty() {
                return Err(too_small(budget, measured));
            }

            // Each token of the text may occur twice in the response: structured and readable.
            limit = self
                .count(shown)?
                .saturating_sub(1.max((measured - budget) / 2));
        }
    }

    /// Returns the number of tokens of `text` as a JSON string.
    pub(super) fn escaped(&self, text: &str) -> Result<usize, QueryError> {
        self.json(&text)
    }

    /// Returns the number of tokens of `value` as JSON.
    pub(super) fn json<T: serde::Serialize>(&self, value: &T) -> Result<usize, QueryError> {
        let json = serde_json::to_string(value)
            .map_err(|error| QueryError::Internal(error.to_string()))?;
        Ok(self.count(&json)?)
    }
}

/// The error for a budget that is too small; `minimum` is the cost of the response without any
/// text.
fn too_small(budget: usize, minimum: usize) -> QueryError {
    let enough = minimum + FIRST_WORDS_TOKENS;
    QueryError::InvalidRequest(format!(
        "token_budget {budget} is too small for this response; use at least {enough}"
    ))
}

/// Returns the steps whose estimated cost fits into `remaining` tokens.
fn affordable<S>(
    steps: impl IntoIterator<Item = Result<Step<S>, QueryError>>,
    mut remaining: usize,
) -> Result<Vec<Step<S>>, QueryError> {
    let mut kept = Vec::new();
    for step in steps {
        let step = step?;
        if step.cost <= remaining {
            remaining -= step.cost;
            kept.push(step);
        } else if step.leads {
            break;
        }
    }

    Ok(kept)
}

/// Drops the last steps that together cost at least `excess` tokens, at least one step.
fn drop_last<S>(steps: &mut Vec<Step<S>>, excess: usize) {
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
    use crate::ServedLibrary;

    fn counter() -> TokenCounter {
        TokenCounter::new(&ServedLibrary::new(
            mcdewey_search::Library::new(
                Arc::new(MemoryIndex::new()),
                Arc::new(FakeEmbed::new(&[])),
            ),
            "",
        ))
    }

    fn words(parts: &[usize]) -> Result<CallToolResult, QueryError> {
        let words: usize = parts.iter().sum();
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
    fn steps_are_added_while_they_fit() {
        let counter = counter();
        let base = counter.count_result(&words(&[]).unwrap()).unwrap() + MESSAGE_OVERHEAD_TOKENS;
        let steps = [step(10, true), step(50, false), step(5, false)];

        let included = |budget| {
            counter
                .fit(budget, steps.clone().map(Ok), words)
                .unwrap()
                .included
        };

        assert_eq!(included(base + 65), [10, 50, 5]);
        assert_eq!(included(base + 20), [10, 5]);
        assert_eq!(included(base + 9), [0; 0]);
        assert!(matches!(
            counter.fit(base - 1, steps.clone().map(Ok), words),
            Err(QueryError::InvalidRequest(_))
        ));
    }

    #[test]
    fn text_is_truncated_to_what_fits() {
        let counter = counter();
        let render =
            |shown: &str| envelope::answer(&serde_json::json!({ "text": shown }), shown.to_owned());
        let base = counter.count_result(&render("").unwrap()).unwrap() + MESSAGE_OVERHEAD_TOKENS;
        let text = "one two three four five six seven eight";
        let (_, all) = counter.fit_text(base + 16, text, render).unwrap();
        assert_eq!(&text[..all], text);
        let (result, some) = counter.fit_text(base + 8, text, render).unwrap();
        assert_eq!(&text[..some], "one two three four");
        assert!(counter.count_result(&result).unwrap() + MESSAGE_OVERHEAD_TOKENS <= base + 8);
        assert!(matches!(
            counter.fit_text(base, text, render),
            Err(QueryError::InvalidRequest(_))
        ));
    }

    #[test]
    fn steps_that_cost_more_than_estimated_are_dropped() {
        let counter = counter();
        let base = counter.count_result(&words(&[]).unwrap()).unwrap() + MESSAGE_OVERHEAD_TOKENS;
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
        assert_eq!(fitted.included, [10]);
        assert!(
            counter.count_result(&fitted.result).unwrap() + MESSAGE_OVERHEAD_TOKENS <= base + 55
        );
    }
}
