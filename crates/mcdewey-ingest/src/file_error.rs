//! Why a file below a root cannot be read.

use std::io;

/// Why a file cannot be read. Reports show the message after the name of the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("the link leads out of the root; make its target a root of its own, or copy it")]
    LeadsOut,
    /// The target does not exist, or the path goes through too many links.
    #[error("the link is broken: its target does not exist, or the links form a loop")]
    BrokenLink,
    #[error("links to folders are not followed; the folder is read at its own path")]
    LinkToFolder,
    #[error("it is below a link to a folder, and such links are not followed")]
    BelowLink,
    #[error("it was replaced by a link while it was read; the next ingest tries again")]
    Replaced,
    #[error("it is not a regular file")]
    NotRegular,
    #[error("it has more than {} MB", limit / (1024 * 1024))]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl FileError {
    /// Whether the file does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<rustix::io::Errno> for FileError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}
