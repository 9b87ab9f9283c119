//! What a measurement says: a row for each set and mode, as JSON or as a table. Printing is the caller's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::table::Table;
use crate::{Estimate, Latency, Metric, QuestionScore, Resampling, Scores};

/// All rows of a measurement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The rows, in the order they were measured.
    pub rows: Vec<Row>,
}

/// The figures of one set in one mode. In JSON the figures stand beside the other fields, by name: `"ndcg@10"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The set's name.
    pub set: String,
    /// How the search answered ("hybrid").
    pub mode: String,
    /// How many questions were asked.
    pub questions: usize,
    /// How many of them failed; they score 0.
    pub failures: usize,
    /// The means of the figures that apply.
    #[serde(flatten)]
    pub metrics: BTreeMap<Metric, f64>,
    /// 95 % bootstrap intervals of the leading figures.
    pub intervals: BTreeMap<Metric, Estimate>,
    /// The same figures for each kind of question, where the set has kinds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, KindRow>,
    /// How long answers took; `null` when there was none.
    pub latency_ms: Option<Latency>,
    /// The figures of each question, by its id: what two reports are compared by.
    #[serde(default)]
    pub per_question: BTreeMap<String, BTreeMap<Metric, f64>>,
}

/// The figures of one kind of question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindRow {
    /// How many questions are of this kind.
    pub questions: usize,
    /// The means of the figures that apply.
    #[serde(flatten)]
    pub metrics: BTreeMap<Metric, f64>,
}

/// The figures that choices are made by.
pub(crate) const LEADING: [Metric; 5] = [
    Metric::Ndcg10,
    Metric::Recall10,
    Metric::PageHit1,
    Metric::SpanRecall5,
    Metric::Declined,
];

impl Row {
    /// The row of a set in a mode.
    pub fn new(set: impl Into<String>, mode: impl Into<String>, scores: &Scores) -> Self {
        let all: Vec<&QuestionScore> = scores.questions.iter().collect();
        let interval = |metric| Some((metric, Resampling::default().mean(&scores.values(metric))?));
        Self {
            set: set.into(),
            mode: mode.into(),
            questions: all.len(),
            failures: all.iter().filter(|question| question.failed).count(),
            metrics: means(&all),
            intervals: LEADING.into_iter().filter_map(interval).collect(),
            kinds: kinds(&all),
            latency_ms: scores.latency,
            per_question: all
                .iter()
                .map(|question| (question.id.clone(), question.values.clone()))
                .collect(),
        }
    }
}

fn kinds(questions: &[&QuestionScore]) -> BTreeMap<String, KindRow> {
    let mut groups: BTreeMap<String, Vec<&QuestionScore>> = BTreeMap::new();
    for question in questions {
        if let Some(kind) = &question.kind {
            groups.entry(kind.clone()).or_default().push(question);
        }
    }

    let row = |group: Vec<&QuestionScore>| KindRow {
        questions: group.len(),
        metrics: means(&group),
    };

    groups
        .into_iter()
        .map(|(kind, group)| (kind, row(group)))
        .collect()
}

/// The mean of each figure over the questions it applies to.
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
    /// The rows as aligned text, then, where sets have kinds, the figures by kind. Figures that no row has are left
    /// out; `-` stands where one does not apply.
    pub fn table(&self) -> String {
        let mut text = self.overview().to_string();
        let kinds = self.by_kind();
        if !kinds.is_empty() {
            text.push('\n');
            text.push_str(&kinds.to_string());
        }

        text
    }

    fn overview(&self) -> Table {
        let metrics = present(self.rows.iter().map(|row| &row.metrics));
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

            cells.extend(figures(&metrics, &row.metrics));
            let times = row
                .latency_ms
                .map(|latency| [latency.p50, latency.p95, latency.p99]);

            cells.extend(
                (0..3).map(|place| {
                    times.map_or("-".to_owned(), |times| format!("{:.1}", times[place]))
                }),
            );

            table.push(cells);
        }

        table
    }

    fn by_kind(&self) -> Table {
        let metrics = present(
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
                cells.extend(figures(&metrics, &kind.metrics));
                table.push(cells);
            }
        }

        table
    }
}

