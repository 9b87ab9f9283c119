//! Locks for files that several processes rewrite. Whoever reads such a file in order to replace it holds the lock
//! meanwhile; each replacement is a new file, so the lock is on a file of its own beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::requirement::{link_target, private_folder};

/// How long to wait for another process; it holds a lock for moments only.
const WAIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(10);

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

/// Takes the lock of a file, which may not exist yet.
pub(super) fn lock(path: &Path) -> Result<FileLock> {
    let path = beside(&link_target(path));
    let file = open(&path)
        .with_context(|| format!("the lock file {} cannot be opened", path.display()))?;

    let end = Instant::now() + WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(FileLock { _file: file }),
            Err(TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(POLL),
            Err(TryLockError::WouldBlock) => bail!(
                "another process has held {} for {} s; find out which one (`fuser`), stop it, and try again",
                path.display(),
                WAIT.as_secs()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    path.with_file_name(name)
}

fn open(path: &Path) -> std::io::Result<File> {
    let folder = private_folder(path)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;

    // An administrator's command must not lock out the service that owns the folder.
    #[cfg(unix)]
    let _ = super::requirement::give_to_owner_of(&file, &folder.metadata()?);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/keys.toml");
        let held = lock(&path).unwrap();
        let (sender, taken) = std::sync::mpsc::channel();
        let other = path.clone();

        let thread = std::thread::spawn(move || {
            let _lock = lock(&other).unwrap();
            sender.send(()).unwrap();
        });
        assert!(taken.recv_timeout(POLL * 5).is_err());
        drop(held);
        taken.recv().unwrap();
        thread.join().unwrap();

        assert!(!path.exists() && beside(&path).exists());
    }
}
