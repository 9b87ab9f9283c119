//! The record of a data directory: its generations, what each was made with, and which one is live.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use mcdewey_core::{ContentHash, Generation, IndexError, ModelInfo};
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
    /// The checksum of the rest; `None` in a record of an earlier program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<ContentHash>,
}

/// A stored record.
enum Stored {
    Missing,
    Whole(Record),
    Damaged(String),
}

impl Record {
    /// Loads the record of a data directory. Returns an empty one if there is none.
    ///
    /// A damaged record is replaced by its copy; if that is damaged as well, by an empty one, and the
    /// generations are found by their folders.
    pub(super) fn load(dir: &Path) -> Result<Self, IndexError> {
        let path = layout::record_path(dir);
        let record = Self::peek(dir)?;
        if matches!(Self::read(&path)?, Stored::Damaged(_)) {
            // Kept for an operator; a later one replaces it.
            let _ = fs::rename(&path, path.with_extension("json.damaged"));
        }

        Ok(record)
    }

    /// Like [`Record::load`], but changes nothing.
    pub(super) fn peek(dir: &Path) -> Result<Self, IndexError> {
        let (path, copy) = (layout::record_path(dir), layout::record_copy_path(dir));
        let damage = match Self::read(&path)? {
            Stored::Whole(record) => return Ok(record),
            Stored::Missing if !copy.exists() => return Ok(Self::default()),
            Stored::Missing => "it is missing".to_owned(),
            Stored::Damaged(damage) => damage,
        };

        let copied = Self::read(&copy)?;
        if let Stored::Whole(record) = copied {
            tracing::warn!(path = %path.display(), damage, "using the copy of a damaged record");
            return Ok(record);
        }

        tracing::warn!(
            path = %path.display(),
            damage,
            "the record of the generations is damaged; they are found by their folders, and the latest \
             complete one answers"
        );
        Ok(Self::default())
    }

    fn read(path: &Path) -> Result<Stored, IndexError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stored::Missing),
            Err(error) => return Err(unusable_record(path, &error.to_string())),
        };

        let record: Self = match serde_json::from_slice(&text) {
            Ok(record) => record,
            Err(error) => return Ok(Stored::Damaged(error.to_string())),
        };
        let fits = record.checksum.is_none_or(|sum| Some(sum) == record.sum());
        if !fits {
            return Ok(Stored::Damaged("it does not fit its checksum".to_owned()));
        }

        if record.version > VERSION {
            return Err(unusable_record(
                path,
                "a newer version of this program wrote it",
            ));
        }

        Ok(Stored::Whole(record))
    }

    /// The checksum of everything but the checksum.
    fn sum(&self) -> Option<ContentHash> {
        let record = Self {
            checksum: None,
            ..self.clone()
        };
        Some(ContentHash::of(serde_json::to_vec(&record).ok()?))
    }

    /// Replaces the stored record atomically, and then its copy.
    pub(super) fn save(&mut self, dir: &Path) -> Result<(), IndexError> {
        self.version = VERSION;
        self.checksum = self.sum();
        let path = layout::record_path(dir);

        serde_json::to_vec_pretty(self)
            .map_err(io::Error::from)
            .and_then(|bytes| {
                durable::write_atomically(&path, &bytes)?;
                durable::write_atomically(&layout::record_copy_path(dir), &bytes)
            })
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

    /// A record with one generation, which is live.
    pub(super) fn of_live(entry: GenerationEntry) -> Self {
        Self {
            live: Some(entry.generation.clone()),
            generations: vec![entry],
            ..Self::default()
        }
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
    fn the_error_for_a_newer_record_names_its_file() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Record::load(dir.path()).unwrap(), Record::default());

        let text = r#"{"version": 99, "live": null, "generations": []}"#;
        fs::write(layout::record_path(dir.path()), text).unwrap();
        let error = Record::load(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains("newer") && error.contains("generations.json"),
            "{error}"
        );
    }

    #[test]
    fn a_damaged_record_is_replaced_by_its_copy() {
        let dir = tempfile::tempdir().unwrap();
        let mut record = Record {
            live: Some(Generation("one".to_owned())),
            ..Record::default()
        };
        record.save(dir.path()).unwrap();
        let path = layout::record_path(dir.path());
        let text = fs::read_to_string(&path).unwrap();

        for damaged in [text.replace("one", "two"), text[..20].to_owned()] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(Record::load(dir.path()).unwrap(), record);
            assert!(!path.exists() && dir.path().join("generations.json.damaged").exists());
            assert_eq!(Record::load(dir.path()).unwrap(), record, "it is missing");
        }

        fs::write(&path, "{").unwrap();
        fs::write(layout::record_copy_path(dir.path()), "").unwrap();
        assert_eq!(Record::load(dir.path()).unwrap(), Record::default());
    }
}