/// The figures that at least one row has.
fn present<'a>(rows: impl Iterator<Item = &'a BTreeMap<Metric, f64>>) -> Vec<Metric> {
    let found: BTreeMap<Metric, ()> = rows
        .flat_map(|row| row.keys())
        .map(|metric| (*metric, ()))
        .collect();
    found.into_keys().collect()
}

fn figures(metrics: &[Metric], values: &BTreeMap<Metric, f64>) -> Vec<String> {
    metrics
        .iter()
        .map(|metric| {
            values
                .get(metric)
                .map_or("-".to_owned(), |value| format!("{value:.3}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(
        id: &str,
        kind: Option<&str>,
        failed: bool,
        values: &[(Metric, f64)],
    ) -> QuestionScore {
        QuestionScore {
            id: id.to_owned(),
            kind: kind.map(str::to_owned),
            failed,
            values: values.iter().copied().collect(),
        }
    }

    fn report() -> Report {
        use Metric::{Ndcg10, PageHit1, VersionLeak};

        let plain = Scores {
            questions: vec![
                score("a", None, false, &[(Ndcg10, 1.0)]),
                score("b", None, true, &[(Ndcg10, 0.0)]),
            ],
            latency: Some(Latency {
                p50: 1.25,
                p95: 20.0,
                p99: 300.0,
            }),
        };

        let own = Scores {
            questions: vec![
                score("a", Some("typo"), false, &[(Ndcg10, 0.5), (PageHit1, 1.0)]),
                score(
                    "b",
                    Some("acronym"),
                    false,
                    &[(Ndcg10, 1.0), (PageHit1, 1.0), (VersionLeak, 0.25)],
                ),
                score("c", Some("typo"), false, &[(Ndcg10, 0.0), (PageHit1, 0.0)]),
            ],
            latency: None,
        };

        Report {
            rows: vec![
                Row::new("small", "hybrid", &plain),
                Row::new("relevance", "dense", &own),
            ],
        }
    }

    #[test]
    fn the_table_is_aligned_and_shows_what_applies() {
        let expected = "\
set        mode    questions  failures  ndcg@10  page-hit@1  version-leak  p50 ms  p95 ms  p99 ms
small      hybrid          2         1    0.500           -             -     1.2    20.0   300.0
relevance  dense           3         0    0.500       0.667         0.250       -       -       -

set        mode   kind     questions  ndcg@10  page-hit@1  version-leak
relevance  dense  acronym          1    1.000       1.000         0.250
relevance  dense  typo             2    0.250       0.500             -
";
        assert_eq!(report().table(), expected);
    }

    #[test]
    fn a_report_without_kinds_is_one_table() {
        let mut report = report();
        report.rows.pop();
        assert_eq!(report.table().lines().count(), 2);
    }

    #[test]
    fn json_names_the_figures_and_can_be_read_again() {
        let report = report();
        let json = serde_json::to_value(&report).unwrap();
        let row = &json["rows"][1];
        assert_eq!(row["ndcg@10"], 0.5);
        assert_eq!(row["page-hit@1"], 2.0 / 3.0);
        assert_eq!(row["version-leak"], 0.25);
        assert_eq!(row["kinds"]["typo"]["questions"], 2);
        assert_eq!(row["kinds"]["typo"]["page-hit@1"], 0.5);
        assert_eq!(row["latency_ms"], serde_json::Value::Null);
        assert_eq!(json["rows"][0]["failures"], 1);
        assert_eq!(json["rows"][0]["latency_ms"]["p95"], 20.0);
        assert_eq!(json["rows"][0].get("kinds"), None);
        assert_eq!(row["per_question"]["b"]["version-leak"], 0.25);
        assert_eq!(row["per_question"]["c"]["ndcg@10"], 0.0);
        assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
    }

    #[test]
    fn the_interval_lies_around_the_mean() {
        let row = &report().rows[1];
        let interval = row.intervals[&Metric::Ndcg10];
        assert_eq!(interval.mean, 0.5);
        assert!(interval.low < 0.5 && 0.5 < interval.high, "{interval:?}");
        assert!(row.intervals.contains_key(&Metric::PageHit1));
        assert!(!row.intervals.contains_key(&Metric::VersionLeak));
    }
}
