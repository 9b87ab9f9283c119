//! A library's own judgments, as a file of JSON lines that people can read and edit. Each maps a
//! question to the page or heading that answers it.
//!
//! `{"q": "barge state in CCX", "kind": "acronym", "source": "finesse/guide.md", "page": 118}`
//!
//! In a document without pages, `"heading"` replaces `"page"`. `"evidence"` replaces both by the hash
//! of the words that answer (see [`crate::Phrase`]). `"filter"` restricts the search, and `"release"`
//! is the release that the question names in its own words.
//! `"also"` lists alternative locations that are equally correct. `"text_hash"` next to a page or
//! heading shows later whether the passage has changed since it was judged.
//!
//! `{"q": "reset the lost admin password", "unanswerable": true}` states that the library holds no
//! answer. `"split"` separates the questions that a threshold was chosen with (`"calibration"`)
//! from those that measure it (`"test"`).

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;

use mcdewey_core::{ContentHash, SourcePath, VersionScheme, VersionSelector};
use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;

use crate::lines::{for_each_line, parse_json};
use crate::question::GroundTruth;
use crate::{Anchor, EvalError, Location, Phrase, Question, QuestionFilter, Split};

/// The judgments of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgmentSet {
    /// The file's name without its extension.
    pub name: String,
    /// The judgments, in the file's order.
    pub judgments: Vec<Judgment>,
    /// The line number of each judgment.
    pub(crate) lines: Vec<usize>,
}

