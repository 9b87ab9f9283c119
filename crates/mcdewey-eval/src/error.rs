//! Why a set cannot be used; every message names the file and, where there is one, the line.

use std::io;
use std::path::PathBuf;

use mcdewey_core::InvalidValue;

/// Why a set cannot be read, a run cannot be scored or reports cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A file of the set is absent or unreadable.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A line breaks the form.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong and what belongs there.
        problem: String,
    },
    /// The files are well formed and hold nothing to measure.
    #[error("{}: {problem}", path.display())]
    Nothing {
        /// Which file or folder.
        path: PathBuf,
        /// What is missing.
        problem: String,
    },
    /// A version filter or a hit's release cannot be understood, so leaks cannot be told.
    #[error("cannot check for another release: {0}")]
    Version(#[from] InvalidValue),
    /// Two reports have nothing in common.
    #[error("cannot compare: {0}")]
    Incomparable(String),
}
