//! Test sets in BEIR form: a folder with `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`.
//!
//! The set's documents are for the caller to index, whole or cut into passages; hits count for their document.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::lines::{for_each_line, from_json};
use crate::question::Truth;
use crate::{EvalError, Question, QuestionFilter};

/// A test set.
#[derive(Debug, Clone, PartialEq)]
pub struct BeirSet {
    /// The folder's name.
    pub name: String,
    /// What to search in.
    pub documents: Vec<BeirDocument>,
    /// The questions that have a relevant document, in the order of `queries.jsonl`.
    pub questions: Vec<Question>,
    /// What whoever reads the figures should know of the set.
    pub notices: Vec<String>,
}

/// A document of a test set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeirDocument {
    /// Its `_id`.
    pub id: String,
    /// Its title; may be empty.
    pub title: String,
    /// Its text.
    pub text: String,
}

#[derive(Deserialize)]
struct DocumentLine {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: Option<String>,
    text: String,
}

#[derive(Deserialize)]
struct QueryLine {
    #[serde(rename = "_id")]
    id: String,
    text: String,
}

/// For each question the documents judged, with their grades.
type Judged = HashMap<String, HashMap<String, u32>>;

impl BeirSet {
    /// Reads the set in `folder`. The judgments may stand in `qrels/test.tsv`, as BEIR distributes them, when there is
    /// no `qrels.tsv`.
    pub fn read(folder: &Path) -> Result<Self, EvalError> {
        let documents = documents(&folder.join("corpus.jsonl"))?;
        let asked = queries(&folder.join("queries.jsonl"))?;
        let qrels = qrels_path(folder);
        let mut judged = judged(&qrels)?;
        let notices = notices(&documents, &asked, &judged);

        let judged_question = |line: QueryLine| {
            let grades = judged.remove(&line.id)?;
            question(line, grades)
        };
        let questions: Vec<Question> = asked.into_iter().filter_map(judged_question).collect();
        if questions.is_empty() {
            let problem =
                "it names no relevant document for any question of queries.jsonl".to_owned();
            return Err(EvalError::Nothing {
                path: qrels,
                problem,
            });
        }

        let name = folder
            .file_name()
            .unwrap_or(folder.as_os_str())
            .to_string_lossy()
            .into_owned();

        Ok(Self {
            name,
            documents,
            questions,
            notices,
        })
    }

    /// The set without the documents that are relevant to any of its questions: none of them has an answer any more, and
    /// a search that knows its limits declines them all.
    #[must_use]
    pub fn without_gold(mut self) -> Self {
        let mut gold = HashSet::new();
        for question in &mut self.questions {
            if let Truth::Documents(grades) = std::mem::replace(&mut question.truth, Truth::Nothing)
            {
                gold.extend(grades.into_keys());
            }
        }

        self.documents
            .retain(|document| !gold.contains(&document.id));
        self.name.push_str(" without gold");
        self
    }
}

fn qrels_path(folder: &Path) -> PathBuf {
    let (plain, distributed) = (
        folder.join("qrels.tsv"),
        folder.join("qrels").join("test.tsv"),
    );

    if !plain.exists() && distributed.exists() {
        distributed
    } else {
        plain
    }
}

fn documents(path: &Path) -> Result<Vec<BeirDocument>, EvalError> {
    let mut found = Vec::new();
    let mut known = HashMap::new();
    for_each_line(path, |number, line| {
        let line: DocumentLine = from_json(line)?;
        unique(&mut known, &line.id, number)?;
        found.push(BeirDocument {
            id: line.id,
            title: line.title.unwrap_or_default(),
            text: line.text,
        });
        Ok(())
    })?;

    Ok(found)
}

fn queries(path: &Path) -> Result<Vec<QueryLine>, EvalError> {
    let mut found = Vec::new();
    let mut known = HashMap::new();
    for_each_line(path, |number, line| {
        let line: QueryLine = from_json(line)?;
        unique(&mut known, &line.id, number)?;
        if line.text.trim().is_empty() {
            return Err(format!("question {:?} has no text", line.id));
        }
        found.push(line);
        Ok(())
    })?;

    Ok(found)
}

fn unique(known: &mut HashMap<String, usize>, id: &str, line: usize) -> Result<(), String> {
    match known.insert(id.to_owned(), line) {
        Some(before) => Err(format!(
            "the _id {id:?} stands on line {before} already; each needs its own"
        )),
        None => Ok(()),
    }
}

fn judged(path: &Path) -> Result<Judged, EvalError> {
    let mut found = Judged::new();
    for_each_line(path, |number, line| {
        let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
        let &[query, document, score] = columns.as_slice() else {
            return Err(format!(
                "{} columns; query-id, corpus-id and score belong here, with tabs",
                columns.len()
            ));
        };

        let Ok(score) = score.parse::<i64>() else {
            // The first line may be the columns' names.
            return if number == 1 {
                Ok(())
            } else {
                Err(format!("the score {score:?} is not a whole number"))
            };
        };

        // Sets mark judged and irrelevant documents with 0 or less.
        let grade =
            u32::try_from(score.max(0)).map_err(|_| format!("the score {score} is too large"))?;
        match found
            .entry(query.to_owned())
            .or_default()
            .insert(document.to_owned(), grade)
        {
            Some(before) if before != grade => Err(format!(
                "document {document:?} was judged {before} for question {query:?} before and is {grade} here"
            )),
            _ => Ok(()),
        }
    })?;

    Ok(found)
}

