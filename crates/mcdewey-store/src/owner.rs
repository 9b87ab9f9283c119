//! Who owns a data directory: one process at a time, found by the others.
//!
//! The operating system holds the lock, so that a killed owner leaves none behind; what is written about an owner is
//! believed only while the lock is held.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The file that is locked.
const LOCK_FILE: &str = "lock";
/// What the owner says about itself.
const OWNER_FILE: &str = "owner.json";
/// How often a busy lock is tried again: others hold it for an instant when they look for the owner, and a new owner
/// needs an instant to write its name.
const ATTEMPTS: u32 = 10;
/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(5);

/// The process that owns a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process id; 0 when it has not said yet.
    pub pid: u32,
    /// Where it answers, once it listens.
    pub address: Option<String>,
    /// What it wants to be shown before it changes anything.
    pub token: Option<String>,
}

/// The right to work on a data directory, held until dropped or until the process ends.
#[derive(Debug)]
pub struct OwnerLock {
    dir: PathBuf,
    _file: File,
}

/// Why a data directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process owns it.
    #[error("process {} owns the data directory; stop it first or use another directory", .0.pid)]
    Held(Owner),
    /// The directory cannot be used.
    #[error("cannot use the data directory {dir}: {reason}; {}", advice(.reason))]
    Unusable {
        /// The directory.
        dir: PathBuf,
        /// What went wrong.
        reason: io::Error,
    },
}

fn advice(reason: &io::Error) -> &'static str {
    match reason.kind() {
        io::ErrorKind::StorageFull => "free some space",
        io::ErrorKind::ReadOnlyFilesystem => {
            "make it writable: the engine writes beside its files even when questions are all it gets"
        }
        _ => "check that it exists and may be written",
    }
}

impl OwnerLock {
    /// Takes a directory, which is made if it does not exist.
    pub fn acquire(dir: &Path) -> Result<Self, LockError> {
        let unusable = |reason| LockError::Unusable { dir: dir.to_owned(), reason };
        fs::create_dir_all(dir).map_err(unusable)?;
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).open(dir.join(LOCK_FILE)).map_err(unusable)?;
        if !patiently(|| File::try_lock(&file)).map_err(unusable)? {
            return Err(LockError::Held(owner_of(dir)));
        }
        let lock = Self { dir: dir.to_owned(), _file: file };
        lock.write(&Owner { pid: std::process::id(), address: None, token: None })?;
        Ok(lock)
    }

    /// Tells others where the owner answers and what it wants to be shown; only this user may read it.
    pub fn announce(&self, address: &str, token: &str) -> Result<(), LockError> {
        let (address, token) = (Some(address.to_owned()), Some(token.to_owned()));
        self.write(&Owner { pid: std::process::id(), address, token })
    }

    /// The process that owns the directory now, if any.
    pub fn find(dir: &Path) -> Option<Owner> {
        let file = File::open(dir.join(LOCK_FILE)).ok()?;
        match File::try_lock_shared(&file) {
            Err(TryLockError::WouldBlock) => Some(owner_of(dir)),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }

    /// Written beside and renamed, so that nobody reads half of it.
    fn write(&self, owner: &Owner) -> Result<(), LockError> {
        let written = || -> io::Result<()> {
            let path = self.dir.join(OWNER_FILE);
            let draft = self.dir.join(format!("{OWNER_FILE}.new"));
            let _ = fs::remove_file(&draft);
            let mut file = private_file(&draft)?;
            file.write_all(serde_json::to_string(owner)?.as_bytes())?;
            fs::rename(draft, path)
        };
        written().map_err(|reason| LockError::Unusable { dir: self.dir.clone(), reason })
    }
}

impl Drop for OwnerLock {
    fn drop(&mut self) {
        // The token must not outlive its owner; whoever reads the file next believes only a held lock anyway.
        let _ = fs::remove_file(self.dir.join(OWNER_FILE));
    }
}

/// A new file that only this user may read.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether the lock was obtained within a few attempts.
fn patiently(lock: impl Fn() -> Result<(), TryLockError>) -> io::Result<bool> {
    for _ in 0..ATTEMPTS {
        match lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

/// What the holder of the lock says about itself.
fn owner_of(dir: &Path) -> Owner {
    for _ in 0..ATTEMPTS {
        let text = fs::read_to_string(dir.join(OWNER_FILE));
        if let Some(owner) = text.ok().and_then(|text| serde_json::from_str(&text).ok()) {
            return owner;
        }
        thread::sleep(PAUSE);
    }
    Owner { pid: 0, address: None, token: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_owner_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("new/data");
        assert_eq!(OwnerLock::find(&below), None);
        let lock = OwnerLock::acquire(&below).unwrap();
        let me = Owner { pid: std::process::id(), address: None, token: None };
        assert_eq!(OwnerLock::find(&below), Some(me.clone()));
        match OwnerLock::acquire(&below) {
            Err(LockError::Held(owner)) => assert_eq!(owner, me),
            other => panic!("{other:?}"),
        }
        drop(lock);
        assert_eq!(OwnerLock::find(&below), None);
        OwnerLock::acquire(&below).unwrap();
    }

    #[test]
    fn others_find_where_the_owner_answers() {
        let dir = tempfile::tempdir().unwrap();
        let lock = OwnerLock::acquire(dir.path()).unwrap();
        lock.announce("http://127.0.0.1:8080", "secret").unwrap();
        let owner = OwnerLock::find(dir.path()).unwrap();
        assert_eq!(owner.address.as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(owner.token.as_deref(), Some("secret"));
        drop(lock);
        assert!(!dir.path().join(OWNER_FILE).exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_this_user_may_read_the_token() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let lock = OwnerLock::acquire(dir.path()).unwrap();
        lock.announce("here", "secret").unwrap();
        let mode = fs::metadata(dir.path().join(OWNER_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_a_killed_owner_left_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(LOCK_FILE), "").unwrap();
        fs::write(dir.path().join(OWNER_FILE), r#"{"pid":1,"address":"gone","token":"gone"}"#).unwrap();
        assert_eq!(OwnerLock::find(dir.path()), None);
        let _lock = OwnerLock::acquire(dir.path()).unwrap();
        assert_eq!(OwnerLock::find(dir.path()).unwrap().pid, std::process::id());
    }

    #[test]
    fn looking_for_the_owner_does_not_take_the_lock_away() {
        let dir = tempfile::tempdir().unwrap();
        drop(OwnerLock::acquire(dir.path()).unwrap());
        let looking = File::open(dir.path().join(LOCK_FILE)).unwrap();
        File::try_lock_shared(&looking).unwrap();
        let waiting = thread::spawn({
            let dir = dir.path().to_owned();
            move || OwnerLock::acquire(&dir)
        });
        drop(looking);
        waiting.join().unwrap().unwrap();
    }

    #[test]
    fn what_to_do_depends_on_what_is_wrong() {
        for (kind, advice) in [
            (io::ErrorKind::StorageFull, "free some space"),
            (io::ErrorKind::ReadOnlyFilesystem, "make it writable"),
            (io::ErrorKind::PermissionDenied, "may be written"),
        ] {
            let error = LockError::Unusable { dir: "data".into(), reason: kind.into() }.to_string();
            assert!(error.contains(advice) && error.contains("data"), "{error}");
        }
    }

    #[test]
    fn an_unusable_directory_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let error = OwnerLock::acquire(&dir.path().join("file/data")).unwrap_err();
        assert!(error.to_string().contains("file/data"), "{error}");
    }
}
