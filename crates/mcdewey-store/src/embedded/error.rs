//! The errors inside the embedded store, and how they become an [`IndexError`] for callers.

use std::io;
use std::path::PathBuf;

use mcdewey_core::{IndexError, SourcePath};
use qdrant_edge::OperationError;

use super::database;

/// A document that a reader found damaged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::embedded) enum Suspect {
    /// By `documents.id`.
    Id(i64),
    Source(SourcePath),
}

/// An error before it leaves this crate.
#[derive(Debug, thiserror::Error)]
pub(super) enum EmbeddedError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("a stored value cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the vector shard failed: {0}")]
    Shard(#[from] OperationError),
    /// The engine panicked while it worked on its files.
    #[error("the vector engine failed in {}: {reason}", .dir.display())]
    Engine { dir: PathBuf, reason: String },
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A document's rows are not what was committed.
    #[error("a stored document is damaged")]
    Damaged(Suspect),
    #[error(transparent)]
    Index(#[from] IndexError),
}

pub(super) type EmbeddedResult<T> = Result<T, EmbeddedError>;

impl EmbeddedError {
    /// The error for a stored value that cannot be parsed.
    pub(super) fn malformed(what: &str) -> Self {
        Self::Index(IndexError::Store(format!(
            "the catalogue holds a malformed {what}"
        )))
    }

    /// The error for a document whose number is in this column, and whose rows cannot be read.
    pub(super) fn damaged_id(row: &rusqlite::Row<'_>, column: usize) -> Self {
        match row.get(column) {
            Ok(id) => Self::Damaged(Suspect::Id(id)),
            Err(error) => error.into(),
        }
    }

    /// Reports whether the disk is full or a quota is used up.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Sqlite(error) => database::is_full(error),
            Self::Io(error) => matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            // The engine passes on the text of the system's error, but not its kind.
            Self::Shard(error) => mentions_full_disk(&error.to_string()),
            Self::Engine { reason, .. } => mentions_full_disk(reason),
            Self::Json(_) | Self::Damaged(_) | Self::Index(_) => false,
        }
    }
}

/// Reports whether a message contains the system's text for a full disk or a used-up quota.
fn mentions_full_disk(text: &str) -> bool {
    text.contains("No space left on device") || text.contains("Disk quota exceeded")
}

impl From<EmbeddedError> for IndexError {
    fn from(error: EmbeddedError) -> Self {
        if error.is_full() {
            return Self::NoSpace(format!("{error}; free some space and try again"));
        }

        match error {
            EmbeddedError::Index(error) => error,
            EmbeddedError::Damaged(_) => Self::Unavailable(
                "a stored document is damaged and is being set aside; try again in a few seconds"
                    .to_owned(),
            ),
            other => Self::Store(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine_error(reason: &str) -> EmbeddedError {
        EmbeddedError::Engine {
            dir: "data".into(),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn a_full_disk_is_recognised() {
        let full = EmbeddedError::Io(io::Error::from(io::ErrorKind::StorageFull));
        assert!(matches!(IndexError::from(full), IndexError::NoSpace(_)));

        let full = IndexError::from(engine_error(
            "segments flushed: No space left on device (os error 28)",
        ));
        assert!(
            matches!(full, IndexError::NoSpace(_)) && full.to_string().contains("data"),
            "{full}"
        );

        assert!(matches!(
            IndexError::from(engine_error("something else")),
            IndexError::Store(_)
        ));
        let other = EmbeddedError::Io(io::Error::from(io::ErrorKind::NotFound));
        assert!(matches!(IndexError::from(other), IndexError::Store(_)));
    }
}
