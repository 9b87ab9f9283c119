//! Floors that a measurement must hold. A gate that cannot fail guards nothing: what was not measured has failed too.

use serde::Deserialize;

use crate::{Metric, Report};

/// The bounds of a file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "GateFile")]
pub struct Gate {
    bounds: Vec<Bound>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GateFile {
    #[serde(default)]
    floor: Vec<Bound>,
}

/// What a figure of a set in a mode must reach, or, where low is good, must not exceed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bound {
    set: String,
    mode: String,
    metric: Metric,
    at_least: Option<f64>,
    at_most: Option<f64>,
}

impl TryFrom<GateFile> for Gate {
    type Error = String;

    fn try_from(file: GateFile) -> Result<Self, String> {
        if file.floor.is_empty() {
            return Err("there is no [[floor]] in it".to_owned());
        }

        for bound in &file.floor {
            let numbers: Vec<f64> = bound.at_least.into_iter().chain(bound.at_most).collect();
            if numbers.is_empty() || numbers.iter().any(|number| !number.is_finite()) {
                return Err(format!(
                    "{} needs a number for `at_least` or `at_most`",
                    bound.name()
                ));
            }
        }

        Ok(Self { bounds: file.floor })
    }
}

impl Gate {
    /// What a report breaks, each with the figure; nothing when it holds.
    pub fn broken(&self, report: &Report) -> Vec<String> {
        self.bounds
            .iter()
            .flat_map(|bound| bound.broken(report))
            .collect()
    }
}

impl Bound {
    fn name(&self) -> String {
        format!("{} {} {}", self.set, self.mode, self.metric)
    }

    fn broken(&self, report: &Report) -> Vec<String> {
        let rows = report
            .rows
            .iter()
            .filter(|row| row.set == self.set && row.mode == self.mode);

        let values: Vec<f64> = rows
            .filter_map(|row| row.metrics.get(&self.metric).copied())
            .collect();

        if values.is_empty() {
            return vec![format!("{} was not measured", self.name())];
        }

        values
            .into_iter()
            .filter_map(|value| self.complaint(value))
            .collect()
    }

    fn complaint(&self, value: f64) -> Option<String> {
        let low = self
            .at_least
            .filter(|floor| value < *floor)
            .map(|floor| format!("below the floor {floor}"));

        let high = || {
            self.at_most
                .filter(|most| value > *most)
                .map(|most| format!("above the ceiling {most}"))
        };

        Some(format!(
            "{} is {value:.4}, {}",
            self.name(),
            low.or_else(high)?
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{QuestionScore, Row, Scores};

    fn gate(floors: &Value) -> Result<Gate, String> {
        serde_json::from_value(json!({ "floor": floors })).map_err(|error| error.to_string())
    }

    fn report() -> Report {
        let values = [(Metric::PageHit1, 0.75), (Metric::VersionLeak, 0.125)]
            .into_iter()
            .collect();

        let questions = vec![QuestionScore {
            id: "a".to_owned(),
            kind: None,
            failed: false,
            values,
        }];

        Report {
            rows: vec![Row::new(
                "own",
                "hybrid",
                &Scores {
                    questions,
                    latency: None,
                },
            )],
        }
    }

    fn bound(mode: &str, metric: &str, side: &str, number: f64) -> Value {
        json!([{"set": "own", "mode": mode, "metric": metric, side: number}])
    }

    #[test]
    fn a_figure_may_stand_on_its_bound() {
        assert!(
            gate(&bound("hybrid", "page-hit@1", "at_least", 0.75))
                .unwrap()
                .broken(&report())
                .is_empty()
        );
        assert!(
            gate(&bound("hybrid", "version-leak", "at_most", 0.125))
                .unwrap()
                .broken(&report())
                .is_empty()
        );
    }

    #[test]
    fn what_is_broken_is_named_with_its_figure() {
        let broken = |floors: &Value| gate(floors).unwrap().broken(&report());
        assert_eq!(
            broken(&bound("hybrid", "page-hit@1", "at_least", 0.76)),
            ["own hybrid page-hit@1 is 0.7500, below the floor 0.76"]
        );
        assert_eq!(
            broken(&bound("hybrid", "version-leak", "at_most", 0.0)),
            ["own hybrid version-leak is 0.1250, above the ceiling 0"]
        );
    }

    #[test]
    fn what_was_not_measured_has_failed() {
        for (mode, metric) in [("dense", "page-hit@1"), ("hybrid", "ndcg@10")] {
            let broken = gate(&bound(mode, metric, "at_least", 0.0))
                .unwrap()
                .broken(&report());
            assert_eq!(broken, [format!("own {mode} {metric} was not measured")]);
        }
    }

    #[test]
    fn a_gate_that_cannot_fail_is_refused() {
        let fails = |floors: &Value, expected: &str| {
            let error = gate(floors).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        fails(&json!([]), "there is no [[floor]]");
        fails(
            &json!([{"set": "own", "mode": "hybrid", "metric": "ndcg@10"}]),
            "own hybrid ndcg@10 needs a number",
        );

        fails(
            &bound("hybrid", "ndcg@11", "at_least", 0.5),
            "no metric is called \"ndcg@11\"",
        );

        fails(
            &bound("hybrid", "ndcg@10", "atleast", 0.5),
            "unknown field `atleast`",
        );
    }
}