/// The question with its relevant documents, if it has any.
fn question(line: QueryLine, mut grades: HashMap<String, u32>) -> Option<Question> {
    grades.retain(|_, grade| *grade > 0);
    if grades.is_empty() {
        return None;
    }

    let truth = Truth::Documents(grades);
    Some(Question {
        id: line.id,
        text: line.text,
        kind: None,
        filter: QuestionFilter::default(),
        split: None,
        truth,
    })
}

/// Judgments that can never be met are no error, part of a public set is often all there is; the figures suffer, so
/// they are named.
fn notices(documents: &[BeirDocument], asked: &[QueryLine], judged: &Judged) -> Vec<String> {
    let known: HashSet<&str> = documents
        .iter()
        .map(|document| document.id.as_str())
        .collect();
    let asked: HashSet<&str> = asked.iter().map(|line| line.id.as_str()).collect();
    let (meant, unasked): (Vec<_>, Vec<_>) = judged
        .iter()
        .partition(|(query, _)| asked.contains(query.as_str()));

    let relevant = meant
        .iter()
        .flat_map(|(_, grades)| grades.iter())
        .filter(|(_, grade)| **grade > 0);

    let absent = relevant
        .filter(|(id, _)| !known.contains(id.as_str()))
        .count();
    let unasked = unasked.len();

    let mut notices = Vec::new();
    if absent > 0 {
        notices.push(format!(
            "relevant documents that corpus.jsonl lacks: {absent}; they count as not found"
        ));
    }

    if unasked > 0 {
        notices.push(format!(
            "judged questions that queries.jsonl lacks: {unasked}; they are left out"
        ));
    }

    notices
}

#[cfg(test)]
mod tests {
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
    const QRELS: &str =
        "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td2\t1\r\nq2\td3\t1\n";

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

    fn grades(set: &BeirSet, place: usize) -> Vec<(&str, u32)> {
        let Truth::Documents(grades) = &set.questions[place].truth else {
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
    fn a_set_is_its_documents_and_judged_questions() {
        let set = read(CORPUS, QUERIES, QRELS).unwrap();
        assert_eq!(set.name, "small");
        let titles: Vec<_> = set
            .documents
            .iter()
            .map(|document| (document.id.as_str(), document.title.as_str()))
            .collect();

        assert_eq!(titles, [("d1", "One"), ("d2", ""), ("d3", "")]);
        let asked: Vec<&str> = set
            .questions
            .iter()
            .map(|question| question.text.as_str())
            .collect();

        assert_eq!(asked, ["which one", "which two"]);
        assert_eq!(grades(&set, 0), [("d1", 2)]);
        assert_eq!(grades(&set, 1), [("d2", 1), ("d3", 1)]);
        assert_eq!(set.notices, [""; 0]);
    }

    #[test]
    fn the_header_may_be_absent() {
        let (_, bare) = QRELS.split_once('\n').unwrap();
        assert_eq!(read(CORPUS, QUERIES, bare), read(CORPUS, QUERIES, QRELS));
    }

    #[test]
    fn judgments_may_stand_where_beir_puts_them() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("corpus.jsonl"), CORPUS).unwrap();
        fs::write(folder.path().join("queries.jsonl"), QUERIES).unwrap();
        fs::create_dir(folder.path().join("qrels")).unwrap();
        fs::write(folder.path().join("qrels/test.tsv"), QRELS).unwrap();

        assert_eq!(BeirSet::read(folder.path()).unwrap().questions.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_named_with_file_and_line() {
        let fails = |corpus, queries, qrels, expected: &str| {
            assert_eq!(read(corpus, queries, qrels).unwrap_err(), expected);
        };

        fails(
            "{\"_id\": \"d1\"}\n",
            QUERIES,
            QRELS,
            "corpus.jsonl:1: not the JSON that belongs here, column 13: missing field `text`",
        );

        let twice = CORPUS.repeat(2);
        fails(
            &twice,
            QUERIES,
            QRELS,
            "corpus.jsonl:4: the _id \"d1\" stands on line 1 already; each needs its own",
        );

        let empty = "\n{\"_id\": \"q1\", \"text\": \" \"}";
        fails(
            CORPUS,
            empty,
            QRELS,
            "queries.jsonl:2: question \"q1\" has no text",
        );

        let columns =
            "qrels.tsv:1: 2 columns; query-id, corpus-id and score belong here, with tabs";
        fails(CORPUS, QUERIES, "q1 d1\t1", columns);
        fails(
            CORPUS,
            QUERIES,
            "q1\td1\t1\nq1\td2\tyes",
            "qrels.tsv:2: the score \"yes\" is not a whole number",
        );

        let both =
            "qrels.tsv:2: document \"d1\" was judged 1 for question \"q1\" before and is 2 here";
        fails(CORPUS, QUERIES, "q1\td1\t1\nq1\td1\t2", both);
        let nothing = "qrels.tsv: it names no relevant document for any question of queries.jsonl";
        fails(CORPUS, QUERIES, "q1\td1\t0", nothing);
        fails(CORPUS, QUERIES, "", nothing);
    }

    #[test]
    fn without_gold_nothing_is_left_that_answers() {
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
                .all(|question| question.truth == Truth::Nothing)
        );
    }

    #[test]
    fn an_absent_file_is_named() {
        let error = BeirSet::read(Path::new("no/such/set"))
            .unwrap_err()
            .to_string();

        assert!(
            error.starts_with("cannot read no/such/set/corpus.jsonl: "),
            "{error}"
        );
    }

    #[test]
    fn judgments_that_cannot_be_met_are_said() {
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
                "relevant documents that corpus.jsonl lacks: 1; they count as not found",
                "judged questions that queries.jsonl lacks: 1; they are left out",
            ]
        );
    }
}
