//! Compares two reports: what a change did to the headline metrics, question by question.

use serde::Serialize;

use crate::report::HEADLINE_METRICS;
use crate::table::Table;
use crate::{Estimate, EvalError, Metric, Report, ReportRow, Resampling};

/// The differences between two reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// A row for each set, mode and headline metric that both reports have.
    pub rows: Vec<Difference>,
    /// The sets and modes that only one of the reports has.
    pub unmatched: Vec<String>,
}

/// How one metric of one set in one mode differs, over the questions that both reports asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub set: String,
    pub mode: String,
    pub metric: Metric,
    /// The number of questions that have the metric in both reports.
    pub questions: usize,
    /// The mean over these questions in the first report.
    pub before: f64,
    /// The mean over these questions in the second report.
    pub after: f64,
    /// The increase from the first to the second report, with its 95 % paired bootstrap interval.
    pub difference: Estimate,
    /// The p-value of the paired randomisation test: how likely a difference this large is by
    /// chance.
    pub p: f64,
    /// The number of questions with a higher value in the second report.
    pub better: usize,
    /// The number of questions with a lower value in the second report.
    pub worse: usize,
}

impl Comparison {
    /// Compares two reports. Fails if they have no measurements in common.
    pub fn between(before: &Report, after: &Report) -> Result<Self, EvalError> {
        let pairs: Vec<(&ReportRow, &ReportRow)> = before
            .rows
            .iter()
            .filter_map(|row| Some((row, matching_row(after, row)?)))
            .collect();

        if pairs.is_empty() {
            return Err(EvalError::Incomparable(format!(
                "the reports have no set and mode in common: the first has {}, the second has {}",
                row_names(before),
                row_names(after)
            )));
        }

        let rows: Vec<Difference> = pairs
            .iter()
            .flat_map(|(before, after)| {
                HEADLINE_METRICS
                    .into_iter()
                    .filter_map(|metric| Difference::between(before, after, metric))
            })
            .collect();

        if rows.is_empty() {
            return Err(EvalError::Incomparable(
                "no question has a headline metric in both reports; a report without \
                 per-question metrics must be measured again"
                    .to_owned(),
            ));
        }

        let removed = before
            .rows
            .iter()
            .filter(|row| matching_row(after, row).is_none())
            .map(|row| format!("{} (only before)", row_name(row)));

        let added = after
            .rows
            .iter()
            .filter(|row| matching_row(before, row).is_none())
            .map(|row| format!("{} (only after)", row_name(row)));

        Ok(Self {
            rows,
            unmatched: removed.chain(added).collect(),
        })
    }

    /// Renders the rows as an aligned table.
    pub fn table(&self) -> String {
        let headings = [
            "set",
            "mode",
            "metric",
            "questions",
            "before",
            "after",
            "change",
            "low",
            "high",
            "p",
            "better",
            "worse",
        ];

        let mut table = Table::new(&headings, 3);
        for row in &self.rows {
            let Estimate { mean, low, high } = row.difference;
            let mut cells = vec![
                row.set.clone(),
                row.mode.clone(),
                row.metric.to_string(),
                row.questions.to_string(),
            ];

            cells.extend([row.before, row.after].map(|value| format!("{value:.3}")));
            cells.extend([mean, low, high].map(|value| format!("{value:+.3}")));
            cells.push(format!("{:.4}", row.p));
            cells.extend([row.better, row.worse].map(|count| count.to_string()));
            table.push(cells);
        }

        table.to_string()
    }
}

impl Difference {
    /// Returns `None` if no question has the metric in both rows.
    fn between(before: &ReportRow, after: &ReportRow, metric: Metric) -> Option<Self> {
        let pairs = paired_values(before, after, metric);
        let (left, right): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let resampling = Resampling::default();

        Some(Self {
            set: before.set.clone(),
            mode: before.mode.clone(),
            metric,
            questions: pairs.len(),
            before: resampling.mean(&left)?.mean,
            after: resampling.mean(&right)?.mean,
            difference: resampling.difference(&pairs)?,
            p: resampling.p_value(&pairs),
            better: pairs
                .iter()
                .filter(|(before, after)| after > before)
                .count(),
            worse: pairs
                .iter()
                .filter(|(before, after)| after < before)
                .count(),
        })
    }
}

