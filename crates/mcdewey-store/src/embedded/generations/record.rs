//! The record of a data directory: which generations there are, what each was made with, and which one is live.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use mcdewey_core::{Generation, IndexError, ModelInfo};
use serde::{Deserialize, Serialize};

use crate::embedded::{catalogue, durable, layout};

/// The form of the record; grows when an older program could not read it any more.
const VERSION: u32 = 1;

/// What is known of a generation. What a program before there was a record did not write down is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationEntry {
    /// Its name: the fingerprint of all it was made with.
    pub generation: Generation,
    /// The model whose vectors it holds.
    pub model: Option<ModelInfo>,
    /// The folder the model was read from, where it was none of the catalogue's.
    #[serde(default)]
    pub model_dir: Option<PathBuf>,
    /// Fingerprint of the splitter that made its passages.
    pub chunker: Option<String>,
    /// Fingerprint of what makes its vectors of words.
    pub words: Option<String>,
    /// Version of its tables.
    pub schema: i64,
    /// When it was begun (Unix seconds).
    pub made_at: i64,
    /// When it held the whole library for the first time (Unix seconds); until then it is being built.
    pub completed_at: Option<i64>,
    /// How many documents it held when it was completed.
    #[serde(default)]
    pub documents: u64,
    /// How many passages it held when it was completed.
    #[serde(default)]
    pub chunks: u64,
    /// Whether it stays live whatever the settings ask for.
    #[serde(default)]
    pub pinned: bool,
}

/// The record as it is written. Complete generations stand in the order in which they were completed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    pub(super) live: Option<Generation>,
    pub(super) generations: Vec<GenerationEntry>,
}

impl Record {
    /// The record of a data directory; an empty one where there is none.
    pub(super) fn load(dir: &Path) -> Result<Self, IndexError> {
        let path = layout::record(dir);
        let unusable = |problem: String| {
            let advice = "move it away, and the generations are found by their folders";
            IndexError::Unavailable(format!(
                "{} cannot be used: {problem}; {advice}",
                path.display()
            ))
        };

        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unusable(error.to_string())),
        };

        let record: Self =
            serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        if record.version > VERSION {
            return Err(unusable(
                "a newer version of this program wrote it".to_owned(),
            ));
        }

        Ok(record)
    }

    /// Puts the record in place of the former one, in one step.
    pub(super) fn save(&mut self, dir: &Path) -> Result<(), IndexError> {
        self.version = VERSION;
        let path = layout::record(dir);
        let written = serde_json::to_vec_pretty(self).map_err(io::Error::from);

        written
            .and_then(|bytes| durable::write(&path, &bytes))
            .map_err(|error| match error.kind() {
                io::ErrorKind::StorageFull => IndexError::NoSpace(format!(
                    "{} cannot be written: {error}; free some space",
                    path.display()
                )),
                _ => IndexError::Unavailable(format!(
                    "{} cannot be written: {error}; check that the directory may be written",
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

    /// Puts a generation behind all others, the live one just before it: the order in which they are retained.
    pub(super) fn put_last(&mut self, generation: &Generation) {
        let live = self.live.clone();
        self.generations
            .sort_by_key(|entry| match &entry.generation {
                last if last == generation => 2,
                before if Some(before) == live.as_ref() => 1,
                _ => 0,
            });
    }
}

impl GenerationEntry {
    /// Whether questions can be answered from it by this program; the reason why not is for people.
    pub fn usable(&self) -> Result<&ModelInfo, String> {
        if let Some(reason) = self.unreadable_tables() {
            return Err(reason);
        }

        if self
            .words
            .as_ref()
            .is_some_and(|words| *words != crate::bm25::Bm25::fingerprint())
        {
            return Err(
                "its words were weighed in another way than this program asks for".to_owned(),
            );
        }

        self.model
            .as_ref()
            .ok_or_else(|| "nothing says which model it was made with".to_owned())
    }

    /// Why this program cannot work with its tables, if it cannot.
    pub(super) fn unreadable_tables(&self) -> Option<String> {
        let (known, found) = (catalogue::SCHEMA, self.schema);
        let readable = (catalogue::READABLE_FROM..=known).contains(&found);
        (!readable).then(|| {
            format!("its tables are of version {found}, and this program reads version {known}")
        })
    }

    /// Whether this program, with this splitter, would make the same generation again: then it can be kept up to date.
    pub fn is_kept_up(&self, chunker: &str) -> bool {
        self.model
            .as_ref()
            .is_some_and(|model| crate::embedded::wanted(model, chunker) == self.generation)
    }
}

/// Unix seconds.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs().cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_cannot_be_used_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Record::load(dir.path()).unwrap(), Record::default());
        for (text, word) in [
            ("{", "EOF"),
            (
                r#"{"version": 99, "live": null, "generations": []}"#,
                "newer",
            ),
        ] {
            fs::write(layout::record(dir.path()), text).unwrap();
            let error = Record::load(dir.path()).unwrap_err().to_string();
            assert!(
                error.contains(word) && error.contains("generations.json"),
                "{error}"
            );
        }
    }
}
