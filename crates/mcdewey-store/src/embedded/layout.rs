//! Where things lie in a data directory.
//!
//! ```text
//! embeddings.sqlite                        vectors by embedding key, shared by all generations
//! generations/<generation>/catalogue.sqlite   the truth
//! generations/<generation>/shard-<number>/    derived from it, replaceable
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use mcdewey_core::{Generation, IndexError};

/// The places of one generation.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    data: PathBuf,
    generation: PathBuf,
}

impl Layout {
    /// Makes the folders of a generation. Nothing is written when the data directory cannot be written.
    pub(super) fn create(data: &Path, generation: &Generation) -> Result<Self, IndexError> {
        let layout = Self { data: data.to_owned(), generation: data.join("generations").join(&generation.0) };
        let unusable = |error| {
            let place = data.display();
            IndexError::Unavailable(format!(
                "cannot write to {place}: {error}; check that it exists and may be written"
            ))
        };
        fs::create_dir_all(&layout.data).map_err(unusable)?;
        let probe = layout.data.join(".writable");
        fs::write(&probe, "").and_then(|()| fs::remove_file(&probe)).map_err(unusable)?;
        fs::create_dir_all(&layout.generation).map_err(unusable)?;
        Ok(layout)
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
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
            let is_shard = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("shard-"));
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
        let error = Layout::create(&dir.path().join("file"), &Generation("g".to_owned())).unwrap_err();
        assert!(matches!(error, IndexError::Unavailable(_)), "{error}");
        assert!(error.to_string().contains("file"), "{error}");
        assert_eq!(fs::read_to_string(dir.path().join("file")).unwrap(), "kept");
    }
}
