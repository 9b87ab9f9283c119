//! Bounds that a report must satisfy. A gate must be able to fail: a metric that was not measured
//! violates its bound, and a bound without a number is an error.

use serde::Deserialize;

use crate::{Metric, Report};

/// The bounds of a gate file.
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

/// The lowest or, where low is good, the highest allowed value of a metric of a set in a mode.
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
            return Err("no [[floor]] entries found".to_owned());
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
    /// Describes each bound that the report violates, with the measured value.
    pub fn violations(&self, report: &Report) -> Vec<String> {
        self.bounds
            .iter()
            .flat_map(|bound| bound.violations(report))
            .collect()
    }
}

impl Bound {
    fn name(&self) -> String {
        format!("{} {} {}", self.set, self.mode, self.metric)
    }

    fn violations(&self, report: &Report) -> Vec<String> {
        let values: Vec<f64> = report
            .rows
            .iter()
            .filter(|row| row.set == self.set && row.mode == self.mode)
            .filter_map(|row| row.metrics.get(&self.metric).copied())
            .collect();

        if values.is_empty() {
            return vec![format!("{} was not measured", self.name())];
        }

        values
            .into_iter()
            .filter_map(|value| self.violation(value))
            .collect()
    }

    fn violation(&self, value: f64) -> Option<String> {
        let reason = match (self.at_least, self.at_most) {
            (Some(floor), _) if value < floor => format!("below the floor {floor}"),
            (_, Some(ceiling)) if value > ceiling => format!("above the ceiling {ceiling}"),
            _ => return None,
        };

        Some(format!("{} is {value:.4}, {reason}", self.name()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{QuestionScore, ReportRow, Scores};

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
            rows: vec![ReportRow::new(
                "own",
                "hybrid",
                &Scores {
                    questions,
                    latency: None,
                },
            )],
        }
    }

    fn bound(mode: &str, metric: &str, limit: &str, number: f64) -> Value {
        json!([{"set": "own", "mode": mode, "metric": metric, limit: number}])
    }

    #[test]
    fn a_value_equal_to_its_bound_passes() {
        let floor = bound("hybrid", "page-hit@1", "at_least", 0.75);
        assert_eq!(violations_of(&floor), [""; 0]);

        let ceiling = bound("hybrid", "version-leak", "at_most", 0.125);
        assert_eq!(violations_of(&ceiling), [""; 0]);
    }

    fn violations_of(floors: &Value) -> Vec<String> {
        gate(floors).unwrap().violations(&report())
    }

    #[test]
    fn a_violation_names_the_metric_and_its_value() {
        assert_eq!(
            violations_of(&bound("hybrid", "page-hit@1", "at_least", 0.76)),
            ["own hybrid page-hit@1 is 0.7500, below the floor 0.76"]
        );
        assert_eq!(
            violations_of(&bound("hybrid", "version-leak", "at_most", 0.0)),
            ["own hybrid version-leak is 0.1250, above the ceiling 0"]
        );
    }

    #[test]
    fn a_metric_that_was_not_measured_fails() {
        for (mode, metric) in [("dense", "page-hit@1"), ("hybrid", "ndcg@10")] {
            assert_eq!(
                violations_of(&bound(mode, metric, "at_least", 0.0)),
                [format!("own {mode} {metric} was not measured")]
            );
        }
    }

    fn assert_error(floors: &Value, expected: &str) {
        let error = gate(floors).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_gate_that_cannot_fail_is_rejected() {
        assert_error(&json!([]), "no [[floor]] entries found");
        assert_error(
            &json!([{"set": "own", "mode": "hybrid", "metric": "ndcg@10"}]),
            "own hybrid ndcg@10 needs a number",
        );
        assert_error(
            &bound("hybrid", "ndcg@11", "at_least", 0.5),
            "unknown metric \"ndcg@11\"",
        );
        assert_error(
            &bound("hybrid", "ndcg@10", "atleast", 0.5),
            "unknown field `atleast`",
        );
    }
}
