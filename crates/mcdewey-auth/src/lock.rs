//! Locks for files that several processes rewrite. A process that reads such a file in order to
//! replace it holds the lock meanwhile. Each replacement is a new file, so the lock is on a
//! separate file beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::private_file::{ensure_parent, link_target};

/// How long to wait for another process, which normally holds the lock for milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Why a file cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The lock file beside it cannot be opened.
    #[error("the lock file {path} cannot be opened", path = path.display())]
    Open {
        /// The lock file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Another process holds the lock.
    #[error(
        "another process has held {path} for {seconds} s; find out which one (`fuser`), stop it, \
         and try again",
        path = path.display(),
        seconds = LOCK_TIMEOUT.as_secs()
    )]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
    /// The file system refuses the lock.
    #[error("{path} cannot be locked", path = path.display())]
    Refused {
        /// The lock file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// A lock that is released when this is dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

/// Locks a file, which may not exist yet.
pub(crate) fn lock(path: &Path) -> Result<FileLock, LockError> {
    let path = lock_path(&link_target(path));
    let file = match open(&path) {
        Ok(file) => file,
        Err(source) => return Err(LockError::Open { path, source }),
    };

    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(FileLock { _file: file }),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(POLL_INTERVAL);
            }
            Err(TryLockError::WouldBlock) => return Err(LockError::Busy { path }),
            Err(TryLockError::Error(source)) => return Err(LockError::Refused { path, source }),
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    path.with_file_name(name)
}

fn open(path: &Path) -> io::Result<File> {
    let folder = ensure_parent(path)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;

    // A command run by an administrator must not lock out the service that owns the folder.
    #[cfg(unix)]
    let _ = crate::private_file::copy_owner(&file, &folder.metadata()?);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/keys.toml");
        let first = lock(&path).unwrap();
        let (sender, acquired) = std::sync::mpsc::channel();
        let same_path = path.clone();

        let thread = std::thread::spawn(move || {
            let _lock = lock(&same_path).unwrap();
            sender.send(()).unwrap();
        });
        assert!(acquired.recv_timeout(POLL_INTERVAL * 5).is_err());

        drop(first);
        acquired.recv().unwrap();
        thread.join().unwrap();

        assert!(!path.exists() && lock_path(&path).exists());
    }
}
