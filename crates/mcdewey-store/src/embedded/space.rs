//! Free space on the disk: the floor that stays free whatever is written, and what a piece of work needs on top of it.

use std::path::Path;

use mcdewey_core::IndexError;

use super::failure::{Failure, Outcome};

/// Errs when writing `needed` bytes would leave less than `floor` bytes free.
pub(super) fn check(dir: &Path, floor: u64, needed: u64) -> Outcome<()> {
    let free = free(dir)?;
    let wanted = floor.saturating_add(needed);
    if free >= wanted {
        return Ok(());
    }

    let kept = if floor == 0 {
        String::new()
    } else {
        format!(
            " ({} MiB to write, {} MiB to keep free, see min_free_mb)",
            mebibytes(needed),
            mebibytes(floor)
        )
    };

    let message = format!(
        "{} has {} MiB free and {} MiB are needed{kept}; free some space or lower the floor, then try again",
        dir.display(),
        mebibytes(free),
        mebibytes(wanted)
    );

    Err(IndexError::NoSpace(message).into())
}

/// The failure of a step that would write this many bytes and found no blocks for them.
pub(super) fn exhausted(dir: &Path, bytes: u64, error: &std::io::Error) -> Failure {
    let left = free(dir).map_or_else(
        |_| "an unknown amount of".to_owned(),
        |free| mebibytes(free).to_string(),
    );

    Failure::Told(IndexError::NoSpace(format!(
        "{} has {left} MiB free, which is too little to write the next {} MiB to several files ({error}); free some space, \
         then try again",
        dir.display(),
        mebibytes(bytes)
    )))
}

/// A failure for want of space with how much there is; any other one as it is.
pub(super) fn explained(dir: &Path, failure: Failure) -> Failure {
    if !failure.is_full() {
        return failure;
    }

    let left = free(dir).map_or_else(
        |_| "an unknown amount of".to_owned(),
        |free| mebibytes(free).to_string(),
    );
    let dir = dir.display();
    let told = format!(
        "{dir} has {left} MiB free and writing needs more ({failure}); free some space, then try again"
    );
    Failure::Told(IndexError::NoSpace(told))
}

/// Bytes that may still be written beside this folder, where the system says so.
pub fn free_space(dir: &Path) -> Option<u64> {
    free(dir).ok()
}

/// Bytes that all files in a folder and below take up on the disk: the engine makes large files that are mostly holes.
/// What goes while it is looked at counts nothing.
pub(super) fn size(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.metadata() {
            Ok(found) if found.is_dir() => size(&entry.path()).unwrap_or(0),
            Ok(found) => taken(&found),
            Err(_) => 0,
        };
    }

    Ok(bytes)
}

#[cfg(unix)]
fn taken(file: &std::fs::Metadata) -> u64 {
    /// The unit of `st_blocks`, whatever the file system's own is.
    const BLOCK: u64 = 512;
    std::os::unix::fs::MetadataExt::blocks(file) * BLOCK
}

#[cfg(not(unix))]
fn taken(file: &std::fs::Metadata) -> u64 {
    file.len()
}

/// Bytes an ordinary user may still write.
fn free(dir: &Path) -> Outcome<u64> {
    let disk = rustix::fs::statvfs(dir).map_err(std::io::Error::from)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1024 * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn holes_take_no_space() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("below")).unwrap();
        std::fs::write(dir.path().join("below/full"), vec![1; 8192]).unwrap();

        std::fs::File::create(dir.path().join("hole"))
            .unwrap()
            .set_len(1 << 30)
            .unwrap();
        let size = size(dir.path()).unwrap();
        assert!((8192..1 << 20).contains(&size), "{size}");
    }

    #[test]
    fn a_full_disk_is_told_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let told = IndexError::from(explained(dir.path(), full.into()));
        let place = dir.path().display().to_string();

        assert!(
            matches!(&told, IndexError::NoSpace(text) if text.contains(&place) && text.contains("MiB")),
            "{told}"
        );
        let other = std::io::Error::from(std::io::ErrorKind::NotFound);
        assert!(matches!(
            explained(dir.path(), other.into()),
            Failure::File(_)
        ));
    }

    #[test]
    fn too_little_space_is_told_with_numbers() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path(), 0, 1).unwrap();
        let error = IndexError::from(check(dir.path(), u64::MAX, 1).unwrap_err());
        assert!(matches!(error, IndexError::NoSpace(_)), "{error}");
        assert!(error.to_string().contains("MiB"), "{error}");
    }
}
