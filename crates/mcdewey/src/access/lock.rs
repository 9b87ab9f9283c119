//! Locks for files that several processes rewrite. A process that reads such a file in order to
//! replace it holds the lock meanwhile. Each replacement is a new file, so the lock is on a
//! separate file beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::private_file::{ensure_parent, link_target};

/// How long to wait for another process, which normally holds the lock for milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A lock that is released when this is dropped.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

/// Locks a file, which may not exist yet.
pub(super) fn lock(path: &Path) -> Result<FileLock> {
    let path = lock_path(&link_target(path));
    let file = open(&path)
        .with_context(|| format!("the lock file {} cannot be opened", path.display()))?;

    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(FileLock { _file: file }),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(POLL_INTERVAL);
            }
            Err(TryLockError::WouldBlock) => bail!(
                "another process has held {} for {} s; find out which one (`fuser`), stop it, and \
                 try again",
                path.display(),
                LOCK_TIMEOUT.as_secs()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    path.with_file_name(name)
}

fn open(path: &Path) -> std::io::Result<File> {
    let folder = ensure_parent(path)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;

    // A command run by an administrator must not lock out the service that owns the folder.
    #[cfg(unix)]
    let _ = super::private_file::copy_owner(&file, &folder.metadata()?);
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
