//! Where things lie in a data directory, and which generation of the index belongs to a model and a splitter.
//!
//! ```text
//! embeddings.sqlite                        vectors by embedding key, shared by all generations
//! generations/<generation>/catalogue.sqlite   the truth
//! generations/<generation>/shard-<number>/    derived from it, replaceable
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use mcdewey_core::{ContentHash, Generation, IndexError, ModelInfo, TEXT_SCHEMA};

use super::bm25::Bm25;
use super::catalogue::SCHEMA;

/// The name of a generation has this many hexadecimal digits: enough for the handful that ever stand side by side.
const NAME_DIGITS: usize = 16;

/// The generation of everything that shapes what is stored. Another model, splitter or BM25 setting gives another
/// generation, which is built beside the old one.
pub(super) fn fingerprint(model: &ModelInfo, chunker: &str) -> Generation {
    let parts = [
        format!("schema {SCHEMA}"),
        format!("text {TEXT_SCHEMA}"),
        format!("model {} {}", model.fingerprint, model.dimensions),
        format!("chunker {chunker}"),
        Bm25::fingerprint(),
    ];
    Generation(ContentHash::of_parts(parts).short(NAME_DIGITS))
}

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

    fn model(fingerprint: &str) -> ModelInfo {
        ModelInfo {
            name: "m".to_owned(),
            fingerprint: fingerprint.to_owned(),
            dimensions: 3,
            window: 9,
            special_tokens: 2,
        }
    }

    #[test]
    fn another_model_or_splitter_is_another_generation() {
        let one = fingerprint(&model("a"), "words");
        assert_eq!(one, fingerprint(&model("a"), "words"));
        assert_ne!(one, fingerprint(&model("b"), "words"));
        assert_ne!(one, fingerprint(&model("a"), "lines"));
        assert_eq!(one.0.len(), NAME_DIGITS);
    }

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
