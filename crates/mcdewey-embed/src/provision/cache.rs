//! The folder of fetched files: what is in it, who may change it, and how new files enter it.
//!
//! A folder appears whole or not at all, by one rename. Whoever finds everything there neither locks nor writes.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::stamp::{self, hash_file};
use super::{ProvisionError, ProvisionStep};
use crate::catalogue::{Bundle, BundleFile};

const LOCK: &str = ".lock";
const WORKPLACE: &str = ".provision-";

/// What the cache holds of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CacheState {
    /// All its files, unharmed.
    Complete,
    /// Nothing.
    Absent,
    /// This file is missing or not what it should be.
    Damaged(PathBuf),
}

/// Looks at a bundle's folder. Files that the stamp does not vouch for are hashed.
pub(super) fn state(folder: &Path, bundle: &Bundle) -> Result<CacheState, ProvisionError> {
    if !folder.exists() {
        return Ok(CacheState::Absent);
    }

    let stamp = stamp::read(folder);
    let mut hashed = false;
    for file in &bundle.files {
        let path = folder.join(&file.path);
        let Ok(metadata) = fs::metadata(&path) else {
            return Ok(CacheState::Damaged(path));
        };

        if stamp
            .get(&file.path)
            .is_some_and(|seen| seen.vouches_for(&metadata, &file.sha256))
        {
            continue;
        }

        if hash_file(&path)? != file.sha256 {
            return Ok(CacheState::Damaged(path));
        }

        hashed = true;
    }

    if hashed {
        stamp_again(folder, &bundle.files);
    }

    Ok(CacheState::Complete)
}

/// The files are right, so a cache that cannot be written (an image layer, say) only costs time at the next start.
fn stamp_again(folder: &Path, files: &[BundleFile]) {
    if let Err(error) = stamp::write(folder, files) {
        tracing::debug!(%error, "checksums cannot be remembered");
    }
}

/// The right to change the cache, held by one process at a time until dropped.
#[derive(Debug)]
pub(super) struct Cache {
    dir: PathBuf,
    _lock: File,
}

impl Cache {
    /// Waits for the right to change the cache, and clears away what a killed process left.
    pub(super) fn lock(dir: &Path, report: &dyn Fn(ProvisionStep)) -> Result<Self, ProvisionError> {
        let path = dir.join(LOCK);
        let not_writable = |source| ProvisionError::CacheNotWritable {
            path: dir.to_owned(),
            source,
        };
        fs::create_dir_all(dir).map_err(not_writable)?;

        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(not_writable)?;

        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                report(ProvisionStep::Waiting { lock: path });
                file.lock().map_err(not_writable)?;
            }
            Err(TryLockError::Error(source)) => return Err(not_writable(source)),
        }

        let cache = Self {
            dir: dir.to_owned(),
            _lock: file,
        };
        cache.sweep().map_err(not_writable)?;
        Ok(cache)
    }

    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(WORKPLACE) {
                fs::remove_dir_all(entry.path())?;
            }
        }

        Ok(())
    }

    /// A folder to work in, on the cache's own file system so that a rename suffices; removed when dropped.
    pub(super) fn workplace(&self) -> Result<TempDir, ProvisionError> {
        tempfile::Builder::new()
            .prefix(WORKPLACE)
            .tempdir_in(&self.dir)
            .map_err(|source| ProvisionError::CacheNotWritable {
                path: self.dir.clone(),
                source,
            })
    }

    /// Puts a finished folder in its place. What was there before leaves with the workplace.
    pub(super) fn install(
        &self,
        finished: &Path,
        place: &Path,
        workplace: &TempDir,
    ) -> Result<(), ProvisionError> {
        let swap = || -> io::Result<()> {
            if place.exists() {
                fs::rename(place, workplace.path().join("replaced"))?;
            }
            fs::rename(finished, place)
        };

        swap().map_err(|source| ProvisionError::CacheNotWritable {
            path: place.to_owned(),
            source,
        })
    }
}
