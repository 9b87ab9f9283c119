//! Two reports beside each other: what a change did to the leading figures, question by question.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::LEADING;
use crate::table::Table;
use crate::{Estimate, EvalError, Metric, Report, Resampling, Row};

/// How the figures of two reports differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// A row for each set, mode and leading figure that both reports have.
    pub rows: Vec<Difference>,
    /// The sets and modes that only one of the reports has.
    pub unmatched: Vec<String>,
}

/// How one figure of one set in one mode differs, over the questions that both reports asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The set's name.
    pub set: String,
    /// How the search answered.
    pub mode: String,
    /// Which figure.
    pub metric: Metric,
    /// How many questions have it in both reports.
    pub questions: usize,
    /// Its mean over them before.
    pub before: f64,
    /// Its mean over them after.
    pub after: f64,
    /// How much higher it is after, with its 95 % paired bootstrap interval.
    pub difference: Estimate,
    /// How likely a difference this large is by chance: paired randomisation test.
    pub p: f64,
    /// How many questions have a higher figure after.
    pub better: usize,
    /// How many have a lower one.
    pub worse: usize,
}

impl Comparison {
    /// Compares two reports. It is an error when there is nothing that both measured.
    pub fn of(before: &Report, after: &Report) -> Result<Self, EvalError> {
        let same = |left: &Row, right: &Row| left.set == right.set && left.mode == right.mode;
        let has =
            |report: &Report, row: &Row| report.rows.iter().any(|candidate| same(candidate, row));
        let matched = |row| {
            Some((
                row,
                after.rows.iter().find(|candidate| same(candidate, row))?,
            ))
        };

        let pairs: Vec<(&Row, &Row)> = before.rows.iter().filter_map(matched).collect();
        if pairs.is_empty() {
            let (before, after) = (names(before), names(after));
            return Err(EvalError::Incomparable(format!(
                "no set and mode is in both reports: before there are {before}, after there are {after}"
            )));
        }

        let differences = |(before, after): &(&Row, &Row)| {
            LEADING
                .into_iter()
                .filter_map(|metric| Difference::of(before, after, metric))
                .collect::<Vec<_>>()
        };

        let rows: Vec<Difference> = pairs.iter().flat_map(differences).collect();
        if rows.is_empty() {
            return Err(EvalError::Incomparable(
                "no question has a leading figure in both reports; a report written without figures by question must be \
                 measured again"
                    .to_owned(),
            ));
        }

        let gone = before
            .rows
            .iter()
            .filter(|row| !has(after, row))
            .map(|row| format!("{} (only before)", name(row)));

        let new = after
            .rows
            .iter()
            .filter(|row| !has(before, row))
            .map(|row| format!("{} (only after)", name(row)));

        Ok(Self {
            rows,
            unmatched: gone.chain(new).collect(),
        })
    }

    /// The rows as aligned text.
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
    /// `None` when no question has the figure in both rows.
    fn of(before: &Row, after: &Row, metric: Metric) -> Option<Self> {
        let value = |figures: &BTreeMap<Metric, f64>| figures.get(&metric).copied();
        let pair = |(id, figures)| Some((value(figures)?, value(after.per_question.get(id)?)?));
        let pairs: Vec<(f64, f64)> = before.per_question.iter().filter_map(pair).collect();
        let resampling = Resampling::default();
        let (left, right): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();

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

fn name(row: &Row) -> String {
    format!("{} {}", row.set, row.mode)
}

fn names(report: &Report) -> String {
    if report.rows.is_empty() {
        return "none".to_owned();
    }
    report.rows.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{QuestionScore, Scores};

    fn row(set: &str, values: &[(&str, f64)]) -> Row {
        let question = |(id, value): &(&str, f64)| QuestionScore {
            id: (*id).to_owned(),
            kind: None,
            failed: false,
            values: BTreeMap::from([(Metric::Ndcg10, *value), (Metric::Tokens, 1.0)]),
        };

        Row::new(
            set,
            "hybrid",
            &Scores {
                questions: values.iter().map(question).collect(),
                latency: None,
            },
        )
    }

    fn report(rows: Vec<Row>) -> Report {
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
        let found = Comparison::of(&before, &after).unwrap();
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

    #[test]
    fn what_cannot_be_compared_is_said() {
        let fails = |before, after| Comparison::of(&before, &after).unwrap_err().to_string();
        let (left, right) = (
            report(vec![row("a", &[("x", 1.0)])]),
            report(vec![row("b", &[("x", 1.0)])]),
        );
        let expected = "cannot compare: no set and mode is in both reports: before there are a hybrid, after there are b \
                        hybrid";
        assert_eq!(fails(left.clone(), right), expected);
        assert!(fails(left.clone(), report(Vec::new())).ends_with("after there are none"));
        let mut older = left.clone();
        older.rows[0].per_question.clear();

        assert!(fails(older, left).contains("must be measured again"));
    }
}
