//! Tables and JSON of a small report.

use super::*;

fn score(id: &str, kind: Option<&str>, failed: bool, values: &[(Metric, f64)]) -> QuestionScore {
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
            ReportRow::new("small", "hybrid", &plain),
            ReportRow::new("relevance", "dense", &own),
        ],
    }
}

#[test]
fn the_table_is_aligned_and_marks_metrics_that_do_not_apply() {
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
fn json_names_the_metrics_and_can_be_parsed_again() {
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
fn the_interval_contains_the_mean() {
    let row = &report().rows[1];
    let interval = row.intervals[&Metric::Ndcg10];
    assert_eq!(interval.mean, 0.5);
    assert!(interval.low < 0.5 && 0.5 < interval.high, "{interval:?}");
    assert!(row.intervals.contains_key(&Metric::PageHit1));
    assert!(!row.intervals.contains_key(&Metric::VersionLeak));
}
