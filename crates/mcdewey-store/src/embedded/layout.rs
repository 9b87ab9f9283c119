//! Where things lie in a data directory.
//!
//! ```text
//! generations.json                         which generations there are, and which one is live
//! embeddings.sqlite                        vectors by embedding key, shared by all generations
//! generations/<generation>/catalogue.sqlite   the truth
//! generations/<generation>/shard-<number>/    derived from it, replaceable
//! generations/trash-<generation>/          on its way out
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use mcdewey_core::{Generation, IndexError};

/// What the name of a folder begins with that is on its way out.
pub(super) const TRASH: &str = "trash-";

/// The places of one generation.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    data: PathBuf,
    generation: PathBuf,
}

/// The record of all generations of a data directory.
pub(super) fn record(data: &Path) -> PathBuf {
    data.join("generations.json")
}

/// The folder that holds a folder for each generation.
pub(super) fn generations(data: &Path) -> PathBuf {
    data.join("generations")
}

/// Makes the data directory. Nothing is written when it cannot be written.
pub(super) fn create(data: &Path) -> Result<(), IndexError> {
    fs::create_dir_all(data).map_err(|error| unusable(data, &error))?;
    let probe = data.join(".writable");
    fs::write(&probe, "")
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|error| unusable(data, &error))
}

fn unusable(data: &Path, error: &std::io::Error) -> IndexError {
    let place = data.display();
    IndexError::Unavailable(format!(
        "cannot write to {place}: {error}; check that it exists and may be written"
    ))
}

impl Layout {
    /// Where a generation lies, or would.
    pub(super) fn of(data: &Path, generation: &Generation) -> Self {
        Self {
            data: data.to_owned(),
            generation: generations(data).join(&generation.0),
        }
    }

    /// Makes the folders of a generation. Nothing is written when the data directory cannot be written.
    pub(super) fn create(data: &Path, generation: &Generation) -> Result<Self, IndexError> {
        let layout = Self::of(data, generation);
        create(data)?;
        fs::create_dir_all(&layout.generation).map_err(|error| unusable(data, &error))?;
        Ok(layout)
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// The folder of the generation.
    pub(super) fn folder(&self) -> &Path {
        &self.generation
    }

    /// Where it goes on its way out.
    pub(super) fn trash(&self) -> PathBuf {
        let name = self
            .generation
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        self.generation.with_file_name(format!("{TRASH}{name}"))
    }

    /// Stands there while documents are erased.
    pub(super) fn erasing(&self) -> PathBuf {
        self.generation.join("erasing")
    }

    pub(super) fn embeddings(&self) -> PathBuf {
        self.data.join("embeddings.sqlite")
    }

    pub(super) fn catalogue(&self) -> PathBuf {
        self.generation.join("catalogue.sqlite")
    }

    pub(super) fn shard(&self, number: u64) -> PathBuf {
        self.generation.join(format!("shard-{number}"))
    }

    /// Where a shard that cannot be read is put, for whoever wants to know why; an older one makes room.
    pub(super) fn damaged_shard(&self) -> PathBuf {
        self.generation.join("damaged-shard")
    }

    /// Counts attempts to open the shard that did not end.
    pub(super) fn opening(&self) -> PathBuf {
        self.generation.join("opening")
    }

    /// Shards that no catalogue names any more.
    pub(super) fn other_shards(&self, number: u64) -> std::io::Result<Vec<PathBuf>> {
        let current = self.shard(number);
        let mut others = Vec::new();
        for entry in fs::read_dir(&self.generation)? {
            let path = entry?.path();
            let is_shard = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("shard-"));
            if is_shard && path != current {
                others.push(path);
            }
        }

        Ok(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusable_directory_is_named_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "kept").unwrap();
        let error =
            Layout::create(&dir.path().join("file"), &Generation("g".to_owned())).unwrap_err();
        assert!(matches!(error, IndexError::Unavailable(_)), "{error}");
        assert!(error.to_string().contains("file"), "{error}");
        assert_eq!(fs::read_to_string(dir.path().join("file")).unwrap(), "kept");
    }
}
