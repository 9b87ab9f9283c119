//! Why a file below a root is not read.

use std::io;

/// Why a file is not read; shown in reports behind the file's name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the link leads out of the root; make its target a root of its own, or copy it")]
    LeadsOut,
    #[error("the link leads nowhere")]
    LeadsNowhere,
    #[error("links to folders are not followed; the folder itself is read where it stands")]
    LinkToFolder,
    #[error("it lies below a link to a folder, and such links are not followed")]
    BelowLink,
    #[error("it was replaced by a link while it was read; the next ingest looks at it again")]
    Replaced,
    #[error("it is not a plain file")]
    NotAFile,
    #[error("it has more than {} MB", limit / (1024 * 1024))]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl Refusal {
    /// Whether there simply is no such file.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<rustix::io::Errno> for Refusal {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}
