//! The lock of the process that owns a library, and the announcement of its address to the other
//! processes of this machine.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Result, bail};
use mcdewey_store::{LockError, OwnerLock};

/// How often the owner checks that its lock file and `owner.json` still exist.
const LOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Ownership of the library on this machine, and the directory where other processes find the
/// owner. Dropping it releases the ownership.
pub struct DataDirLock {
    /// Held from the start if the data directory holds the library. For a library on a Qdrant
    /// server it is acquired when the server is announced.
    lock: Option<Arc<OwnerLock>>,
    dir: PathBuf,
}

impl DataDirLock {
    pub(crate) fn held(lock: OwnerLock, dir: PathBuf) -> Self {
        Self {
            lock: Some(Arc::new(lock)),
            dir,
        }
    }

    /// A lock that is acquired when the server is announced.
    pub(crate) fn deferred(dir: PathBuf) -> Self {
        Self { lock: None, dir }
    }

    /// Moves the lock into a value of its own, and starts to watch its files.
    pub(crate) fn take(&mut self) -> Self {
        let lock = Self {
            lock: self.lock.take(),
            dir: self.dir.clone(),
        };

        lock.watch();
        lock
    }

    /// Publishes this process's address, and the token it requires, to other processes of this
    /// machine. Several servers can share a library on a Qdrant server; only the first one is
    /// found.
    ///
    /// # Errors
    ///
    /// If `owner.json` cannot be written.
    pub fn announce(&mut self, address: &str, token: &str) -> Result<()> {
        if self.lock.is_none() {
            match OwnerLock::acquire(&self.dir) {
                Ok(lock) => {
                    self.lock = Some(Arc::new(lock));
                    self.watch();
                }
                Err(error) => {
                    tracing::info!(
                        %error,
                        "other commands on this machine will not find this server"
                    );
                }
            }
        }

        match &self.lock {
            Some(lock) => Ok(lock.announce(address, token)?),
            None => Ok(()),
        }
    }

    /// Restores the lock file and `owner.json` when they are deleted, until the lock is released.
    fn watch(&self) {
        if let Some(lock) = &self.lock {
            tokio::spawn(restore_lock_files(Arc::downgrade(lock), self.dir.clone()));
        }
    }
}

/// Logs an error that persists only once, not on every check.
async fn restore_lock_files(lock: Weak<OwnerLock>, dir: PathBuf) {
    let mut last_error = None;
    loop {
        tokio::time::sleep(LOCK_CHECK_INTERVAL).await;
        let Some(lock) = lock.upgrade() else { return };

        let outcome = tokio::task::spawn_blocking(move || lock.restore()).await;
        match outcome {
            Ok(Ok(false)) | Err(_) => {}
            Ok(Ok(true)) => {
                tracing::warn!(
                    dir = %dir.display(),
                    "lock or owner.json was deleted from the data directory and has been restored"
                );
            }
            Ok(Err(error)) => {
                let error = error.to_string();
                if last_error.as_ref() != Some(&error) {
                    tracing::error!(%error, "cannot restore lock and owner.json");
                }
                last_error = Some(error);
            }
        }
    }
}

/// Locks a data directory. The error names the process that owns it.
pub(crate) fn lock_data_dir(dir: &Path) -> Result<OwnerLock> {
    match OwnerLock::acquire(dir) {
        Ok(lock) => Ok(lock),
        Err(LockError::Held(owner)) => {
            let listening = owner.address.as_ref().map_or_else(String::new, |address| {
                format!(" and serves it at {address}")
            });
            let (name, dir) = (owner.name(), dir.display());
            bail!("{name} owns {dir}{listening}; stop it first, or use another --data-dir")
        }
        Err(error) => Err(error.into()),
    }
}
