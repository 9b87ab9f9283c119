//! A library's own judgments: one JSON object a line, question → page or heading, for people to read and edit.
//!
//! `{"q": "barge state in CCX", "kind": "acronym", "source": "finesse/v12.5/guide.md", "page": 118}`; in a document
//! without pages `"heading"` takes the place of `"page"`; `"filter"` limits the answer; `"also"` lists places that are
//! equally right; `"text_hash"` beside a page or heading tells when the passage has changed since it was judged.
//!
//! `{"q": "reset the lost admin password", "unanswerable": true}` says that the library holds no answer. `"split"`
//! keeps questions that a threshold was chosen by (`"calibration"`) apart from those that measure it (`"test"`).

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;

use mcdewey_core::{ContentHash, SourcePath, VersionScheme, VersionSelector};
use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;

use crate::lines::{for_each_line, from_json};
use crate::question::Truth;
use crate::{EvalError, Place, Question, QuestionFilter, Split, Spot};

/// The judgments of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgmentSet {
    /// The file's name without its extension.
    pub name: String,
    /// The judgments, in the file's order.
    pub judgments: Vec<Judgment>,
    /// The line that each stands on.
    pub(crate) lines: Vec<usize>,
}

/// A question and the places that answer it. Written with `Display` it is its line in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "JudgmentLine", into = "JudgmentLine")]
pub struct Judgment {
    /// The question, as people ask it.
    pub question: String,
    /// Which kind of question it is: `plain`, `acronym`, `typo`, `error-code`, …
    pub kind: String,
    /// The places that answer it, each of them in full; none when the library holds no answer.
    pub places: Vec<Place>,
    /// What the answer is limited to.
    pub filter: QuestionFilter,
    /// What the question may be used for.
    pub split: Option<Split>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JudgmentLine {
    q: String,
    #[serde(default = "plain")]
    kind: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unanswerable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<SourcePath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heading: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text_hash: Option<ContentHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<Split>,
    #[serde(default, skip_serializing_if = "QuestionFilter::is_empty")]
    filter: QuestionFilter,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<PlaceLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceLine {
    source: SourcePath,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heading: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text_hash: Option<ContentHash>,
}

fn plain() -> String {
    "plain".to_owned()
}

impl JudgmentSet {
    /// Reads a file of judgments.
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        let (mut judgments, mut lines) = (Vec::new(), Vec::new());
        let mut known = HashMap::new();
        for_each_line(path, |number, line| {
            let judgment: Judgment = from_json(line)?;
            if let Some(before) = known.insert(judgment.id(), number) {
                return Err(format!(
                    "line {before} asks the same; list a further right place there, under `also`"
                ));
            }

            judgments.push(judgment);
            lines.push(number);
            Ok(())
        })?;

        if judgments.is_empty() {
            let problem = "there is no judgment in it; write one JSON object a line".to_owned();
            return Err(EvalError::Nothing {
                path: path.to_owned(),
                problem,
            });
        }

        let name = path
            .file_stem()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned();

        Ok(Self {
            name,
            judgments,
            lines,
        })
    }

    /// The questions, in the file's order.
    pub fn questions(&self) -> Vec<Question> {
        self.judgments.iter().map(Judgment::to_question).collect()
    }
}

impl Judgment {
    /// The question with its filter: the same question asked of two releases is two questions.
    fn id(&self) -> String {
        if self.filter.is_empty() {
            self.question.clone()
        } else {
            format!("{} [{}]", self.question, self.filter)
        }
    }

    fn to_question(&self) -> Question {
        let truth = if self.places.is_empty() {
            Truth::Nothing
        } else {
            Truth::Places(self.places.clone())
        };

        Question {
            id: self.id(),
            text: self.question.clone(),
            kind: Some(self.kind.clone()),
            filter: self.filter.clone(),
            split: self.split,
            truth,
        }
    }
}

impl TryFrom<JudgmentLine> for Judgment {
    type Error = String;

