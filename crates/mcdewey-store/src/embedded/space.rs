//! Free space on the disk: the minimum that every write must leave free, and what a write needs on
//! top.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use mcdewey_core::IndexError;

use super::error::{EmbeddedError, EmbeddedResult};

/// Errs if writing `needed` bytes would leave less than `min_free_bytes` free.
pub(super) fn check(dir: &Path, min_free_bytes: u64, needed: u64) -> EmbeddedResult<()> {
    let free = available(dir)?;
    let required = min_free_bytes.saturating_add(needed);
    if free >= required {
        return Ok(());
    }

    let breakdown = if min_free_bytes == 0 {
        String::new()
    } else {
        format!(
            " ({} MiB to write, {} MiB to keep free, see min_free_mb)",
            mebibytes(needed),
            mebibytes(min_free_bytes)
        )
    };

    Err(IndexError::NoSpace(format!(
        "{} has {} MiB free and {} MiB are needed{breakdown}; \
         free some space or lower the minimum, then try again",
        dir.display(),
        mebibytes(free),
        mebibytes(required)
    ))
    .into())
}

/// The error for a step that would write this many bytes and could not reserve blocks for them.
pub(super) fn exhausted(dir: &Path, bytes: u64, error: &io::Error) -> EmbeddedError {
    IndexError::NoSpace(format!(
        "{} has {} MiB free, which is too little to write the next {} MiB to several files \
         ({error}); free some space, then try again",
        dir.display(),
        available_mebibytes(dir),
        mebibytes(bytes)
    ))
    .into()
}

/// Adds the amount of free space to an error caused by a lack of it. Returns other errors
/// unchanged.
pub(super) fn explain(dir: &Path, error: EmbeddedError) -> EmbeddedError {
    if !error.is_full() {
        return error;
    }

    IndexError::NoSpace(format!(
        "{} has {} MiB free and writing needs more ({error}); free some space, then try again",
        dir.display(),
        available_mebibytes(dir)
    ))
    .into()
}

/// Bytes that an unprivileged user may still write on the disk of this folder, or `None` if the
/// system does not report it.
pub fn free_space(dir: &Path) -> Option<u64> {
    available(dir).ok()
}

/// Bytes that all files below a folder occupy on the disk. The engine creates large files that are
/// mostly holes. Ignores files that are deleted in the meantime.
pub(super) fn disk_usage(folder: &Path) -> EmbeddedResult<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => disk_usage(&entry.path()).unwrap_or(0),
            Ok(metadata) => allocated(&metadata),
            Err(_) => 0,
        };
    }

    Ok(bytes)
}

/// Bytes that a file occupies on the disk.
#[cfg(unix)]
pub(super) fn allocated(file: &Metadata) -> u64 {
    /// The unit of `st_blocks`, independent of the file system's own block size.
    const BLOCK: u64 = 512;
    std::os::unix::fs::MetadataExt::blocks(file) * BLOCK
}

#[cfg(not(unix))]
pub(super) fn allocated(file: &Metadata) -> u64 {
    file.len()
}

fn available(dir: &Path) -> EmbeddedResult<u64> {
    let disk = rustix::fs::statvfs(dir).map_err(io::Error::from)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn available_mebibytes(dir: &Path) -> String {
    available(dir).map_or_else(
        |_| "an unknown number of".to_owned(),
        |free| mebibytes(free).to_string(),
    )
}

fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1024 * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn holes_do_not_count_as_disk_usage() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("below")).unwrap();
        fs::write(dir.path().join("below/full"), vec![1; 8192]).unwrap();

        fs::File::create(dir.path().join("hole"))
            .unwrap()
            .set_len(1 << 30)
            .unwrap();

        let size = disk_usage(dir.path()).unwrap();
        assert!((8192..1 << 20).contains(&size), "{size}");
    }

    #[test]
    fn the_error_for_a_full_disk_names_its_path_and_free_space() {
        let dir = tempfile::tempdir().unwrap();
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = IndexError::from(explain(dir.path(), full.into()));
        let path = dir.path().display().to_string();
        assert!(
            matches!(&error, IndexError::NoSpace(text) if text.contains(&path) && text.contains("MiB")),
            "{error}"
        );

        let other = io::Error::from(io::ErrorKind::NotFound);
        assert!(matches!(
            explain(dir.path(), other.into()),
            EmbeddedError::Io(_)
        ));
    }

    #[test]
    fn the_error_for_too_little_space_states_the_amounts() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path(), 0, 1).unwrap();
        let error = IndexError::from(check(dir.path(), u64::MAX, 1).unwrap_err());
        assert!(matches!(error, IndexError::NoSpace(_)), "{error}");
        assert!(error.to_string().contains("MiB"), "{error}");
    }
}
