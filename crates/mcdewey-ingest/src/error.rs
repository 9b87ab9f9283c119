//! Errors that stop a whole synchronisation. A problem with a single file is not an error but an
//! entry of the report.

use std::path::PathBuf;

use mcdewey_core::{EmbedError, IndexError, InvalidValue, RootName};

/// A synchronisation failed.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The folder of a root is missing, or the process may not read it.
    #[error("the root `{root}` at {path} cannot be read: {reason}; nothing was changed")]
    UnreadableRoot {
        root: RootName,
        /// The folder of the root.
        path: PathBuf,
        /// The error of the operating system.
        reason: String,
    },
    /// A folder without any document although the library holds some from it. Most likely the
    /// folder is not mounted.
    #[error(
        "no document was found in {path}, but the library holds {indexed} of the root `{root}` \
         from that folder; nothing was removed: check that the folder is mounted and complete"
    )]
    EmptyRoot {
        root: RootName,
        /// The folder that was walked.
        path: PathBuf,
        /// How many documents would have been removed.
        indexed: usize,
    },
    /// `library.toml`, or the rules in the settings, are invalid.
    #[error("{place} cannot be used: {reason}")]
    Rules {
        /// The path of the file, or the name of the settings.
        place: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// The request names neither a configured root nor an existing folder.
    #[error("{request:?} is neither a root nor a folder; the roots are: {known}")]
    UnknownRoot {
        request: String,
        /// The names of the configured roots.
        known: String,
    },
    /// Two roots have the same name.
    #[error("two roots are named `{0}`; give each root a unique name")]
    DuplicateRoot(RootName),
    /// A value that is not a valid source path.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The embedding model failed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// A task on another thread panicked or was cancelled.
    #[error("a background task of the ingest failed: {0}")]
    TaskFailed(String),
}
