//! Whether an index is what was written to it.

use serde::{Deserialize, Serialize};

use crate::{RootName, SourcePath};

/// Whether what is stored was found to be what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integrity {
    /// Whether everything that is stored was compared with its checksums since it was opened.
    pub verified: bool,
    /// The number of documents that are left out because they were found damaged or lost, until they
    /// are read again or removed.
    pub damaged: u64,
}

impl Default for Integrity {
    /// For an index that leaves this to its storage.
    fn default() -> Self {
        Self {
            verified: true,
            damaged: 0,
        }
    }
}

/// A document that is left out because it was found damaged or lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedDocument {
    /// Its source.
    pub source: SourcePath,
    /// The root it was read from.
    pub root: RootName,
    /// What is wrong with it, for an operator.
    pub reason: String,
}
