//! Test sets in BEIR format: a folder with `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`.
//!
//! The caller indexes the documents, whole or split into chunks; hits count for their document.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::lines::{for_each_line, parse_json};
use crate::question::GroundTruth;
use crate::{EvalError, Question, QuestionFilter};

/// A test set in BEIR format.
#[derive(Debug, Clone, PartialEq)]
pub struct BeirSet {
    /// The folder's name.
    pub name: String,
    /// The documents to search.
    pub documents: Vec<BeirDocument>,
    /// The questions that have a relevant document, in the order of `queries.jsonl`.
    pub questions: Vec<Question>,
    /// Defects of the set that affect the scores.
    pub notices: Vec<String>,
}

/// A document of a test set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeirDocument {
    /// The `_id`.
    pub id: String,
    /// May be empty.
    pub title: String,
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

/// The grade of each judged document, by question.
type Qrels = HashMap<String, HashMap<String, u32>>;

impl BeirSet {
    /// Reads the set in `folder`. Without a `qrels.tsv`, the judgments are read from
    /// `qrels/test.tsv`, where BEIR's own distributions have them.
    pub fn read(folder: &Path) -> Result<Self, EvalError> {
        let documents = read_documents(&folder.join("corpus.jsonl"))?;
        let queries = read_queries(&folder.join("queries.jsonl"))?;
        let qrels_path = qrels_path(folder);
        let mut qrels = read_qrels(&qrels_path)?;
        let notices = notices(&documents, &queries, &qrels);

        let questions: Vec<Question> = queries
            .into_iter()
            .filter_map(|query| {
                let grades = qrels.remove(&query.id)?;
                judged_question(query, grades)
            })
            .collect();
        if questions.is_empty() {
            return Err(EvalError::Unusable {
                path: qrels_path,
                problem: "no question of queries.jsonl has a relevant document".to_owned(),
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

    /// Removes the documents that are relevant to any question. All questions become unanswerable,
    /// and an ideal search declines them all.
    #[must_use]
    pub fn without_gold(mut self) -> Self {
        let mut gold = HashSet::new();
        for question in &mut self.questions {
            let ground_truth =
                std::mem::replace(&mut question.ground_truth, GroundTruth::Unanswerable);
            if let GroundTruth::Documents(grades) = ground_truth {
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
    let preferred = folder.join("qrels.tsv");
    let distributed = folder.join("qrels").join("test.tsv");

    // If both are missing, the error names the preferred one.
    if !preferred.exists() && distributed.exists() {
        distributed
    } else {
        preferred
    }
}

fn read_documents(path: &Path) -> Result<Vec<BeirDocument>, EvalError> {
    let mut documents = Vec::new();
    let mut first_lines = HashMap::new();
    for_each_line(path, |number, line| {
        let line: DocumentLine = parse_json(line)?;
        check_unique(&mut first_lines, &line.id, number)?;
        documents.push(BeirDocument {
            id: line.id,
            title: line.title.unwrap_or_default(),
            text: line.text,
        });
        Ok(())
    })?;

    Ok(documents)
}

fn read_queries(path: &Path) -> Result<Vec<QueryLine>, EvalError> {
    let mut queries = Vec::new();
    let mut first_lines = HashMap::new();
    for_each_line(path, |number, line| {
        let query: QueryLine = parse_json(line)?;
        check_unique(&mut first_lines, &query.id, number)?;
        if query.text.trim().is_empty() {
            return Err(format!("question {:?} has no text", query.id));
        }
        queries.push(query);
        Ok(())
    })?;

    Ok(queries)
}

fn check_unique(
    first_lines: &mut HashMap<String, usize>,
    id: &str,
    line: usize,
) -> Result<(), String> {
    match first_lines.insert(id.to_owned(), line) {
        Some(first) => Err(format!(
            "duplicate _id {id:?}, already used on line {first}; ids must be unique"
        )),
        None => Ok(()),
    }
}

fn read_qrels(path: &Path) -> Result<Qrels, EvalError> {
    let mut qrels = Qrels::new();
    for_each_line(path, |number, line| {
        let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
        let &[query, document, score] = columns.as_slice() else {
            return Err(format!(
                "found {} columns, expected 3 separated by tabs: query-id, corpus-id and score",
                columns.len()
            ));
        };

        let Ok(score) = score.parse::<i64>() else {
            // The first line may hold the column names.
            return if number == 1 {
                Ok(())
            } else {
                Err(format!("the score {score:?} is not a whole number"))
            };
        };

        // Sets mark documents that were judged irrelevant with 0 or less.
        let grade =
            u32::try_from(score.max(0)).map_err(|_| format!("the score {score} is too large"))?;
        let previous = qrels
            .entry(query.to_owned())
            .or_default()
            .insert(document.to_owned(), grade);

        match previous {
            Some(previous) if previous != grade => Err(format!(
                "conflicting grades for document {document:?} and question {query:?}: \
                 {previous} on an earlier line, {grade} here"
            )),
            _ => Ok(()),
        }
    })?;

    Ok(qrels)
}

/// Returns the question with its relevant documents, or `None` if there are none.
fn judged_question(query: QueryLine, mut grades: HashMap<String, u32>) -> Option<Question> {
    grades.retain(|_, grade| *grade > 0);
    if grades.is_empty() {
        return None;
    }

    Some(Question {
        id: query.id,
        text: query.text,
        kind: None,
        filter: QuestionFilter::default(),
        release: None,
        split: None,
        ground_truth: GroundTruth::Documents(grades),
    })
}

/// Reports judgments that no search can satisfy. They are not an error, because part of a public
/// set is often all there is, but they lower the scores.
fn notices(documents: &[BeirDocument], queries: &[QueryLine], qrels: &Qrels) -> Vec<String> {
    let documents: HashSet<&str> = documents
        .iter()
        .map(|document| document.id.as_str())
        .collect();
    let queries: HashSet<&str> = queries.iter().map(|query| query.id.as_str()).collect();
    let (judged, without_query): (Vec<_>, Vec<_>) = qrels
        .iter()
        .partition(|(query, _)| queries.contains(query.as_str()));

    let missing_documents = judged
        .iter()
        .flat_map(|(_, grades)| grades.iter())
        .filter(|(id, grade)| **grade > 0 && !documents.contains(id.as_str()))
        .count();

    let mut notices = Vec::new();
    if missing_documents > 0 {
        notices.push(format!(
            "relevant documents missing from corpus.jsonl: {missing_documents}; \
             they count as not found"
        ));
    }

    if !without_query.is_empty() {
        notices.push(format!(
            "judged questions missing from queries.jsonl: {}; they are skipped",
            without_query.len()
        ));
    }

    notices
}

#[cfg(test)]
mod tests;
