//! The lock on a data directory: one process owns the directory at a time, and other processes can
//! find it.
//!
//! It is a lock of the operating system, so a killed owner leaves none behind. The owner file is
//! trusted only while the lock is held. The lock is on the directory itself, because a lock file
//! can be deleted, by a backup tool or by hand, and a second process would then lock a new file.
//! The lock file is kept for earlier versions of the program, which lock only the file, and for
//! file systems that cannot lock directories; the owner restores it when it is missing.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use mcdewey_files::create_private_dir;
use serde::{Deserialize, Serialize};

use crate::permissions;

/// The file that is locked in addition to the directory.
const LOCK_FILE: &str = "lock";

/// The file in which the owner describes itself, an [`Owner`] in JSON.
const OWNER_FILE: &str = "owner.json";

/// How often a busy lock is tried: [`OwnerLock::find`] holds it for an instant in other processes,
/// and a new owner needs an instant to write its file.
const ATTEMPTS: u32 = 10;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(5);

/// The process id of an owner that has not written its file yet.
const UNKNOWN_PID: u32 = 0;

/// The process that owns a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process id; 0 if the owner file is not written yet.
    pub pid: u32,
    /// The address of its REST interface, once it listens.
    pub address: Option<String>,
    /// The token that requests for changes must carry.
    pub token: Option<String>,
}

impl Owner {
    fn this_process() -> Self {
        Self {
            pid: std::process::id(),
            address: None,
            token: None,
        }
    }

    /// The owner's name in a sentence: "process 4711", or "another process" while its id is
    /// unknown.
    pub fn name(&self) -> String {
        match self.pid {
            UNKNOWN_PID => "another process".to_owned(),
            pid => format!("process {pid}"),
        }
    }
}

/// The lock on a data directory, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct OwnerLock {
    dir: PathBuf,
    /// The locked directory. `None` where the system or the file system cannot lock directories.
    locked_dir: Option<File>,
    files: Mutex<OwnedFiles>,
}

/// The files that other programs may delete and that [`OwnerLock::restore`] puts back.
#[derive(Debug)]
struct OwnedFiles {
    /// The locked lock file.
    lock_file: File,
    /// The content of the owner file.
    owner: Owner,
}

/// Why a data directory cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process owns the directory.
    #[error("{} owns the data directory; stop it first or use another directory", .0.name())]
    Held(Owner),
    /// The directory cannot be used.
    #[error("cannot use the data directory {dir}: {reason}; {}", advice(.reason))]
    Unusable { dir: PathBuf, reason: io::Error },
    /// The file system does not support locks.
    #[error(
        "cannot lock the data directory {dir}: {reason}; use a file system with file locks: local \
         disks have them, some network mounts do not"
    )]
    Unlockable { dir: PathBuf, reason: io::Error },
}

fn advice(reason: &io::Error) -> &'static str {
    match reason.kind() {
        io::ErrorKind::StorageFull => "free some space",
        io::ErrorKind::ReadOnlyFilesystem => {
            "make it writable: the engine writes to it even when it only answers questions"
        }
        _ => "check that it exists and is writable",
    }
}

impl OwnerLock {
    /// Locks a directory, which is created if it does not exist.
    pub fn acquire(dir: &Path) -> Result<Self, LockError> {
        create_private_dir(dir).map_err(|reason| unusable(dir, reason))?;
        let locked_dir = match lock(dir, open_dir) {
            Ok(LockAttempt::Acquired(locked_dir)) => Some(locked_dir),
            Ok(LockAttempt::Busy) => return Err(LockError::Held(owner_of(dir))),
            Err(LockFailure::Open(_)) if cfg!(not(unix)) => None,
            Err(LockFailure::Open(reason)) => return Err(unusable(dir, reason)),
            Err(LockFailure::Lock(error)) => {
                tracing::debug!(
                    %error,
                    dir = %dir.display(),
                    "cannot lock the directory itself; relying on the lock file"
                );
                None
            }
        };

        let lock_file = match lock(&dir.join(LOCK_FILE), open_lock_file) {
            Ok(LockAttempt::Acquired(file)) => file,
            Ok(LockAttempt::Busy) => return Err(LockError::Held(owner_of(dir))),
            Err(LockFailure::Open(reason)) => return Err(unusable(dir, reason)),
            Err(LockFailure::Lock(reason)) => {
                return Err(LockError::Unlockable {
                    dir: dir.to_owned(),
                    reason,
                });
            }
        };

        let owner = Owner::this_process();
        let lock = Self {
            dir: dir.to_owned(),
            locked_dir,
            files: Mutex::new(OwnedFiles {
                lock_file,
                owner: owner.clone(),
            }),
        };

        lock.write_owner(&owner)?;

        // A directory that was empty before now holds only a library.
        permissions::make_private(dir);
        Ok(lock)
    }

    /// Writes the address and the token to the owner file, which only this user can read.
    pub fn announce(&self, address: &str, token: &str) -> Result<(), LockError> {
        let owner = Owner {
            address: Some(address.to_owned()),
            token: Some(token.to_owned()),
            ..Owner::this_process()
        };

        self.files().owner = owner.clone();
        self.write_owner(&owner)
    }

