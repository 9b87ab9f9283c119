//! The cache of downloaded files: what it holds, which process may change it, and how new files
//! enter it.
//!
//! A bundle's folder appears complete or not at all, by one rename. A process that finds everything
//! in the cache neither locks nor writes it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::catalogue::{Bundle, BundleFile};
use crate::error::ProvisionError;
use crate::stamp::{self, hash_file};
use crate::step::ProvisionStep;

const LOCK_FILE: &str = ".lock";
const WORK_DIR_PREFIX: &str = ".provision-";

/// What the cache holds of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BundleState {
    /// All files, with the checksums of the catalogue.
    Complete,
    Absent,
    /// This file is missing or has another checksum.
    Damaged(PathBuf),
}

/// Checks a bundle's folder. Files that do not match the stamp are hashed.
pub(crate) fn check(folder: &Path, bundle: &Bundle) -> Result<BundleState, ProvisionError> {
    if !folder.exists() {
        return Ok(BundleState::Absent);
    }

    let stamp = stamp::read(folder);
    let mut stamp_outdated = false;
    for file in &bundle.files {
        let path = folder.join(&file.path);
        let Ok(metadata) = fs::metadata(&path) else {
            return Ok(BundleState::Damaged(path));
        };

        if stamp
            .get(&file.path)
            .is_some_and(|entry| entry.matches(&metadata, &file.sha256))
        {
            continue;
        }

        if hash_file(&path)? != file.sha256 {
            return Ok(BundleState::Damaged(path));
        }

        stamp_outdated = true;
    }

    if stamp_outdated {
        refresh_stamp(folder, &bundle.files);
    }

    Ok(BundleState::Complete)
}

fn refresh_stamp(folder: &Path, files: &[BundleFile]) {
    // The files are right, so a cache that cannot be written (an image layer, for example) only
    // costs time at the next start.
    if let Err(error) = stamp::write(folder, files) {
        tracing::debug!(%error, "cannot save the checksums of cached files");
    }
}

/// The exclusive right to change the cache, held until dropped.
#[derive(Debug)]
pub(crate) struct LockedCache {
    dir: PathBuf,
    _lock: File,
}

impl LockedCache {
    /// Waits for the lock, then removes what killed processes left behind.
    pub(crate) fn lock(dir: &Path, report: &dyn Fn(ProvisionStep)) -> Result<Self, ProvisionError> {
        let lock_path = dir.join(LOCK_FILE);
        let lock = open_lock_file(dir, &lock_path).map_err(|source| not_writable(dir, source))?;

        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                report(ProvisionStep::Waiting { lock: lock_path });
                lock.lock().map_err(|source| not_writable(dir, source))?;
            }
            Err(TryLockError::Error(source)) => return Err(not_writable(dir, source)),
        }

        remove_leftovers(dir).map_err(|source| not_writable(dir, source))?;
        Ok(Self {
            dir: dir.to_owned(),
            _lock: lock,
        })
    }

    /// Creates a temporary folder, removed when dropped. It is on the cache's own file system, so
    /// that a rename suffices to install files from it.
    pub(crate) fn create_work_dir(&self) -> Result<TempDir, ProvisionError> {
        tempfile::Builder::new()
            .prefix(WORK_DIR_PREFIX)
            .tempdir_in(&self.dir)
            .map_err(|source| not_writable(&self.dir, source))
    }

    /// Moves a finished folder to `destination`. A folder already there moves to `work_dir` and is
    /// removed with it.
    pub(crate) fn install(
        &self,
        finished: &Path,
        destination: &Path,
        work_dir: &TempDir,
    ) -> Result<(), ProvisionError> {
        replace_folder(finished, destination, &work_dir.path().join("replaced"))
            .map_err(|source| not_writable(destination, source))
    }
}

fn open_lock_file(dir: &Path, path: &Path) -> io::Result<File> {
    fs::create_dir_all(dir)?;
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

fn remove_leftovers(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(WORK_DIR_PREFIX)
        {
            fs::remove_dir_all(entry.path())?;
        }
    }

    Ok(())
}

fn replace_folder(finished: &Path, destination: &Path, replaced: &Path) -> io::Result<()> {
    if destination.exists() {
        fs::rename(destination, replaced)?;
    }

    fs::rename(finished, destination)
}

fn not_writable(path: &Path, source: io::Error) -> ProvisionError {
    ProvisionError::CacheNotWritable {
        path: path.to_owned(),
        source,
    }
}
