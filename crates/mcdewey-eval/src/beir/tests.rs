//! Small sets, well formed and not.

use std::fs;

use super::*;

const CORPUS: &str = r#"{"_id": "d1", "title": "One", "text": "first", "metadata": {}}
{"_id": "d2", "title": null, "text": "second"}
{"_id": "d3", "text": "third"}
"#;
const QUERIES: &str = r#"{"_id": "q1", "text": "which one"}
{"_id": "q2", "text": "which two", "metadata": {"answer": "x"}}
{"_id": "q3", "text": "never judged"}
"#;
const QRELS: &str = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td2\t1\r\nq2\td3\t1\n";

fn read(corpus: &str, queries: &str, qrels: &str) -> Result<BeirSet, String> {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("small");
    fs::create_dir(&set).unwrap();
    fs::write(set.join("corpus.jsonl"), corpus).unwrap();
    fs::write(set.join("queries.jsonl"), queries).unwrap();
    fs::write(set.join("qrels.tsv"), qrels).unwrap();
    let prefix = format!("{}/", set.display());

    BeirSet::read(&set).map_err(|error| error.to_string().replace(&prefix, ""))
}

fn grades(set: &BeirSet, index: usize) -> Vec<(&str, u32)> {
    let GroundTruth::Documents(grades) = &set.questions[index].ground_truth else {
        panic!("no documents")
    };

    let mut grades: Vec<_> = grades
        .iter()
        .map(|(id, grade)| (id.as_str(), *grade))
        .collect();
    grades.sort_unstable();
    grades
}

#[test]
fn a_set_has_its_documents_and_judged_questions() {
    let set = read(CORPUS, QUERIES, QRELS).unwrap();
    assert_eq!(set.name, "small");
    let titles: Vec<_> = set
        .documents
        .iter()
        .map(|document| (document.id.as_str(), document.title.as_str()))
        .collect();
    assert_eq!(titles, [("d1", "One"), ("d2", ""), ("d3", "")]);

    let texts: Vec<&str> = set
        .questions
        .iter()
        .map(|question| question.text.as_str())
        .collect();
    assert_eq!(texts, ["which one", "which two"]);
    assert_eq!(grades(&set, 0), [("d1", 2)]);
    assert_eq!(grades(&set, 1), [("d2", 1), ("d3", 1)]);
    assert_eq!(set.notices, [""; 0]);
}

#[test]
fn the_header_is_optional() {
    let (_, bare) = QRELS.split_once('\n').unwrap();
    assert_eq!(read(CORPUS, QUERIES, bare), read(CORPUS, QUERIES, QRELS));
}

#[test]
fn judgments_may_be_in_the_qrels_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("corpus.jsonl"), CORPUS).unwrap();
    fs::write(folder.path().join("queries.jsonl"), QUERIES).unwrap();
    fs::create_dir(folder.path().join("qrels")).unwrap();
    fs::write(folder.path().join("qrels/test.tsv"), QRELS).unwrap();

    assert_eq!(BeirSet::read(folder.path()).unwrap().questions.len(), 2);
}

fn assert_error(corpus: &str, queries: &str, qrels: &str, expected: &str) {
    assert_eq!(read(corpus, queries, qrels).unwrap_err(), expected);
}

#[test]
fn errors_name_file_and_line() {
    assert_error(
        "{\"_id\": \"d1\"}\n",
        QUERIES,
        QRELS,
        "corpus.jsonl:1: cannot parse JSON at column 13: missing field `text`",
    );

    let twice = CORPUS.repeat(2);
    assert_error(
        &twice,
        QUERIES,
        QRELS,
        "corpus.jsonl:4: duplicate _id \"d1\", already used on line 1; ids must be unique",
    );

    let empty = "\n{\"_id\": \"q1\", \"text\": \" \"}";
    assert_error(
        CORPUS,
        empty,
        QRELS,
        "queries.jsonl:2: question \"q1\" has no text",
    );

    let columns = "qrels.tsv:1: found 2 columns, expected 3 separated by tabs: \
                   query-id, corpus-id and score";
    assert_error(CORPUS, QUERIES, "q1 d1\t1", columns);
    assert_error(
        CORPUS,
        QUERIES,
        "q1\td1\t1\nq1\td2\tyes",
        "qrels.tsv:2: the score \"yes\" is not a whole number",
    );

    let conflicting = "qrels.tsv:2: conflicting grades for document \"d1\" and question \"q1\": \
                       1 on an earlier line, 2 here";
    assert_error(CORPUS, QUERIES, "q1\td1\t1\nq1\td1\t2", conflicting);

    let nothing = "qrels.tsv: no question of queries.jsonl has a relevant document";
    assert_error(CORPUS, QUERIES, "q1\td1\t0", nothing);
    assert_error(CORPUS, QUERIES, "", nothing);
}

#[test]
fn without_gold_no_relevant_document_remains() {
    let set = read(CORPUS, QUERIES, "q1\td1\t2\nq1\td3\t0\nq2\td2\t1")
        .unwrap()
        .without_gold();
    assert_eq!(set.name, "small without gold");
    let left: Vec<&str> = set
        .documents
        .iter()
        .map(|document| document.id.as_str())
        .collect();

    assert_eq!(left, ["d3"]);
    assert_eq!(set.questions.len(), 2);
    assert!(
        set.questions
            .iter()
            .all(|question| question.ground_truth == GroundTruth::Unanswerable)
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = BeirSet::read(Path::new("no/such/set"))
        .unwrap_err()
        .to_string();

    assert!(
        error.starts_with("cannot read no/such/set/corpus.jsonl: "),
        "{error}"
    );
}

#[test]
fn judgments_that_cannot_be_satisfied_are_reported() {
    let set = read(
        CORPUS,
        QUERIES,
        "q1\td1\t1\nq1\td9\t1\nq1\td8\t0\nq9\td7\t1",
    )
    .unwrap();

    assert_eq!(grades(&set, 0), [("d1", 1), ("d9", 1)]);
    assert_eq!(
        set.notices,
        [
            "relevant documents missing from corpus.jsonl: 1; they count as not found",
            "judged questions missing from queries.jsonl: 1; they are skipped",
        ]
    );
}