    fn try_from(line: JudgmentLine) -> Result<Self, String> {
        if line.q.trim().is_empty() {
            return Err("the question `q` is empty".to_owned());
        }

        if line.kind.trim().is_empty() {
            return Err("the `kind` is empty; leave it out for a plain question".to_owned());
        }

        check_version(&line.filter)?;
        let JudgmentLine {
            page,
            heading,
            text_hash,
            also,
            ..
        } = line;

        let places = match (line.source, line.unanswerable) {
            (Some(source), false) => {
                let first = PlaceLine {
                    source,
                    page,
                    heading,
                    text_hash,
                };

                std::iter::once(first)
                    .chain(also)
                    .map(place)
                    .collect::<Result<_, _>>()?
            }
            (None, true)
                if page.is_none()
                    && heading.is_none()
                    && text_hash.is_none()
                    && also.is_empty() =>
            {
                Vec::new()
            }
            (_, true) => {
                return Err("an `unanswerable` question has no place that answers it".to_owned());
            }
            (None, false) => {
                return Err(
                    "name the `source` that answers, or say that the question is `unanswerable`"
                        .to_owned(),
                );
            }
        };

        Ok(Self {
            question: line.q,
            kind: line.kind,
            places,
            filter: line.filter,
            split: line.split,
        })
    }
}

fn place(line: PlaceLine) -> Result<Place, String> {
    let PlaceLine {
        source,
        page,
        heading,
        text_hash,
    } = line;

    let spot = match (page, heading) {
        (Some(0), None) => return Err(format!("pages count from 1, {source} has no page 0")),
        (Some(page), None) => Spot::Page(page),
        (None, Some(heading)) if !heading.trim().is_empty() => Spot::Heading(heading),
        _ => {
            return Err(format!(
                "name either the `page` or the `heading` in {source} that answers"
            ));
        }
    };

    Ok(Place {
        source,
        spot,
        text_hash,
    })
}

fn check_version(filter: &QuestionFilter) -> Result<(), String> {
    let Some(text) = &filter.version else {
        return Ok(());
    };

    match VersionSelector::parse(text, &VersionScheme::default()) {
        Ok(VersionSelector::Latest) => {
            Err("`latest` is another release tomorrow; name the release".to_owned())
        }
        Ok(VersionSelector::AnyOf(_)) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

impl From<Judgment> for JudgmentLine {
    fn from(judgment: Judgment) -> Self {
        let mut places = judgment.places.into_iter().map(PlaceLine::from);
        let first = places.next();
        let unanswerable = first.is_none();

        let (source, page, heading, text_hash) = first.map_or((None, None, None, None), |place| {
            (
                Some(place.source),
                place.page,
                place.heading,
                place.text_hash,
            )
        });

        Self {
            q: judgment.question,
            kind: judgment.kind,
            unanswerable,
            source,
            page,
            heading,
            text_hash,
            split: judgment.split,
            filter: judgment.filter,
            also: places.collect(),
        }
    }
}

impl From<Place> for PlaceLine {
    fn from(place: Place) -> Self {
        let (page, heading) = match place.spot {
            Spot::Page(page) => (Some(page), None),
            Spot::Heading(heading) => (None, Some(heading)),
        };

        Self {
            source: place.source,
            page,
            heading,
            text_hash: place.text_hash,
        }
    }
}

impl fmt::Display for Judgment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Vec::new();
        self.serialize(&mut serde_json::Serializer::with_formatter(
            &mut line, Spaced,
        ))
        .map_err(|_| fmt::Error)?;

        f.write_str(&String::from_utf8(line).map_err(|_| fmt::Error)?)
    }
}

/// JSON on one line with a space behind `,` and `:`, as people write it.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LINES: &str = r#"{"q": "barge state in CCX", "kind": "acronym", "source": "finesse/g.md", "page": 118}
{"q": "port", "kind": "version-pair", "source": "kafka/39/o.md", "page": 4, "filter": {"product": "kafka", "version": "3.9"}}
{"q": "port", "kind": "version-pair", "source": "kafka/0110/o.md", "page": 5, "filter": {"product": "kafka", "version": "0.11.0"}}
{"q": "no \"sound\"", "kind": "plain", "source": "notes/a.md", "heading": "Procedure", "also": [{"source": "notes/a.md", "heading": "Cause"}, {"source": "b.md", "page": 1}]}
{"q": "who won", "kind": "foreign", "unanswerable": true, "split": "calibration"}
"#;

