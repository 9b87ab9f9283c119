//! Test sets of whole texts and the exact stretches that answer: a folder with a table of questions (`question`,
//! `references`, `corpus_id`) and a text `<corpus_id>.md` for each id.
//!
//! `references` is JSON, `[{"content": "…", "start_index": 10, "end_index": 25}]`, counted in characters. The texts are
//! for the caller to index whole; how they are cut is what such a set measures.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::lines::from_json;
use crate::question::Truth;
use crate::{EvalError, Question, QuestionFilter};

/// A test set.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanSet {
    /// The folder's name.
    pub name: String,
    /// What to search in, by id: the whole texts.
    pub texts: BTreeMap<String, String>,
    /// The questions, in the table's order.
    pub questions: Vec<Question>,
    /// What whoever reads the figures should know of the set.
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
    /// The table of questions in `folder`, whatever its name; `None` when it has none and is another kind of set.
    pub fn table_in(folder: &Path) -> Result<Option<PathBuf>, EvalError> {
        let unreadable = |error| EvalError::Read {
            path: folder.to_owned(),
            error,
        };
        let mut tables = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "csv") && has_columns(&path)? {
                tables.push(path);
            }
        }

        match tables.len() {
            0 | 1 => Ok(tables.pop()),
            count => {
                let problem = format!(
                    "{count} tables have the columns {}; one belongs here",
                    COLUMNS.join(", ")
                );
                Err(EvalError::Nothing {
                    path: folder.to_owned(),
                    problem,
                })
            }
        }
    }

    /// Reads the set whose questions stand in `table`; the texts are beside it.
    pub fn read(table: &Path) -> Result<Self, EvalError> {
        let folder = table.parent().unwrap_or(Path::new(""));
        let mut texts: BTreeMap<String, Vec<char>> = BTreeMap::new();
        let mut questions = Vec::new();
        let mut misplaced = 0;
        let mut rows = reader(table)?;

        let headers = rows
            .headers()
            .map_err(|error| unusable(table, &error))?
            .clone();

        for record in rows.records() {
            let record = record.map_err(|error| unusable(table, &error))?;
            let line = record
                .position()
                .map_or(0, |position| position.line() as usize);

            let bad = |problem: String| EvalError::Line {
                path: table.to_owned(),
                line,
                problem,
            };

            let row: QuestionRow = record
                .deserialize(Some(&headers))
                .map_err(|error| bad(error.to_string()))?;

            if !texts.contains_key(&row.corpus_id) {
                texts.insert(
                    row.corpus_id.clone(),
                    text(folder, &row.corpus_id).map_err(|error| match error {
                        TextError::Name(problem) => bad(problem),
                        TextError::File(error) => error,
                    })?,
                );
            }

            let text = &texts[&row.corpus_id];
            let references: Vec<Reference> = from_json(&row.references).map_err(bad)?;
            misplaced += references
                .iter()
                .filter(|reference| !reference.is_in(text))
                .count();
            questions.push(question(row, references, text, questions.len() + 1).map_err(bad)?);
        }

        if questions.is_empty() {
            let problem = "there is no question in it".to_owned();
            return Err(EvalError::Nothing {
                path: table.to_owned(),
                problem,
            });
        }

        let mut notices = Vec::new();
        if misplaced > 0 {
            notices.push(format!(
                "references whose words are not where they say: {misplaced}; the place counts"
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
    fn is_in(&self, text: &[char]) -> bool {
        let stretch = text.get(self.start_index..self.end_index);
        stretch.is_some_and(|stretch| stretch.iter().copied().eq(self.content.chars()))
    }
}

/// Questions are known by their place in the table: the same words may be asked of two texts.
fn question(
    row: QuestionRow,
    references: Vec<Reference>,
    text: &[char],
    number: usize,
) -> Result<Question, String> {
    if row.question.trim().is_empty() {
        return Err("the question is empty".to_owned());
    }

    if references.is_empty() {
        return Err("no stretch answers the question".to_owned());
    }

    let span = |Reference {
                    start_index: start,
                    end_index: end,
                    ..
                }: Reference| {
        if start < end && end <= text.len() {
            return Ok((row.corpus_id.clone(), start..end));
        }
        Err(format!(
            "{start} to {end} is no stretch of {}.md, which has {} characters",
            row.corpus_id,
            text.len()
        ))
    };

    Ok(Question {
        id: number.to_string(),
        text: row.question.clone(),
        kind: Some(row.corpus_id.clone()),
        filter: QuestionFilter::default(),
        split: None,
        truth: Truth::Spans(references.into_iter().map(span).collect::<Result<_, _>>()?),
    })
}

enum TextError {
    Name(String),
    File(EvalError),
}

fn text(folder: &Path, id: &str) -> Result<Vec<char>, TextError> {
    if Path::new(id).file_name().is_none_or(|name| name != id) {
        return Err(TextError::Name(format!(
            "the corpus_id {id:?} is no file's name"
        )));
    }

    let path = folder.join(format!("{id}.md"));
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.chars().collect()),
        Err(error) => Err(TextError::File(EvalError::Read { path, error })),
    }
}

fn reader(table: &Path) -> Result<csv::Reader<fs::File>, EvalError> {
    csv::Reader::from_path(table).map_err(|error| unusable(table, &error))
}

fn has_columns(table: &Path) -> Result<bool, EvalError> {
    let mut rows = reader(table)?;
    let headers = rows.headers().map_err(|error| unusable(table, &error))?;
    Ok(COLUMNS
        .iter()
        .all(|column| headers.iter().any(|header| header == *column)))
}

fn unusable(table: &Path, error: &csv::Error) -> EvalError {
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
mod tests {
    use super::*;

    const ROWS: &str = "question,references,corpus_id,note\n\
        who opens,\"[{\"\"content\"\": \"\"Tür\"\", \"\"start_index\"\": 4, \"\"end_index\"\": 7}]\",door,x\n\
        who opens,\"[{\"\"content\"\": \"\"nobody\"\", \"\"start_index\"\": 0, \"\"end_index\"\": 3}]\",gate,\n";

    fn read(rows: &str) -> Result<SpanSet, String> {
        let folder = tempfile::tempdir().unwrap();
        let set = folder.path().join("small");
        fs::create_dir(&set).unwrap();
        fs::write(set.join("asked.csv"), rows).unwrap();
        fs::write(set.join("other.csv"), "question,answer\n").unwrap();
        fs::write(set.join("door.md"), "Die Tür öffnet").unwrap();
        fs::write(set.join("gate.md"), "the gate").unwrap();
        let table = SpanSet::table_in(&set).unwrap().expect("a table");
        let prefix = format!("{}/", set.display());

        SpanSet::read(&table).map_err(|error| error.to_string().replace(&prefix, ""))
    }

    #[test]
    fn a_set_is_its_texts_and_questions_with_stretches() {
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
            set.questions[0].truth,
            Truth::Spans(vec![("door".to_owned(), 4..7)])
        );
        assert_eq!(
            set.notices,
            ["references whose words are not where they say: 1; the place counts"]
        );
    }

    #[test]
    fn a_folder_without_such_a_table_is_another_kind_of_set() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.csv"), "question,answer\n").unwrap();
        assert_eq!(SpanSet::table_in(folder.path()).unwrap(), None);

        for name in ["b.csv", "c.csv"] {
            fs::write(folder.path().join(name), ROWS).unwrap();
        }

        assert!(
            SpanSet::table_in(folder.path())
                .unwrap_err()
                .to_string()
                .contains("2 tables have the columns")
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let fails = |row: &str, expected: &str| {
            let error = read(&format!("{ROWS}{row}\n")).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };

        let reference = |end| {
            format!(
                "\"[{{\"\"content\"\": \"\"\"\", \"\"start_index\"\": 2, \"\"end_index\"\": {end}}}]\""
            )
        };

        fails(
            &format!("a,{},gate,", reference(9)),
            "asked.csv:4: 2 to 9 is no stretch of gate.md, which has 8 characters",
        );

        fails(
            &format!("a,{},gate,", reference(2)),
            "asked.csv:4: 2 to 2 is no stretch",
        );

        fails(
            &format!(" ,{},gate,", reference(3)),
            "asked.csv:4: the question is empty",
        );
        fails("a,[],gate,", "asked.csv:4: no stretch answers");
        fails("a,x,gate,", "asked.csv:4: not the JSON that belongs here");

        fails(
            "a,[],../gate,",
            "the corpus_id \"../gate\" is no file's name",
        );
        fails("a,[],wall,", "cannot read wall.md");
        fails("a,b", "asked.csv:4");

        assert_eq!(
            read("question,references,corpus_id\n").unwrap_err(),
            "asked.csv: there is no question in it"
        );
    }
}
