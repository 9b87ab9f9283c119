//! Errors of reading sets, scoring runs and comparing reports.
//!
//! Messages about a set name the file and, where there is one, the line.

use std::io;
use std::path::PathBuf;

use mcdewey_core::InvalidValue;

/// Why a set cannot be read, a run cannot be scored or reports cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A file of the set is absent or unreadable.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    /// A line does not have the expected format.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        path: PathBuf,
        /// The line number, from 1.
        line: usize,
        /// What is wrong and what is expected instead.
        problem: String,
    },
    /// The files are well formed but cannot be used as a set.
    #[error("{}: {problem}", path.display())]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        problem: String,
    },
    /// A version filter or a hit's version cannot be parsed, so version leaks cannot be detected.
    #[error("cannot check for hits of other versions: {0}")]
    Version(#[from] InvalidValue),
    /// Two reports have nothing in common.
    #[error("cannot compare: {0}")]
    Incomparable(String),
}