/// Returns the values of the metric for each question that has it in both rows.
fn paired_values(before: &ReportRow, after: &ReportRow, metric: Metric) -> Vec<(f64, f64)> {
    before
        .per_question
        .iter()
        .filter_map(|(id, values)| {
            let after_values = after.per_question.get(id)?;
            Some((*values.get(&metric)?, *after_values.get(&metric)?))
        })
        .collect()
}

/// Returns the row of the report for the same set and mode.
fn matching_row<'a>(report: &'a Report, row: &ReportRow) -> Option<&'a ReportRow> {
    report
        .rows
        .iter()
        .find(|candidate| candidate.set == row.set && candidate.mode == row.mode)
}

fn row_name(row: &ReportRow) -> String {
    format!("{} {}", row.set, row.mode)
}

fn row_names(report: &Report) -> String {
    if report.rows.is_empty() {
        return "none".to_owned();
    }

    report
        .rows
        .iter()
        .map(row_name)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{QuestionScore, Scores};

    fn row(set: &str, values: &[(&str, f64)]) -> ReportRow {
        let question = |(id, value): &(&str, f64)| QuestionScore {
            id: (*id).to_owned(),
            kind: None,
            failed: false,
            values: BTreeMap::from([(Metric::Ndcg10, *value), (Metric::Tokens, 1.0)]),
        };

        ReportRow::new(
            set,
            "hybrid",
            &Scores {
                questions: values.iter().map(question).collect(),
                latency: None,
            },
        )
    }

    fn report(rows: Vec<ReportRow>) -> Report {
        Report { rows }
    }

    #[test]
    fn questions_are_paired_and_the_difference_has_an_interval() {
        let before = report(vec![
            row("a", &[("x", 0.0), ("y", 0.5), ("z", 1.0), ("old", 0.0)]),
            row("b", &[("x", 1.0)]),
        ]);
        let after = report(vec![
            row("c", &[("x", 1.0)]),
            row("a", &[("z", 0.75), ("y", 1.0), ("x", 1.0), ("new", 0.0)]),
        ]);

        let found = Comparison::between(&before, &after).unwrap();
        assert_eq!(
            found.unmatched,
            ["b hybrid (only before)", "c hybrid (only after)"]
        );

        let [row] = found.rows.as_slice() else {
            panic!("{:?}", found.rows)
        };
        assert_eq!(
            (row.metric, row.questions, row.better, row.worse),
            (Metric::Ndcg10, 3, 2, 1)
        );
        assert_eq!((row.before, row.difference.mean), (0.5, 1.25 / 3.0));
        assert!((row.after - 2.75 / 3.0).abs() < 1e-12);
        assert!(
            row.difference.low < row.difference.mean && row.difference.mean < row.difference.high,
            "{row:?}"
        );
        assert!(row.p > 0.05, "{row:?}");

        let table = found.table();
        assert!(
            table.starts_with("set  mode    metric   questions  before  after  change"),
            "{table}"
        );
        assert!(
            table
                .contains("a    hybrid  ndcg@10          3   0.500  0.917  +0.417  -0.250  +1.000"),
            "{table}"
        );
    }

    fn error(before: &Report, after: &Report) -> String {
        Comparison::between(before, after).unwrap_err().to_string()
    }

    #[test]
    fn reports_without_common_measurements_are_an_error() {
        let left = report(vec![row("a", &[("x", 1.0)])]);
        let right = report(vec![row("b", &[("x", 1.0)])]);

        let expected = "cannot compare: the reports have no set and mode in common: \
                        the first has a hybrid, the second has b hybrid";
        assert_eq!(error(&left, &right), expected);
        assert!(error(&left, &report(Vec::new())).ends_with("the second has none"));

        let mut without_questions = left.clone();
        without_questions.rows[0].per_question.clear();
        assert!(error(&without_questions, &left).contains("must be measured again"));
    }
}
