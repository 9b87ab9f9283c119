//! Replaces an SQLite file that is not open, together with its log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::durable;

/// Replaces an SQLite file by another, and keeps it aside with its log.
pub(super) fn put_in_place(new: &Path, path: &Path, aside: &Path) -> io::Result<()> {
    remove_with_log(aside)?;
    if path.exists() && fs::hard_link(path, aside).is_err() {
        fs::copy(path, aside)?;
    }

    // A log that stays behind would be applied to the new file.
    rename(&with_suffix(path, "-wal"), &with_suffix(aside, "-wal"))?;
    remove(&with_suffix(path, "-shm"))?;
    fs::File::open(new)?.sync_all()?;
    fs::rename(new, path)?;
    durable::sync_parent(path)
}

/// Deletes an SQLite file that is not open, if it exists.
pub(super) fn remove_with_log(path: &Path) -> io::Result<()> {
    ["", "-wal", "-shm"]
        .into_iter()
        .try_for_each(|suffix| remove(&with_suffix(path, suffix)))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Renames a file if there is one.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
