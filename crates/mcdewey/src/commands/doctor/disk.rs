//! Measures the disk usage of a data directory and the remaining free space.

use std::path::Path;

use serde::Serialize;

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct DiskCheck {
    /// Total size of the files, in bytes.
    pub(super) used: u64,
    /// Free space on the same file system, in bytes; `None` if the system does not report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) free: Option<u64>,
}

impl DiskCheck {
    pub(super) fn measure(folder: &Path) -> Self {
        Self {
            used: total_size(folder),
            free: mcdewey_store::free_space(folder),
        }
    }
}

/// Returns the size of all files below a folder, in bytes. Files and folders that cannot be read
/// are not counted.
fn total_size(folder: &Path) -> u64 {
    let Ok(entries) = folder.read_dir() else {
        return 0;
    };

    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => total_size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_subfolders_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/b"), "12345").unwrap();
        std::fs::write(folder.path().join("c"), "1").unwrap();

        let check = DiskCheck::measure(folder.path());
        assert_eq!(check.used, 6);
        assert!(check.free.is_some_and(|free| free > 0));
        assert_eq!(total_size(&folder.path().join("missing")), 0);
    }
}
