//! Why a synchronisation could not be done. What is wrong with a single file is no error but a line of the report.

use std::path::PathBuf;

use mcdewey_core::{EmbedError, IndexError, InvalidValue, RootName};

/// A synchronisation that could not be done; nothing was removed by it unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The folder of a root is missing or closed to us.
    #[error("the root `{root}` cannot be read at {path}: {reason}; nothing was changed")]
    UnreadableRoot {
        /// The root.
        root: RootName,
        /// Its folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A folder without any document, of which the library holds some: most likely it is not mounted.
    #[error(
        "no document was found in {path}, yet the library holds {held} of the root `{root}` from there; \
         nothing was removed, check that the folder is mounted and complete"
    )]
    EmptyRoot {
        /// The root.
        root: RootName,
        /// The folder that was walked.
        path: PathBuf,
        /// How many documents would have been removed.
        held: usize,
    },
    /// `library.toml`, or the rules in the settings, cannot be used.
    #[error("{place} cannot be used: {reason}")]
    Rules {
        /// The file, or the settings.
        place: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// A request for something that is neither a root nor a folder.
    #[error("{request:?} is neither a root nor a folder; the roots are: {known}")]
    UnknownRoot {
        /// What was asked for.
        request: String,
        /// The names of the configured roots.
        known: String,
    },
    /// Two roots with one name.
    #[error("two roots are called `{0}`; give each root a name of its own")]
    DoubleRoot(RootName),
    /// A path that cannot become a source.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// The store refused or failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The model refused or failed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// Work on another thread did not come back.
    #[error("reading the library was interrupted: {0}")]
    Interrupted(String),
}
