//! Parsing and writing judgments.

use std::fs;

use super::*;

const LINES: &str = r#"{"q": "barge state in CCX", "kind": "acronym", "source": "finesse/g.md", "page": 118}
{"q": "port", "kind": "version-pair", "source": "kafka/39/o.md", "page": 4, "filter": {"product": "kafka", "version": "3.9"}}
{"q": "port", "kind": "version-pair", "source": "kafka/0110/o.md", "page": 5, "filter": {"product": "kafka", "version": "0.11.0"}}
{"q": "no \"sound\"", "kind": "plain", "source": "notes/a.md", "heading": "Procedure", "also": [{"source": "notes/a.md", "heading": "Cause"}, {"source": "b.md", "page": 1}]}
{"q": "who won", "kind": "foreign", "unanswerable": true, "split": "calibration"}
{"q": "retries in 3.7", "kind": "release", "source": "37/g.html", "evidence": "1-9f86d081884c7d65", "release": "3.7", "also": [{"source": "37/c.html", "evidence": "1-9f86d081884c7d65"}]}
"#;

fn read(text: &str) -> Result<JudgmentSet, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relevance.jsonl");
    fs::write(&path, text).unwrap();
    let prefix = format!("{}/", folder.path().display());
    JudgmentSet::read(&path).map_err(|error| error.to_string().replace(&prefix, ""))
}

#[test]
fn a_file_round_trips() {
    let set = read(LINES).unwrap();
    assert_eq!(set.name, "relevance");
    let written: String = set
        .judgments
        .iter()
        .map(|judgment| format!("{judgment}\n"))
        .collect();

    assert_eq!(written, LINES);
}

#[test]
fn a_question_has_its_kind_filter_and_every_correct_location() {
    let questions = read(LINES).unwrap().questions();
    let ids: Vec<&str> = questions
        .iter()
        .map(|question| question.id.as_str())
        .collect();

    assert_eq!(
        ids,
        [
            "barge state in CCX",
            "port [product=kafka version=3.9]",
            "port [product=kafka version=0.11.0]",
            "no \"sound\"",
            "who won",
            "retries in 3.7"
        ]
    );
    assert_eq!(questions[0].kind.as_deref(), Some("acronym"));
    assert_eq!(questions[1].filter.version.as_deref(), Some("3.9"));

    let GroundTruth::Locations(locations) = &questions[3].ground_truth else {
        panic!("no locations")
    };
    assert_eq!(locations.len(), 3);
    assert_eq!(locations[0].anchor, Anchor::Heading("Procedure".to_owned()));
    assert_eq!(
        locations[2],
        Location {
            source: "b.md".parse().unwrap(),
            anchor: Anchor::Page(1),
            text_hash: None
        }
    );
    assert_eq!(questions[5].release.as_deref(), Some("3.7"));
    let GroundTruth::Locations(locations) = &questions[5].ground_truth else {
        panic!("no locations")
    };
    assert_eq!(locations[1].anchor, Anchor::Evidence(Phrase::of("test")));
    assert_eq!(
        (&questions[4].ground_truth, questions[4].split),
        (&GroundTruth::Unanswerable, Some(Split::Calibration))
    );
}

#[test]
fn the_sets_over_public_documentation_can_be_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/evaluation");
    for (name, questions) in [("asterisk", 110), ("aws", 110), ("kafka", 65), ("mcp", 50)] {
        let set = JudgmentSet::read(&folder.join(format!("{name}.jsonl"))).unwrap();
        assert_eq!(set.questions().len(), questions, "{name}");
    }
}

#[test]
fn a_question_without_a_kind_is_plain() {
    assert_eq!(
        read(r#"{"q": "a", "source": "a.md", "page": 1}"#)
            .unwrap()
            .judgments[0]
            .kind,
        "plain"
    );
}

/// Asserts the error of `line` as the eighth line of a file.
fn assert_error(line: &str, expected: &str) {
    let error = read(&format!("{LINES}\n{line}\n")).unwrap_err();
    assert!(
        error.starts_with("relevance.jsonl:8: ") && error.contains(expected),
        "{error}"
    );
}

#[test]
fn errors_name_the_line() {
    assert_error("{", "EOF while parsing");
    assert_error(
        r#"{"q": "a"}"#,
        "name the `source` that answers the question, or mark it as `unanswerable`",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "page": 1, "unanswerable": true}"#,
        "must not name a location",
    );
    assert_error(
        r#"{"q": "a", "page": 1, "unanswerable": true}"#,
        "must not name a location",
    );
    assert_error(
        r#"{"q": "a", "unanswerable": true, "split": "train"}"#,
        "unknown variant `train`",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "page": 1, "text_hash": "ab"}"#,
        "not a valid content hash",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md"}"#,
        "name the `page`, the `heading` or the `evidence` in a.md",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "page": 1, "heading": "A"}"#,
        "name the `page`",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "page": 1, "evidence": "1-9f86d081884c7d65"}"#,
        "only one of them",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "evidence": "9f86d081884c7d65"}"#,
        "is not a number of words",
    );
    assert_error(
        r#"{"q": "a", "evidence": "1-9f86d081884c7d65", "unanswerable": true}"#,
        "must not name a location",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "page": 1, "release": "latest"}"#,
        "name the version",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "page": 1, "also": [{"source": "b.md"}]}"#,
        "in b.md that answers",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "page": 0}"#,
        "a.md has no page 0",
    );
    assert_error(
        r#"{"q": "a", "source": "../a.md", "page": 1}"#,
        "not a valid source path",
    );
    assert_error(r#"{"q": " ", "source": "a.md", "page": 1}"#, "`q` is empty");
    assert_error(
        r#"{"q": "a", "kind": "", "source": "a.md", "page": 1}"#,
        "`kind` is empty",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "pgae": 1}"#,
        "unknown field `pgae`",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "page": 1, "filter": {"prodct": "x"}}"#,
        "unknown field `prodct`",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "page": 1, "filter": {"version": "latest"}}"#,
        "name the version",
    );
    assert_error(
        r#"{"q": "a", "source": "a.md", "page": 1, "filter": {"version": ","}}"#,
        "not a valid version",
    );
    assert_error(
        r#"{"q": "barge state in CCX", "source": "b.md", "page": 1}"#,
        "line 1 asks the same question",
    );
}

#[test]
fn an_empty_file_is_an_error() {
    assert!(
        read("\n")
            .unwrap_err()
            .starts_with("relevance.jsonl: the file has no judgments")
    );
}
