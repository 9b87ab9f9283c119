//! How much of the disk a data directory takes, and how much is left.

use std::path::Path;

use serde::Serialize;

/// A data directory on its disk.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct DiskCheck {
    /// Bytes of its files.
    pub(super) used: u64,
    /// Bytes that are free beside it, where the system says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) free: Option<u64>,
}

pub(super) fn look(folder: &Path) -> DiskCheck {
    DiskCheck {
        used: size(folder),
        free: mcdewey_store::free_space(folder),
    }
}

/// Bytes of all files below a folder; what cannot be looked at counts nothing.
pub(super) fn size(folder: &Path) -> u64 {
    let Ok(entries) = folder.read_dir() else {
        return 0;
    };

    let size_of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };

    entries.flatten().map(size_of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_all_folders_count() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/b"), "12345").unwrap();
        std::fs::write(folder.path().join("c"), "1").unwrap();
        let found = look(folder.path());
        assert_eq!(found.used, 6);
        assert!(found.free.is_some_and(|free| free > 0));
        assert_eq!(size(&folder.path().join("gone")), 0);
    }
}
