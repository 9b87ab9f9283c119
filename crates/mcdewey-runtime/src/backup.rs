//! Backups: one ZIP file with the databases of the live generation, readers' judgments, keys, and
//! optionally the models, each with its checksum. Made while a server answers from the library and
//! changes it.

mod archive;
mod create;
mod restore;
mod schedule;

use mcdewey_core::Generation;
use serde::{Deserialize, Serialize};

pub use create::{BackupRequest, create_backup};
pub use restore::{restore_backup, verify_backup};
pub use schedule::{BackupSchedule, run_backup_schedule};

/// The version of the format. A backup of a later version is refused.
const FORMAT: u32 = 1;

/// The folder in the file whose contents belong to the data directory.
const DATA: &str = "data";

/// The folder in the file whose contents belong to the folder of models.
const MODELS: &str = "models";

/// What a backup has, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupInfo {
    format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// When it was made (Unix seconds).
    pub created_at: u64,
    /// The generation that was live.
    pub generation: Generation,
    /// The name of the model that computed its vectors, if that is known.
    pub model: Option<String>,
    /// The revision of the library.
    pub revision: u64,
    /// The number of documents.
    pub documents: u64,
    /// The number of passages.
    pub passages: u64,
    /// The number of documents that were left out because they were damaged.
    pub damaged: u64,
    files: Vec<BackedUpFile>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct BackedUpFile {
    /// Its path in the backup, with `/`.
    path: String,
    bytes: u64,
    blake3: String,
}

impl BackupInfo {
    /// Whether the models are in it.
    pub fn has_models(&self) -> bool {
        self.files
            .iter()
            .any(|file| file.path.starts_with(&format!("{MODELS}/")))
    }

    /// The number of its files.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// The bytes of its files before they were compressed.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}
