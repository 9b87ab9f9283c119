//! The paths in a data directory.
//!
//! ```text
//! generations.json                            the generations, and which one is live
//! generations.copy.json                       a copy of it
//! embeddings.sqlite                           vectors by embedding key, shared by all generations
//! generations/<generation>/catalogue.sqlite   the source of truth
//! generations/<generation>/shard-<number>/    derived from the catalogue, replaceable
//! generations/<generation>/ledger             checksums of files and documents
//! generations/<generation>/damaged-…          set aside
//! generations/trash-<generation>/             being deleted
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mcdewey_core::{Generation, IndexError};

/// The name of a generation's catalogue.
pub(super) const CATALOGUE: &str = "catalogue.sqlite";

/// The prefix of the name of a folder that is being deleted.
pub(super) const TRASH: &str = "trash-";

/// The paths of one generation.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    data_dir: PathBuf,
    generation_dir: PathBuf,
}

/// The file that records all generations of a data directory.
pub(super) fn record_path(data_dir: &Path) -> PathBuf {
    data_dir.join("generations.json")
}

/// A copy of that file, for the case that it is damaged.
pub(super) fn record_copy_path(data_dir: &Path) -> PathBuf {
    data_dir.join("generations.copy.json")
}

/// The folder that holds a folder for each generation.
pub(super) fn generations_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("generations")
}

/// Creates the data directory and checks that it is writable.
pub(super) fn create_data_dir(data_dir: &Path) -> Result<(), IndexError> {
    fs::create_dir_all(data_dir).map_err(|error| not_writable(data_dir, &error))?;
    let probe = data_dir.join(".writable");
    fs::write(&probe, "")
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|error| not_writable(data_dir, &error))
}

fn not_writable(data_dir: &Path, error: &io::Error) -> IndexError {
    IndexError::Unavailable(format!(
        "cannot write to {}: {error}; check that it exists and is writable",
        data_dir.display()
    ))
}

impl Layout {
    /// The paths of a generation, whether it exists or not.
    pub(super) fn new(data_dir: &Path, generation: &Generation) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            generation_dir: generations_dir(data_dir).join(&generation.0),
        }
    }

    /// Creates the folders of a generation. Creates nothing if the data directory is not writable.
    pub(super) fn create(data_dir: &Path, generation: &Generation) -> Result<Self, IndexError> {
        let layout = Self::new(data_dir, generation);
        create_data_dir(data_dir)?;
        fs::create_dir_all(&layout.generation_dir)
            .map_err(|error| not_writable(data_dir, &error))?;

        Ok(layout)
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(super) fn generation_dir(&self) -> &Path {
        &self.generation_dir
    }

    /// The name under which the generation is deleted.
    pub(super) fn trash(&self) -> PathBuf {
        let name = self
            .generation_dir
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        self.generation_dir.with_file_name(format!("{TRASH}{name}"))
    }

    /// A marker file that exists while documents are being erased.
    pub(super) fn erasing(&self) -> PathBuf {
        self.generation_dir.join("erasing")
    }

    pub(super) fn embeddings(&self) -> PathBuf {
        self.data_dir.join("embeddings.sqlite")
    }

    pub(super) fn catalogue(&self) -> PathBuf {
        self.generation_dir.join(CATALOGUE)
    }

    pub(super) fn shard(&self, number: u64) -> PathBuf {
        self.generation_dir.join(format!("shard-{number}"))
    }

    /// Where a damaged embedding cache is kept for investigation. A newer one replaces it.
    pub(super) fn damaged_embeddings(&self) -> PathBuf {
        self.data_dir.join("damaged-embeddings.sqlite")
    }

    /// A catalogue that is being made of a damaged one.
    pub(super) fn new_catalogue(&self) -> PathBuf {
        self.generation_dir.join("catalogue.sqlite.new")
    }

    /// Where a damaged catalogue is kept for investigation. A newer one replaces it.
    pub(super) fn damaged_catalogue(&self) -> PathBuf {
        self.generation_dir.join("damaged-catalogue.sqlite")
    }

    /// The checksums of files and documents.
    pub(super) fn ledger(&self) -> PathBuf {
        self.generation_dir.join("ledger")
    }

    /// Where an unreadable shard is kept for investigation. A newer one replaces it.
    pub(super) fn damaged_shard(&self) -> PathBuf {
        self.generation_dir.join("damaged-shard")
    }

    /// A file that counts the attempts to open the shard that ended with the process.
    pub(super) fn opening(&self) -> PathBuf {
        self.generation_dir.join("opening")
    }

    /// Lists the shards other than `number`, the current one.
    pub(super) fn other_shards(&self, number: u64) -> io::Result<Vec<PathBuf>> {
        let current = self.shard(number);
        let mut others = Vec::new();
        for entry in fs::read_dir(&self.generation_dir)? {
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
    fn a_data_directory_that_is_a_file_is_rejected_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "kept").unwrap();

        let error = Layout::create(&file, &Generation("g".to_owned())).unwrap_err();
        assert!(matches!(error, IndexError::Unavailable(_)), "{error}");
        assert!(error.to_string().contains("file"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    }
}
