//! Readers' feedback on hits, stored as judgments in a file that `mcdewey eval` uses and people may
//! edit.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use mcdewey_core::{EndorsedLocation, Endorsement, KeepFeedback, SourcePath};
use mcdewey_eval::{Anchor, Judgment, JudgmentSet, Location, QuestionFilter};
use mcdewey_files::atomic_file;

/// The file's name in the data directory.
const FILE: &str = "feedback.jsonl";
/// The `kind` of these judgments.
const KIND: &str = "feedback";
/// The maximum number of judgments. A library with more should have a curated set of questions.
const MAX_JUDGMENTS: usize = 10_000;

/// A file of judgments.
#[derive(Debug)]
pub struct FeedbackFile {
    path: PathBuf,
    /// Held while the file is read and rewritten.
    write_lock: Mutex<()>,
}

impl FeedbackFile {
    /// The path of the file in a data directory.
    pub fn path_in(data_dir: &Path) -> PathBuf {
        data_dir.join(FILE)
    }

    /// The file in this data directory. It is created with the first judgment.
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self::new(Self::path_in(data_dir))
    }

    fn new(path: PathBuf) -> Self {
        Self {
            path,
            write_lock: Mutex::default(),
        }
    }

    /// Removes the locations in these documents from all judgments, and judgments without any other
    /// location. Every other line stays as it is, even one that cannot be parsed. Returns how many
    /// judgments were changed or removed.
    pub(crate) fn forget(&self, sources: &[SourcePath]) -> Result<u64> {
        let _guard = self
            .write_lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.remove_abandoned_copies()?;

        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("{} cannot be read", self.path.display()));
            }
        };

        let (mut kept, mut changed) = (Vec::new(), 0);
        for line in text.lines() {
            match without_sources(line, sources) {
                None => kept.push(line.to_owned()),
                Some(remaining) => {
                    changed += 1;
                    kept.extend(remaining.map(|judgment| judgment.to_string()));
                }
            }
        }

        if changed > 0 {
            write(&self.path, &kept)?;
        }

        Ok(changed)
    }

    /// Deletes copies of the judgments that killed writers left behind.
    pub(crate) fn remove_abandoned_copies(&self) -> Result<()> {
        atomic_file::remove_abandoned(&self.path).with_context(|| {
            format!(
                "unfinished copies of {} cannot be deleted",
                self.path.display()
            )
        })
    }

    fn add(&self, endorsement: &Endorsement) -> Result<()> {
        let mut judgments = read(&self.path)?;
        add_endorsement(&mut judgments, endorsement);
        ensure!(
            judgments.len() <= MAX_JUDGMENTS,
            "{} already contains {MAX_JUDGMENTS} judgments, which is the maximum",
            self.path.display()
        );

        write(&self.path, &judgments)
    }
}

impl KeepFeedback for FeedbackFile {
    fn keep(&self, endorsement: &Endorsement) -> Result<(), String> {
        let _guard = self
            .write_lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.add(endorsement).map_err(|error| format!("{error:#}"))
    }
}

fn read(path: &Path) -> Result<Vec<Judgment>> {
    let is_empty = std::fs::metadata(path).map_or(true, |file| file.len() == 0);
    if is_empty {
        Ok(Vec::new())
    } else {
        Ok(JudgmentSet::read(path)?.judgments)
    }
}

/// Removes the locations in these documents from a line. Returns `None` if it has none, and
/// `Some(None)` if it has no others.
fn without_sources(line: &str, sources: &[SourcePath]) -> Option<Option<Judgment>> {
    let mut judgment: Judgment = serde_json::from_str(line).ok()?;
    let count_before = judgment.places.len();
    judgment
        .places
        .retain(|location| !sources.contains(&location.source));

    (judgment.places.len() < count_before)
        .then(|| Some(judgment).filter(|judgment| !judgment.places.is_empty()))
}

/// Adds a location to the judgment of a known question, or a new judgment. The hash of a known
/// location is updated.
fn add_endorsement(judgments: &mut Vec<Judgment>, endorsement: &Endorsement) {
    let Endorsement {
        question,
        vendor,
        product,
        version,
        guide,
        source,
        spot,
        text_hash,
    } = endorsement.clone();

    let anchor = match spot {
        EndorsedLocation::Page(page) => Anchor::Page(page),
        EndorsedLocation::Heading(heading) => Anchor::Heading(heading),
    };

    let location = Location {
        source,
        anchor,
        text_hash: Some(text_hash),
    };

    let filter = QuestionFilter {
        vendor,
        product,
        version,
        guide,
    };

    let known = judgments
        .iter_mut()
        .find(|known| known.question == question && known.filter == filter);

    let Some(known) = known else {
        judgments.push(Judgment {
            question,
            kind: KIND.to_owned(),
            places: vec![location],
            filter,
            release: None,
            split: None,
        });
        return;
    };

    match known
        .places
        .iter_mut()
        .find(|other| other.source == location.source && other.anchor == location.anchor)
    {
        Some(other) => other.text_hash = location.text_hash,
        None => known.places.push(location),
    }
}

/// Writes atomically, because others may read the file at any time.
fn write(path: &Path, judgments: &[impl Display]) -> Result<()> {
    let text: String = judgments
        .iter()
        .map(|judgment| format!("{judgment}\n"))
        .collect();
    atomic_file::write(path, text.as_bytes())
        .with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests;
