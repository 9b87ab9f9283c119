//! What can fail inside the embedded store, and what callers are told of it.

use std::io;

use mcdewey_core::IndexError;
use qdrant_edge::OperationError;

/// A failure on its way to the border of this crate.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("a stored value cannot be read: {0}")]
    Stored(#[from] serde_json::Error),
    #[error("the vector shard failed: {0}")]
    Shard(#[from] OperationError),
    #[error("the shard cannot be read")]
    UnreadableShard,
    #[error("{0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Told(#[from] IndexError),
}

pub(super) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A stored value of a wrong shape.
    pub(super) fn stored(what: &str) -> Self {
        Self::Told(IndexError::Store(format!("the catalogue holds a {what} of another shape")))
    }

    fn is_full(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::File(error) => error.kind() == io::ErrorKind::StorageFull,
            Self::Stored(_) | Self::Shard(_) | Self::UnreadableShard | Self::Told(_) => false,
        }
    }
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
        let other = Failure::File(io::Error::from(io::ErrorKind::NotFound));
        assert!(matches!(IndexError::from(other), IndexError::Store(_)));
    }
}
