//! Plans the work for one root by comparing the files that were found with what the index holds.
//! Documents are chosen for removal here. Planning touches neither the files nor the index.

use std::collections::{HashMap, HashSet};

use mcdewey_core::{ContentHash, ManifestEntry, SourcePath};

use crate::walk::{FoundFile, Walk};
use crate::{IngestError, Root};

/// The work for one root.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Files to read, each with what the index holds of it.
    pub(crate) to_read: Vec<(FoundFile, Option<IndexedFile>)>,
    /// Documents whose file no longer exists.
    pub(crate) to_remove: Vec<SourcePath>,
    /// Documents that stay although their file cannot be read now.
    pub(crate) kept: Vec<SourcePath>,
}

/// What the index holds of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexedFile {
    /// The hash by which the unchanged file is recognised.
    pub(crate) input: ContentHash,
    /// Whether the document was read from the folder that is walked now. If not, it is written
    /// again so that the index records the new folder.
    pub(crate) same_folder: bool,
}

/// Returns an error if no document was found in a folder from which the library holds some.
pub(crate) fn refuse_empty(
    root: &Root,
    walk: &Walk,
    manifest: &[ManifestEntry],
) -> Result<(), IngestError> {
    let indexed = manifest
        .iter()
        .filter(|entry| root.covers(&entry.source) && walk.is_authoritative_for(&entry.folder))
        .count();

    if indexed > 0 && walk.documents.is_empty() {
        return Err(IngestError::EmptyRoot {
            root: root.name.clone(),
            path: root.folder(),
            indexed,
        });
    }

    Ok(())
}

/// Compares the files that were found with the root's manifest.
///
/// A document is removed only if its file is missing from a folder that was listed. A file that
/// exists but cannot be read keeps its document. So do documents from another folder that was once
/// ingested as the same root.
pub(crate) fn plan(root: &Root, walk: Walk, manifest: &[ManifestEntry]) -> Plan {
    let indexed: HashMap<&SourcePath, IndexedFile> = manifest
        .iter()
        .map(|entry| {
            let file = IndexedFile {
                input: entry.input,
                same_folder: *entry.folder == *walk.folder,
            };
            (&entry.source, file)
        })
        .collect();

    let found: HashSet<&SourcePath> = walk.documents.iter().map(|file| &file.source).collect();
    let skipped: HashSet<&str> = walk.skipped.iter().map(|file| file.path.as_str()).collect();

    let (kept, to_remove) = manifest
        .iter()
        .filter(|entry| root.covers(&entry.source) && !found.contains(&entry.source))
        .filter(|entry| walk.is_authoritative_for(&entry.folder))
        .map(|entry| entry.source.clone())
        .partition(|source| skipped.contains(source.as_str()) || walk.may_contain(source));

    let to_read = walk
        .documents
        .iter()
        .map(|file| (file.clone(), indexed.get(&file.source).copied()))
        .collect();

    Plan {
        to_read,
        to_remove,
        kept,
    }
}

#[cfg(test)]
mod tests;
