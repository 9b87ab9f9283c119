//! Test sets of whole texts and the exact spans that answer questions: a folder with a table of
//! questions (`question`, `references`, `corpus_id`) and a text `<corpus_id>.md` for each id.
//!
//! `references` is JSON, `[{"content": "…", "start_index": 10, "end_index": 25}]`, counted in
//! characters. The caller indexes the texts whole; how they are split into chunks is what such a
//! set measures.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::lines::parse_json;
use crate::question::GroundTruth;
use crate::{EvalError, Question, QuestionFilter};

/// A test set of whole texts.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanSet {
    /// The folder's name.
    pub name: String,
    /// The whole texts to search, by id.
    pub texts: BTreeMap<String, String>,
    /// The questions, in the table's order.
    pub questions: Vec<Question>,
    /// Defects of the set that affect the scores.
    pub notices: Vec<String>,
}

#[derive(Deserialize)]
struct QuestionRow {
    question: String,
    references: String,
    corpus_id: String,
}

#[derive(Deserialize)]
struct Reference {
    content: String,
    start_index: usize,
    end_index: usize,
}

const COLUMNS: [&str; 3] = ["question", "references", "corpus_id"];

impl SpanSet {
    /// Finds the table of questions in `folder`, whatever its name; `None` if there is none and the
    /// folder is a different kind of set.
    pub fn find_table(folder: &Path) -> Result<Option<PathBuf>, EvalError> {
        let mut tables = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| read_error(folder, error))? {
            let path = entry.map_err(|error| read_error(folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "csv") && has_columns(&path)? {
                tables.push(path);
            }
        }

        match tables.len() {
            0 | 1 => Ok(tables.pop()),
            count => Err(EvalError::Unusable {
                path: folder.to_owned(),
                problem: format!(
                    "found {count} tables with the columns {}, expected one",
                    COLUMNS.join(", ")
                ),
            }),
        }
    }

    /// Reads the set whose questions are in `table`; the texts are in the same folder.
    pub fn read(table: &Path) -> Result<Self, EvalError> {
        let folder = table.parent().unwrap_or(Path::new(""));
        let mut texts: BTreeMap<String, Vec<char>> = BTreeMap::new();
        let mut questions = Vec::new();
        let mut misplaced = 0;

        let mut rows = open_table(table)?;
        let headers = rows
            .headers()
            .map_err(|error| csv_error(table, &error))?
            .clone();

        for record in rows.records() {
            let record = record.map_err(|error| csv_error(table, &error))?;
            let at_record = |problem: String| EvalError::Line {
                path: table.to_owned(),
                line: record
                    .position()
                    .map_or(0, |position| position.line() as usize),
                problem,
            };

            let row: QuestionRow = record
                .deserialize(Some(&headers))
                .map_err(|error| at_record(error.to_string()))?;

            let text = match texts.entry(row.corpus_id.clone()) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    check_file_name(&row.corpus_id).map_err(at_record)?;
                    entry.insert(read_text(folder, &row.corpus_id)?)
                }
            };

            let references: Vec<Reference> = parse_json(&row.references).map_err(at_record)?;
            misplaced += references
                .iter()
                .filter(|reference| !reference.matches(text))
                .count();

            // The same words may be asked of two texts, so questions are identified by position.
            let number = questions.len() + 1;
            questions.push(question(row, &references, text, number).map_err(at_record)?);
        }

        if questions.is_empty() {
            return Err(EvalError::Unusable {
                path: table.to_owned(),
                problem: "the table has no questions".to_owned(),
            });
        }

        let mut notices = Vec::new();
        if misplaced > 0 {
            notices.push(format!(
                "references whose content is not at their position: {misplaced}; \
                 the position counts"
            ));
        }

        let name = folder
            .file_name()
            .unwrap_or(folder.as_os_str())
            .to_string_lossy()
            .into_owned();

        let texts = texts
            .into_iter()
            .map(|(id, text)| (id, text.into_iter().collect()))
            .collect();

        Ok(Self {
            name,
            texts,
            questions,
            notices,
        })
    }
}

impl Reference {
    /// Reports whether the content is in the text at the stated position.
    fn matches(&self, text: &[char]) -> bool {
        text.get(self.start_index..self.end_index)
            .is_some_and(|span| span.iter().copied().eq(self.content.chars()))
    }

    /// Returns the range of the reference; fails if it is empty or not within the text.
    fn span(&self, corpus_id: &str, text: &[char]) -> Result<Range<usize>, String> {
        let (start, end) = (self.start_index, self.end_index);
        if start < end && end <= text.len() {
            return Ok(start..end);
        }

        Err(format!(
            "{start} to {end} is not a valid span of {corpus_id}.md, which has {} characters",
            text.len()
        ))
    }
}

fn question(
    row: QuestionRow,
    references: &[Reference],
    text: &[char],
    number: usize,
) -> Result<Question, String> {
    if row.question.trim().is_empty() {
        return Err("the question is empty".to_owned());
    }

    if references.is_empty() {
        return Err("the question has no references".to_owned());
    }

    let spans = references
        .iter()
        .map(|reference| {
            let span = reference.span(&row.corpus_id, text)?;
            Ok((row.corpus_id.clone(), span))
        })
        .collect::<Result<_, String>>()?;

    Ok(Question {
        id: number.to_string(),
        text: row.question,
        kind: Some(row.corpus_id),
        filter: QuestionFilter::default(),
        release: None,
        split: None,
        ground_truth: GroundTruth::Spans(spans),
    })
}

/// Rejects ids that would lead out of the set's folder.
fn check_file_name(id: &str) -> Result<(), String> {
    if Path::new(id).file_name().is_some_and(|name| name == id) {
        Ok(())
    } else {
        Err(format!("the corpus_id {id:?} is not a file name"))
    }
}

fn read_text(folder: &Path, id: &str) -> Result<Vec<char>, EvalError> {
    let path = folder.join(format!("{id}.md"));
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.chars().collect()),
        Err(error) => Err(read_error(&path, error)),
    }
}

fn open_table(table: &Path) -> Result<csv::Reader<fs::File>, EvalError> {
    csv::Reader::from_path(table).map_err(|error| csv_error(table, &error))
}

fn has_columns(table: &Path) -> Result<bool, EvalError> {
    let mut rows = open_table(table)?;
    let headers = rows.headers().map_err(|error| csv_error(table, &error))?;

    Ok(COLUMNS
        .iter()
        .all(|column| headers.iter().any(|header| header == *column)))
}

fn read_error(path: &Path, error: std::io::Error) -> EvalError {
    EvalError::Read {
        path: path.to_owned(),
        error,
    }
}

fn csv_error(table: &Path, error: &csv::Error) -> EvalError {
    let line = error
        .position()
        .map_or(1, |position| position.line() as usize);

    EvalError::Line {
        path: table.to_owned(),
        line,
        problem: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
