//! The result of a measurement: a row for each set and mode, as JSON or as a table.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::table::Table;
use crate::{Estimate, Latency, Metric, QuestionScore, Resampling, Scores};

/// All rows of a measurement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The rows, in the order they were measured.
    pub rows: Vec<ReportRow>,
}

/// The metrics of one set in one mode. In JSON the metrics are fields of the row, by name:
/// `"ndcg@10"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportRow {
    pub set: String,
    /// The search mode ("hybrid").
    pub mode: String,
    /// The number of questions asked.
    pub questions: usize,
    /// The number of questions that failed; they score 0.
    pub failures: usize,
    /// The means of the metrics that apply.
    #[serde(flatten)]
    pub metrics: BTreeMap<Metric, f64>,
    /// 95 % bootstrap intervals of the headline metrics.
    pub intervals: BTreeMap<Metric, Estimate>,
    /// The same metrics for each kind of question, if the set names kinds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, KindRow>,
    /// `null` if no question was answered.
    pub latency_ms: Option<Latency>,
    /// The metrics of each question, by its id; two reports are compared by them.
    #[serde(default)]
    pub per_question: BTreeMap<String, BTreeMap<Metric, f64>>,
}

/// The metrics of one kind of question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindRow {
    /// The number of questions of this kind.
    pub questions: usize,
    /// The means of the metrics that apply.
    #[serde(flatten)]
    pub metrics: BTreeMap<Metric, f64>,
}

/// The metrics that decisions are based on. Only these have intervals and are compared.
pub(crate) const HEADLINE_METRICS: [Metric; 6] = [
    Metric::Ndcg10,
    Metric::Recall10,
    Metric::PageHit1,
    Metric::Evidence1,
    Metric::SpanRecall5,
    Metric::Declined,
];

impl ReportRow {
    pub fn new(set: impl Into<String>, mode: impl Into<String>, scores: &Scores) -> Self {
        let questions: Vec<&QuestionScore> = scores.questions.iter().collect();
        let intervals = HEADLINE_METRICS
            .into_iter()
            .filter_map(|metric| {
                Some((metric, Resampling::default().mean(&scores.values(metric))?))
            })
            .collect();

        Self {
            set: set.into(),
            mode: mode.into(),
            questions: questions.len(),
            failures: questions.iter().filter(|question| question.failed).count(),
            metrics: means(&questions),
            intervals,
            kinds: kind_rows(&questions),
            latency_ms: scores.latency,
            per_question: questions
                .iter()
                .map(|question| (question.id.clone(), question.values.clone()))
                .collect(),
        }
    }
}

fn kind_rows(questions: &[&QuestionScore]) -> BTreeMap<String, KindRow> {
    let mut groups: BTreeMap<String, Vec<&QuestionScore>> = BTreeMap::new();
    for question in questions {
        if let Some(kind) = &question.kind {
            groups.entry(kind.clone()).or_default().push(question);
        }
    }

    groups
        .into_iter()
        .map(|(kind, group)| {
            let row = KindRow {
                questions: group.len(),
                metrics: means(&group),
            };
            (kind, row)
        })
        .collect()
}

/// Returns the mean of each metric over the questions it applies to.
fn means(questions: &[&QuestionScore]) -> BTreeMap<Metric, f64> {
    let mut sums: BTreeMap<Metric, (f64, usize)> = BTreeMap::new();
    for (metric, value) in questions.iter().flat_map(|question| &question.values) {
        let (sum, count) = sums.entry(*metric).or_default();
        *sum += value;
        *count += 1;
    }

    sums.into_iter()
        .map(|(metric, (sum, count))| (metric, sum / count as f64))
        .collect()
}

impl Report {
    /// Renders the rows as an aligned table, followed by a table by kind if any set names kinds.
    /// Metrics that no row has are omitted; `-` marks those that do not apply.
    pub fn table(&self) -> String {
        let mut text = self.overview().to_string();
        let by_kind = self.by_kind();
        if !by_kind.is_empty() {
            text.push('\n');
            text.push_str(&by_kind.to_string());
        }

        text
    }

    fn overview(&self) -> Table {
        let metrics = metrics_present(self.rows.iter().map(|row| &row.metrics));
        let mut headings = vec!["set", "mode", "questions", "failures"];
        headings.extend(metrics.iter().map(|metric| metric.name()));
        headings.extend(["p50 ms", "p95 ms", "p99 ms"]);

        let mut table = Table::new(&headings, 2);
        for row in &self.rows {
            let mut cells = vec![
                row.set.clone(),
                row.mode.clone(),
                row.questions.to_string(),
                row.failures.to_string(),
            ];
            cells.extend(metric_cells(&metrics, &row.metrics));
            cells.extend(latency_cells(row.latency_ms));
            table.push(cells);
        }

        table
    }

    fn by_kind(&self) -> Table {
        let metrics = metrics_present(
            self.rows
                .iter()
                .flat_map(|row| row.kinds.values())
                .map(|kind| &kind.metrics),
        );

        let mut headings = vec!["set", "mode", "kind", "questions"];
        headings.extend(metrics.iter().map(|metric| metric.name()));

        let mut table = Table::new(&headings, 3);
        for row in &self.rows {
            for (name, kind) in &row.kinds {
                let mut cells = vec![
                    row.set.clone(),
                    row.mode.clone(),
                    name.clone(),
                    kind.questions.to_string(),
                ];
                cells.extend(metric_cells(&metrics, &kind.metrics));
                table.push(cells);
            }
        }

        table
    }
}

/// Returns the metrics that at least one row has, in the order of [`Metric::ALL`].
fn metrics_present<'a>(rows: impl Iterator<Item = &'a BTreeMap<Metric, f64>>) -> Vec<Metric> {
    let present: BTreeSet<Metric> = rows.flat_map(|row| row.keys().copied()).collect();
    present.into_iter().collect()
}

fn metric_cells(metrics: &[Metric], values: &BTreeMap<Metric, f64>) -> Vec<String> {
    metrics
        .iter()
        .map(|metric| {
            values
                .get(metric)
                .map_or("-".to_owned(), |value| format!("{value:.3}"))
        })
        .collect()
}

fn latency_cells(latency: Option<Latency>) -> [String; 3] {
    match latency {
        Some(Latency { p50, p95, p99 }) => [p50, p95, p99].map(|time| format!("{time:.1}")),
        None => ["-"; 3].map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
