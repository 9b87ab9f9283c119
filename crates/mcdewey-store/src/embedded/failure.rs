//! What can fail inside the embedded store, and what callers are told of it.

use std::io;
use std::path::PathBuf;

use mcdewey_core::IndexError;
use qdrant_edge::OperationError;

use super::database;

/// A failure on its way to the border of this crate.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("a stored value cannot be read: {0}")]
    Stored(#[from] serde_json::Error),
    #[error("the vector shard failed: {0}")]
    Shard(#[from] OperationError),
    /// The engine panicked over its files.
    #[error("the vector engine failed over {}: {reason}", .dir.display())]
    Engine { dir: PathBuf, reason: String },
    #[error("{0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Told(#[from] IndexError),
}

pub(super) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A stored value of a wrong shape.
    pub(super) fn stored(what: &str) -> Self {
        Self::Told(IndexError::Store(format!(
            "the catalogue holds a {what} of another shape"
        )))
    }

    /// Whether the disk is full, or a quota used up.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Sqlite(error) => database::is_full(error),
            Self::File(error) => matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            // The engine passes the system's words on, and nothing to tell kinds by.
            Self::Shard(error) => says_full(&error.to_string()),
            Self::Engine { reason, .. } => says_full(reason),
            Self::Stored(_) | Self::Told(_) => false,
        }
    }
}

/// Whether a message holds what the system calls a full disk or a used-up quota.
fn says_full(text: &str) -> bool {
    text.contains("No space left on device") || text.contains("Disk quota exceeded")
}

impl From<Failure> for IndexError {
    fn from(failure: Failure) -> Self {
        if failure.is_full() {
            return Self::NoSpace(format!("{failure}; free some space and try again"));
        }

        match failure {
            Failure::Told(error) => error,
            other => Self::Store(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart() {
        let full = Failure::File(io::Error::from(io::ErrorKind::StorageFull));
        assert!(matches!(IndexError::from(full), IndexError::NoSpace(_)));
        let engine = |reason: &str| Failure::Engine {
            dir: "data".into(),
            reason: reason.to_owned(),
        };

        let full = IndexError::from(engine(
            "segments flushed: No space left on device (os error 28)",
        ));

        assert!(
            matches!(full, IndexError::NoSpace(_)) && full.to_string().contains("data"),
            "{full}"
        );
        assert!(matches!(
            IndexError::from(engine("something else")),
            IndexError::Store(_)
        ));
        let other = Failure::File(io::Error::from(io::ErrorKind::NotFound));
        assert!(matches!(IndexError::from(other), IndexError::Store(_)));
    }
}
