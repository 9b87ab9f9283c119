//! The record of a data directory: its generations, what each was made with, and which one is live.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use mcdewey_core::{Generation, IndexError, ModelInfo};
use serde::{Deserialize, Serialize};

use crate::bm25::Bm25;
use crate::embedded::{catalogue, durable, generation_for, layout};

/// The format version of the record. Incremented when older programs can no longer read it.
const VERSION: u32 = 1;

/// The recorded facts about a generation. `None` marks what a program older than the record
/// did not write down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationEntry {
    /// Its name: the fingerprint of everything it was made with.
    pub generation: Generation,
    /// The model that computed its vectors.
    pub model: Option<ModelInfo>,
    /// The folder that the model was read from, unless it comes from the model catalogue.
    #[serde(default)]
    pub model_dir: Option<PathBuf>,
    /// Fingerprint of the splitter that made its chunks.
    pub chunker: Option<String>,
    /// Fingerprint of the BM25 settings that shaped its keyword vectors.
    pub words: Option<String>,
    /// Version of its tables.
    pub schema: i64,
    /// When its build began (Unix seconds).
    pub made_at: i64,
    /// When it first held the whole library (Unix seconds). `None` while it is being built.
    pub completed_at: Option<i64>,
    /// The number of its documents when it was last marked complete.
    #[serde(default)]
    pub documents: u64,
    /// The number of its chunks when it was last marked complete.
    #[serde(default)]
    pub chunks: u64,
    /// Whether it stays live whatever the settings ask for.
    #[serde(default)]
    pub pinned: bool,
}

/// The record as stored in `generations.json`. Complete generations are in the order of completion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    pub(super) live: Option<Generation>,
    pub(super) generations: Vec<GenerationEntry>,
}

impl Record {
    /// Loads the record of a data directory. Returns an empty one if there is none.
    pub(super) fn load(dir: &Path) -> Result<Self, IndexError> {
        let path = layout::record_path(dir);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unusable_record(&path, &error.to_string())),
        };

        let record: Self = serde_json::from_str(&text)
            .map_err(|error| unusable_record(&path, &error.to_string()))?;

        if record.version > VERSION {
            return Err(unusable_record(
                &path,
                "a newer version of this program wrote it",
            ));
        }

        Ok(record)
    }

    /// Replaces the stored record atomically.
    pub(super) fn save(&mut self, dir: &Path) -> Result<(), IndexError> {
        self.version = VERSION;
        let path = layout::record_path(dir);

        serde_json::to_vec_pretty(self)
            .map_err(io::Error::from)
            .and_then(|bytes| durable::write_atomically(&path, &bytes))
            .map_err(|error| match error.kind() {
                io::ErrorKind::StorageFull => IndexError::NoSpace(format!(
                    "cannot write {}: {error}; free some space",
                    path.display()
                )),
                _ => IndexError::Unavailable(format!(
                    "cannot write {}: {error}; check that the directory is writable",
                    path.display()
                )),
            })
    }

    pub(super) fn entry(&self, generation: &Generation) -> Option<&GenerationEntry> {
        self.generations
            .iter()
            .find(|entry| entry.generation == *generation)
    }

    pub(super) fn entry_mut(&mut self, generation: &Generation) -> Option<&mut GenerationEntry> {
        self.generations
            .iter_mut()
            .find(|entry| entry.generation == *generation)
    }

    pub(super) fn live(&self) -> Option<&GenerationEntry> {
        self.entry(self.live.as_ref()?)
    }

    /// Moves a generation to the end and the live one just before it. The oldest entries, at the
    /// front, are the first to be retired.
    pub(super) fn put_last(&mut self, generation: &Generation) {
        let live = self.live.clone();
        self.generations
            .sort_by_key(|entry| match &entry.generation {
                last if last == generation => 2,
                previous if Some(previous) == live.as_ref() => 1,
                _ => 0,
            });
    }
}

fn unusable_record(path: &Path, problem: &str) -> IndexError {
    IndexError::Unavailable(format!(
        "cannot read {}: {problem}; move the file away, and the generations are \
         found by their folders",
        path.display()
    ))
}

impl GenerationEntry {
    /// Returns the model of the generation if this program can answer questions from it. The error
    /// is the reason, worded for an operator.
    pub fn usable(&self) -> Result<&ModelInfo, String> {
        if let Some(reason) = self.unreadable_tables() {
            return Err(reason);
        }

        if self
            .words
            .as_ref()
            .is_some_and(|words| *words != Bm25::fingerprint())
        {
            return Err(
                "its keyword weights were computed with different BM25 settings from this \
                 program's"
                    .to_owned(),
            );
        }

        self.model
            .as_ref()
            .ok_or_else(|| "the model it was made with is not recorded".to_owned())
    }

    /// Returns why this program cannot work with its tables, or `None` if it can.
    pub(super) fn unreadable_tables(&self) -> Option<String> {
        let (supported, found) = (catalogue::SCHEMA, self.schema);
        let is_readable = (catalogue::READABLE_FROM..=supported).contains(&found);
        (!is_readable).then(|| {
            format!("its tables have version {found}, and this program reads version {supported}")
        })
    }

    /// Reports whether this program, with this splitter, would make the same generation again, so
    /// that it can be kept up to date.
    pub fn is_current(&self, chunker: &str) -> bool {
        self.model
            .as_ref()
            .is_some_and(|model| generation_for(model, chunker) == self.generation)
    }
}

/// The current time in Unix seconds.
pub(super) fn unix_seconds() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs().cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_for_an_unusable_record_names_its_file() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Record::load(dir.path()).unwrap(), Record::default());

        for (text, reason) in [
            ("{", "EOF"),
            (
                r#"{"version": 99, "live": null, "generations": []}"#,
                "newer",
            ),
        ] {
            fs::write(layout::record_path(dir.path()), text).unwrap();
            let error = Record::load(dir.path()).unwrap_err().to_string();
            assert!(
                error.contains(reason) && error.contains("generations.json"),
                "{error}"
            );
        }
    }
}