    /// Restores the lock file and the owner file if they were deleted or replaced. Reports whether
    /// anything was missing.
    pub fn restore(&self) -> Result<bool, LockError> {
        if !self.is_dir_in_place() {
            let moved = io::Error::new(
                io::ErrorKind::NotFound,
                "it was moved or replaced while this process used it",
            );
            return Err(unusable(&self.dir, moved));
        }

        let mut files = self.files();
        let mut missing = false;
        let lock_path = self.dir.join(LOCK_FILE);
        if !is_at(&lock_path, &files.lock_file) {
            missing = true;

            // It is busy while a process looks for the owner, or while one of an earlier version
            // starts; the next call tries again.
            if let Ok(LockAttempt::Acquired(file)) = lock(&lock_path, open_lock_file) {
                files.lock_file = file;
            }
        }

        if read_owner(&self.dir).as_ref() != Some(&files.owner) {
            missing = true;
            self.write_owner(&files.owner)?;
        }

        Ok(missing)
    }

    /// Returns the process that owns the directory now, if any.
    pub fn find(dir: &Path) -> Option<Owner> {
        (is_locked(dir) || is_locked(&dir.join(LOCK_FILE))).then(|| owner_of(dir))
    }

    /// Reports whether the locked directory is still at its path; true if it could not be locked.
    fn is_dir_in_place(&self) -> bool {
        self.locked_dir
            .as_ref()
            .is_none_or(|locked_dir| is_at(&self.dir, locked_dir))
    }

    fn files(&self) -> MutexGuard<'_, OwnedFiles> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_owner(&self, owner: &Owner) -> Result<(), LockError> {
        replace_owner_file(&self.dir, owner).map_err(|reason| unusable(&self.dir, reason))
    }
}

impl Drop for OwnerLock {
    fn drop(&mut self) {
        // If another directory has replaced ours, its owner file belongs to another process.
        if self.is_dir_in_place() {
            // The token must not outlive its owner. An error is ignored, because the file is
            // trusted only while the lock is held.
            let _ = fs::remove_file(self.dir.join(OWNER_FILE));
        }
    }
}

fn unusable(dir: &Path, reason: io::Error) -> LockError {
    LockError::Unusable {
        dir: dir.to_owned(),
        reason,
    }
}

enum LockAttempt {
    Acquired(File),
    Busy,
}

enum LockFailure {
    Open(io::Error),
    Lock(io::Error),
}

/// Locks the file or directory at a path. It may be replaced between opening and locking; only a
/// lock on what is at the path afterwards excludes other processes.
fn lock(path: &Path, open: impl Fn(&Path) -> io::Result<File>) -> Result<LockAttempt, LockFailure> {
    for _ in 0..ATTEMPTS {
        let file = open(path).map_err(LockFailure::Open)?;
        if !try_repeatedly(|| File::try_lock(&file)).map_err(LockFailure::Lock)? {
            return Ok(LockAttempt::Busy);
        }
        if is_at(path, &file) {
            return Ok(LockAttempt::Acquired(file));
        }
    }

    Err(LockFailure::Open(io::Error::other(format!(
        "{} keeps being replaced by another process",
        path.display()
    ))))
}

