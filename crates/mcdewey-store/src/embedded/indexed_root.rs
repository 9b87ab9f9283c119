//! The folders that the documents of an index were read from.

use mcdewey_core::RootName;

/// A folder that documents were read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedRoot {
    /// The root it was configured as.
    pub root: RootName,
    /// The folder, absolute and free of links.
    pub folder: String,
    /// How many documents of the index come from it.
    pub documents: u64,
}