/// A question and the locations that answer it. `Display` writes it as its line in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "JudgmentLine", into = "JudgmentLine")]
pub struct Judgment {
    pub question: String,
    /// The kind of question: `plain`, `acronym`, `typo`, `error-code`, …
    pub kind: String,
    /// The locations that answer it, each of them completely; empty if the library holds no answer.
    pub places: Vec<Location>,
    pub filter: QuestionFilter,
    /// The release that the question names, as users write it.
    pub release: Option<String>,
    pub split: Option<Split>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JudgmentLine {
    q: String,
    #[serde(default = "default_kind")]
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
    evidence: Option<Phrase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text_hash: Option<ContentHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<Split>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    #[serde(default, skip_serializing_if = "QuestionFilter::is_empty")]
    filter: QuestionFilter,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<LocationLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LocationLine {
    source: SourcePath,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heading: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<Phrase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text_hash: Option<ContentHash>,
}

fn default_kind() -> String {
    "plain".to_owned()
}

impl JudgmentSet {
    /// Reads a file of judgments.
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        let (mut judgments, mut lines) = (Vec::new(), Vec::new());
        let mut first_lines = HashMap::new();
        for_each_line(path, |number, line| {
            let judgment: Judgment = parse_json(line)?;
            if let Some(first) = first_lines.insert(judgment.id(), number) {
                return Err(format!(
                    "line {first} asks the same question; add alternative locations there, \
                     under `also`"
                ));
            }

            judgments.push(judgment);
            lines.push(number);
            Ok(())
        })?;

        if judgments.is_empty() {
            return Err(EvalError::Unusable {
                path: path.to_owned(),
                problem: "the file has no judgments; write one JSON object per line".to_owned(),
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

    /// Returns the questions, in the file's order.
    pub fn questions(&self) -> Vec<Question> {
        self.judgments.iter().map(Judgment::to_question).collect()
    }
}

impl Judgment {
    /// Returns the question with its filter: the same question about two versions is two questions.
    fn id(&self) -> String {
        if self.filter.is_empty() {
            self.question.clone()
        } else {
            format!("{} [{}]", self.question, self.filter)
        }
    }

    fn to_question(&self) -> Question {
        let ground_truth = if self.places.is_empty() {
            GroundTruth::Unanswerable
        } else {
            GroundTruth::Locations(self.places.clone())
        };

        Question {
            id: self.id(),
            text: self.question.clone(),
            kind: Some(self.kind.clone()),
            filter: self.filter.clone(),
            release: self.release.clone(),
            split: self.split,
            ground_truth,
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
            return Err("the `kind` is empty; omit it for a plain question".to_owned());
        }

        for version in line.filter.version.iter().chain(&line.release) {
            check_version(version)?;
        }

        let names_location = line.source.is_some()
            || line.page.is_some()
            || line.heading.is_some()
            || line.evidence.is_some()
            || line.text_hash.is_some()
            || !line.also.is_empty();

        let places = match (line.source, line.unanswerable) {
            (Some(source), false) => {
                let first = LocationLine {
                    source,
                    page: line.page,
                    heading: line.heading,
                    evidence: line.evidence,
                    text_hash: line.text_hash,
                };
                std::iter::once(first)
                    .chain(line.also)
                    .map(Location::try_from)
                    .collect::<Result<_, _>>()?
            }
            (None, false) => {
                return Err(
                    "name the `source` that answers the question, or mark it as `unanswerable`"
                        .to_owned(),
                );
            }
            (_, true) if names_location => {
                return Err("an `unanswerable` question must not name a location".to_owned());
            }
            (_, true) => Vec::new(),
        };

        Ok(Self {
            question: line.q,
            kind: line.kind,
            places,
            filter: line.filter,
            release: line.release,
            split: line.split,
        })
    }
}

impl TryFrom<LocationLine> for Location {
    type Error = String;

    fn try_from(line: LocationLine) -> Result<Self, String> {
        let LocationLine {
            source,
            page,
            heading,
            evidence,
            text_hash,
        } = line;

        let anchor = match (page, heading, evidence) {
            (Some(0), None, None) => {
                return Err(format!("{source} has no page 0; pages count from 1"));
            }
            (Some(page), None, None) => Anchor::Page(page),
            (None, None, Some(phrase)) => Anchor::Evidence(phrase),
            (None, Some(heading), None) if !heading.trim().is_empty() => Anchor::Heading(heading),
            _ => {
                return Err(format!(
                    "name the `page`, the `heading` or the `evidence` in {source} that answers the \
                     question, and only one of them"
                ));
            }
        };

        Ok(Self {
            source,
            anchor,
            text_hash,
        })
    }
}

fn check_version(text: &str) -> Result<(), String> {
    match VersionSelector::parse(text, &VersionScheme::default()) {
        Ok(VersionSelector::Latest) => {
            Err("`latest` changes its meaning over time; name the version".to_owned())
        }
        Ok(VersionSelector::AnyOf(_)) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

impl From<Judgment> for JudgmentLine {
    fn from(judgment: Judgment) -> Self {
        let mut locations = judgment.places.into_iter().map(LocationLine::from);
        let first = locations.next();
        let unanswerable = first.is_none();

        let (source, page, heading, evidence, text_hash) =
            first.map_or((None, None, None, None, None), |location| {
                (
                    Some(location.source),
                    location.page,
                    location.heading,
                    location.evidence,
                    location.text_hash,
                )
            });

        Self {
            q: judgment.question,
            kind: judgment.kind,
            unanswerable,
            source,
            page,
            heading,
            evidence,
            text_hash,
            split: judgment.split,
            release: judgment.release,
            filter: judgment.filter,
            also: locations.collect(),
        }
    }
}

impl From<Location> for LocationLine {
    fn from(location: Location) -> Self {
        let (page, heading, evidence) = match location.anchor {
            Anchor::Page(page) => (Some(page), None, None),
            Anchor::Heading(heading) => (None, Some(heading), None),
            Anchor::Evidence(phrase) => (None, None, Some(phrase)),
        };

        Self {
            source: location.source,
            page,
            heading,
            evidence,
            text_hash: location.text_hash,
        }
    }
}

impl fmt::Display for Judgment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut line, SpacedFormatter);
        self.serialize(&mut serializer).map_err(|_| fmt::Error)?;

        f.write_str(&String::from_utf8(line).map_err(|_| fmt::Error)?)
    }
}

/// Writes JSON on one line with a space after `,` and `:`, as people write it.
struct SpacedFormatter;

impl Formatter for SpacedFormatter {
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
mod tests;