    fn read(text: &str) -> Result<JudgmentSet, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relevance.jsonl");
        fs::write(&path, text).unwrap();
        let prefix = format!("{}/", folder.path().display());
        JudgmentSet::read(&path).map_err(|error| error.to_string().replace(&prefix, ""))
    }

    #[test]
    fn a_file_written_back_is_the_same() {
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
    fn a_question_carries_kind_filter_and_every_right_place() {
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
                "who won"
            ]
        );
        assert_eq!(questions[0].kind.as_deref(), Some("acronym"));
        assert_eq!(questions[1].filter.version.as_deref(), Some("3.9"));

        let Truth::Places(places) = &questions[3].truth else {
            panic!("no places")
        };
        assert_eq!(places.len(), 3);
        assert_eq!(places[0].spot, Spot::Heading("Procedure".to_owned()));
        assert_eq!(
            places[2],
            Place {
                source: "b.md".parse().unwrap(),
                spot: Spot::Page(1),
                text_hash: None
            }
        );
        assert_eq!(
            (&questions[4].truth, questions[4].split),
            (&Truth::Nothing, Some(Split::Calibration))
        );
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

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let fails = |line: &str, expected: &str| {
            let error = read(&format!("{LINES}\n{line}\n")).unwrap_err();
            assert!(
                error.starts_with("relevance.jsonl:7: ") && error.contains(expected),
                "{error}"
            );
        };

        fails("{", "EOF while parsing");
        fails(
            r#"{"q": "a"}"#,
            "name the `source` that answers, or say that the question is `unanswerable`",
        );

        fails(
            r#"{"q": "a", "source": "a.md", "page": 1, "unanswerable": true}"#,
            "has no place that answers it",
        );

        fails(
            r#"{"q": "a", "page": 1, "unanswerable": true}"#,
            "has no place that answers it",
        );

        fails(
            r#"{"q": "a", "unanswerable": true, "split": "train"}"#,
            "unknown variant `train`",
        );

        fails(
            r#"{"q": "a", "source": "a.md", "page": 1, "text_hash": "ab"}"#,
            "not a valid content hash",
        );

        fails(
            r#"{"q": "a", "source": "a.md"}"#,
            "name either the `page` or the `heading` in a.md",
        );

        fails(
            r#"{"q": "a", "source": "a.md", "page": 1, "heading": "A"}"#,
            "name either the `page`",
        );

        fails(
            r#"{"q": "a", "source": "a.md", "page": 1, "also": [{"source": "b.md"}]}"#,
            "in b.md that answers",
        );

        fails(
            r#"{"q": "a", "source": "a.md", "page": 0}"#,
            "a.md has no page 0",
        );

        fails(
            r#"{"q": "a", "source": "../a.md", "page": 1}"#,
            "not a valid source path",
        );
        fails(r#"{"q": " ", "source": "a.md", "page": 1}"#, "`q` is empty");
        fails(
            r#"{"q": "a", "kind": "", "source": "a.md", "page": 1}"#,
            "`kind` is empty",
        );

        fails(
            r#"{"q": "a", "source": "a.md", "pgae": 1}"#,
            "unknown field `pgae`",
        );

        fails(
            r#"{"q": "a", "source": "a.md", "page": 1, "filter": {"prodct": "x"}}"#,
            "unknown field `prodct`",
        );

        fails(
            r#"{"q": "a", "source": "a.md", "page": 1, "filter": {"version": "latest"}}"#,
            "name the release",
        );

        fails(
            r#"{"q": "a", "source": "a.md", "page": 1, "filter": {"version": ","}}"#,
            "not a valid version",
        );

        fails(
            r#"{"q": "barge state in CCX", "source": "b.md", "page": 1}"#,
            "line 1 asks the same",
        );
    }

    #[test]
    fn an_empty_file_is_an_error() {
        assert!(
            read("\n")
                .unwrap_err()
                .starts_with("relevance.jsonl: there is no judgment in it")
        );
    }
}
