//! A set of two texts, well formed and not.

use super::*;

const ROWS: &str = "question,references,corpus_id,note\n\
    who opens,\"[{\"\"content\"\": \"\"Tür\"\", \"\"start_index\"\": 4, \"\"end_index\"\": 7}]\",door,x\n\
    who opens,\"[{\"\"content\"\": \"\"nobody\"\", \"\"start_index\"\": 0, \"\"end_index\"\": 3}]\",gate,\n";

fn read(rows: &str) -> Result<SpanSet, String> {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("small");
    fs::create_dir(&set).unwrap();
    fs::write(set.join("questions.csv"), rows).unwrap();
    fs::write(set.join("other.csv"), "question,answer\n").unwrap();
    fs::write(set.join("door.md"), "Die Tür öffnet").unwrap();
    fs::write(set.join("gate.md"), "the gate").unwrap();
    let table = SpanSet::find_table(&set).unwrap().expect("a table");
    let prefix = format!("{}/", set.display());

    SpanSet::read(&table).map_err(|error| error.to_string().replace(&prefix, ""))
}

#[test]
fn a_set_has_its_texts_and_questions_with_spans() {
    let set = read(ROWS).unwrap();
    assert_eq!(set.name, "small");
    assert_eq!(set.texts.keys().collect::<Vec<_>>(), ["door", "gate"]);
    assert_eq!(
        set.questions
            .iter()
            .map(|question| question.id.as_str())
            .collect::<Vec<_>>(),
        ["1", "2"]
    );
    assert_eq!(
        set.questions[0].ground_truth,
        GroundTruth::Spans(vec![("door".to_owned(), 4..7)])
    );
    assert_eq!(
        set.notices,
        ["references whose content is not at their position: 1; the position counts"]
    );
}

#[test]
fn a_folder_without_a_table_of_questions_is_a_different_kind_of_set() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), "question,answer\n").unwrap();
    assert_eq!(SpanSet::find_table(folder.path()).unwrap(), None);

    for name in ["b.csv", "c.csv"] {
        fs::write(folder.path().join(name), ROWS).unwrap();
    }

    assert!(
        SpanSet::find_table(folder.path())
            .unwrap_err()
            .to_string()
            .contains("found 2 tables with the columns")
    );
}

/// Asserts the error of `row` as the fourth line of the table.
fn assert_error(row: &str, expected: &str) {
    let error = read(&format!("{ROWS}{row}\n")).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

/// A cell with one reference, which starts at 2.
fn reference(end: usize) -> String {
    let json = format!(r#"[{{"content": "", "start_index": 2, "end_index": {end}}}]"#);
    format!("\"{}\"", json.replace('"', "\"\""))
}

#[test]
fn errors_name_the_line() {
    assert_error(
        &format!("a,{},gate,", reference(9)),
        "questions.csv:4: 2 to 9 is not a valid span of gate.md, which has 8 characters",
    );
    assert_error(
        &format!("a,{},gate,", reference(2)),
        "questions.csv:4: 2 to 2 is not a valid span",
    );
    assert_error(
        &format!(" ,{},gate,", reference(3)),
        "questions.csv:4: the question is empty",
    );
    assert_error(
        "a,[],gate,",
        "questions.csv:4: the question has no references",
    );
    assert_error("a,x,gate,", "questions.csv:4: cannot parse JSON");
    assert_error(
        "a,[],../gate,",
        "the corpus_id \"../gate\" is not a file name",
    );
    assert_error("a,[],wall,", "cannot read wall.md");
    assert_error("a,b", "questions.csv:4");

    assert_eq!(
        read("question,references,corpus_id\n").unwrap_err(),
        "questions.csv: the table has no questions"
    );
}