/// Reports whether another process holds an exclusive lock on a file or directory.
fn is_locked(path: &Path) -> bool {
    File::open(path)
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn open_dir(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Opens the lock file for writing, because some network file systems lock only such files
/// exclusively.
fn open_lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Reports whether an open file or directory is still at its path.
#[cfg(unix)]
fn is_at(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(opened), Ok(found)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    (opened.dev(), opened.ino()) == (found.dev(), found.ino())
}

/// Other systems do not let an open file be deleted or replaced.
#[cfg(not(unix))]
fn is_at(_path: &Path, _file: &File) -> bool {
    true
}

/// Replaces the owner file by renaming a new one, so that no process reads a partial file.
fn replace_owner_file(dir: &Path, owner: &Owner) -> io::Result<()> {
    let draft = dir.join(format!("{OWNER_FILE}.new"));

    // A draft may be left from a process that was killed.
    let _ = fs::remove_file(&draft);
    let mut file = create_private_file(&draft)?;
    file.write_all(serde_json::to_string(owner)?.as_bytes())?;
    fs::rename(draft, dir.join(OWNER_FILE))
}

/// Creates a file that only this user can read.
fn create_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Reports whether the lock was acquired within a few attempts.
fn try_repeatedly(lock: impl Fn() -> Result<(), TryLockError>) -> io::Result<bool> {
    for _ in 0..ATTEMPTS {
        match lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }

    Ok(false)
}

/// Reads the owner file, waiting briefly for a new owner to write it.
fn owner_of(dir: &Path) -> Owner {
    for _ in 0..ATTEMPTS {
        if let Some(owner) = read_owner(dir) {
            return owner;
        }
        thread::sleep(PAUSE);
    }

    Owner {
        pid: UNKNOWN_PID,
        address: None,
        token: None,
    }
}

fn read_owner(dir: &Path) -> Option<Owner> {
    serde_json::from_str(&fs::read_to_string(dir.join(OWNER_FILE)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_owner_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("new/data");
        assert_eq!(OwnerLock::find(&data), None);
        let lock = OwnerLock::acquire(&data).unwrap();

        let this_process = Owner::this_process();
        assert_eq!(OwnerLock::find(&data), Some(this_process.clone()));
        match OwnerLock::acquire(&data) {
            Err(LockError::Held(owner)) => assert_eq!(owner, this_process),
            other => panic!("{other:?}"),
        }

        drop(lock);
        assert_eq!(OwnerLock::find(&data), None);
        OwnerLock::acquire(&data).unwrap();
    }

    #[test]
    fn other_processes_find_the_address_of_the_owner() {
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
    fn only_this_user_can_read_the_token() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let lock = OwnerLock::acquire(dir.path()).unwrap();
        lock.announce("here", "secret").unwrap();

        let mode = fs::metadata(dir.path().join(OWNER_FILE))
            .unwrap()
            .permissions()
            .mode();

        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_owner_file_of_a_killed_process_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(LOCK_FILE), "").unwrap();
        fs::write(
            dir.path().join(OWNER_FILE),
            r#"{"pid":1,"address":"gone","token":"gone"}"#,
        )
        .unwrap();

        assert_eq!(OwnerLock::find(dir.path()), None);
        let _lock = OwnerLock::acquire(dir.path()).unwrap();
        assert_eq!(OwnerLock::find(dir.path()).unwrap().pid, std::process::id());
    }

    #[cfg(unix)]
    #[test]
    fn a_deleted_or_replaced_lock_file_lets_nobody_in() {
        let dir = tempfile::tempdir().unwrap();
        let lock = OwnerLock::acquire(dir.path()).unwrap();
        for replaced in [false, true] {
            fs::remove_file(dir.path().join(LOCK_FILE)).unwrap();
            fs::remove_file(dir.path().join(OWNER_FILE)).unwrap();
            if replaced {
                fs::write(dir.path().join(LOCK_FILE), "").unwrap();
            }

            match OwnerLock::acquire(dir.path()) {
                Err(error @ LockError::Held(_)) => {
                    assert!(error.to_string().contains("another process"), "{error}")
                }
                other => panic!("{other:?}"),
            }

            assert!(OwnerLock::find(dir.path()).is_some());

            // The second process may have created the lock file again, but does not hold it.
            assert!(lock.restore().unwrap(), "something was missing");
            assert_eq!(OwnerLock::find(dir.path()).unwrap().pid, std::process::id());
            assert!(!lock.restore().unwrap(), "everything was restored");
        }

        let earlier_version = File::open(dir.path().join(LOCK_FILE)).unwrap();
        assert!(matches!(
            earlier_version.try_lock(),
            Err(TryLockError::WouldBlock)
        ));
        drop(lock);
        OwnerLock::acquire(dir.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn an_owner_of_an_earlier_version_holds_the_lock_file_only() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::create(dir.path().join(LOCK_FILE)).unwrap();
        file.try_lock().unwrap();

        assert!(matches!(
            OwnerLock::acquire(dir.path()),
            Err(LockError::Held(_))
        ));
        assert!(OwnerLock::find(dir.path()).is_some());
        drop(file);
        OwnerLock::acquire(dir.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn another_directory_in_the_same_place_is_another_library() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let old = OwnerLock::acquire(&data).unwrap();
        fs::rename(&data, dir.path().join("old")).unwrap();
        let new = OwnerLock::acquire(&data).unwrap();

        assert!(
            old.restore()
                .unwrap_err()
                .to_string()
                .contains("moved or replaced")
        );

        drop(old);
        assert!(
            !new.restore().unwrap(),
            "the old owner deleted nothing of the new one's"
        );
    }

    #[test]
    fn looking_for_the_owner_does_not_prevent_locking() {
        let dir = tempfile::tempdir().unwrap();
        drop(OwnerLock::acquire(dir.path()).unwrap());
        let lookups = [dir.path().to_owned(), dir.path().join(LOCK_FILE)]
            .map(|path| File::open(path).unwrap());

        lookups
            .iter()
            .for_each(|file| file.try_lock_shared().unwrap());

        let waiting = thread::spawn({
            let dir = dir.path().to_owned();
            move || OwnerLock::acquire(&dir)
        });
        drop(lookups);
        waiting.join().unwrap().unwrap();
    }

    #[test]
    fn the_advice_depends_on_the_error() {
        for (kind, advice) in [
            (io::ErrorKind::StorageFull, "free some space"),
            (io::ErrorKind::ReadOnlyFilesystem, "make it writable"),
            (io::ErrorKind::PermissionDenied, "is writable"),
        ] {
            let error = LockError::Unusable {
                dir: "data".into(),
                reason: kind.into(),
            }
            .to_string();
            assert!(error.contains(advice) && error.contains("data"), "{error}");
        }
    }

    #[test]
    fn the_error_for_an_unusable_directory_contains_its_path() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let error = OwnerLock::acquire(&dir.path().join("file/data")).unwrap_err();
        assert!(error.to_string().contains("file/data"), "{error}");
    }
}
