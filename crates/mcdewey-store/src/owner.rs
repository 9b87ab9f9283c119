//! Who owns a data directory: one process at a time, found by the others.
//!
//! The operating system holds the lock, so that a killed owner leaves none behind; what is written about an owner is
//! believed only while the lock is held. The lock is on the directory itself: a lock file can be deleted, by a backup
//! tool or by hand, and a second process would then lock a new one. The lock file stays for versions that know no other
//! lock, and for file systems that lock no directories; the owner puts it back when it is gone.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::permissions;

/// The file that is locked besides the directory.
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

impl Owner {
    /// The owner as a sentence names it: "process 4711", or "another process" while it is not known which.
    pub fn name(&self) -> String {
        match self.pid {
            0 => "another process".to_owned(),
            pid => format!("process {pid}"),
        }
    }
}

/// The right to work on a data directory, held until dropped or until the process ends.
#[derive(Debug)]
pub struct OwnerLock {
    dir: PathBuf,
    /// The directory, locked; missing where the system or the file system locks no directories.
    folder: Option<File>,
    held: Mutex<Held>,
}

/// What may be taken away from outside, and is put back.
#[derive(Debug)]
struct Held {
    /// The lock file, locked.
    file: File,
    /// What the owner file says.
    said: Owner,
}

/// Why a data directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process owns it.
    #[error("{} owns the data directory; stop it first or use another directory", .0.name())]
    Held(Owner),
    /// The directory cannot be used.
    #[error("cannot use the data directory {dir}: {reason}; {}", advice(.reason))]
    Unusable {
        /// The directory.
        dir: PathBuf,
        /// What went wrong.
        reason: io::Error,
    },
    /// The file system has no locks.
    #[error(
        "cannot lock the data directory {dir}: {reason}; a library needs a file system with file locks, as local disks \
         have and some network mounts have not"
    )]
    Unlockable {
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
        let unusable = |reason| LockError::Unusable {
            dir: dir.to_owned(),
            reason,
        };
        permissions::create_private_dir(dir).map_err(unusable)?;
        let folder = match lock(dir, open_folder) {
            Ok(Locked::Ours(folder)) => Some(folder),
            Ok(Locked::Busy) => return Err(LockError::Held(owner_of(dir))),
            Err(LockFailure::Open(_)) if cfg!(not(unix)) => None,
            Err(LockFailure::Open(reason)) => return Err(unusable(reason)),
            Err(LockFailure::Lock(error)) => {
                tracing::debug!(%error, dir = %dir.display(), "no lock on a directory here; the lock file alone counts");
                None
            }
        };

        let file = match lock(&dir.join(LOCK_FILE), open_lock_file) {
            Ok(Locked::Ours(file)) => file,
            Ok(Locked::Busy) => return Err(LockError::Held(owner_of(dir))),
            Err(LockFailure::Open(reason)) => return Err(unusable(reason)),
            Err(LockFailure::Lock(reason)) => {
                return Err(LockError::Unlockable {
                    dir: dir.to_owned(),
                    reason,
                });
            }
        };

        let said = Owner {
            pid: std::process::id(),
            address: None,
            token: None,
        };

        let lock = Self {
            dir: dir.to_owned(),
            folder,
            held: Mutex::new(Held {
                file,
                said: said.clone(),
            }),
        };

        lock.write(&said)?;

        // An empty directory has become a library's.
        permissions::make_private(dir);
        Ok(lock)
    }

    /// Tells others where the owner answers and what it wants to be shown; only this user may read it.
    pub fn announce(&self, address: &str, token: &str) -> Result<(), LockError> {
        let (address, token) = (Some(address.to_owned()), Some(token.to_owned()));
        let said = Owner {
            pid: std::process::id(),
            address,
            token,
        };

        self.held().said = said.clone();
        self.write(&said)
    }

    /// Puts back what was deleted or replaced while we own the directory: the lock file, for earlier versions, and what
    /// the owner says, for whoever wants to work through it. Says whether anything was missing.
    pub fn restore(&self) -> Result<bool, LockError> {
        let unusable = |reason| LockError::Unusable {
            dir: self.dir.clone(),
            reason,
        };

        if let Some(folder) = &self.folder
            && !is_at(&self.dir, folder)
        {
            let moved = io::Error::new(
                io::ErrorKind::NotFound,
                "it was moved or replaced while this process used it",
            );
            return Err(unusable(moved));
        }

        let mut held = self.held();
        let mut missing = false;
        if !is_at(&self.dir.join(LOCK_FILE), &held.file) {
            missing = true;
            // Busy: somebody looks for the owner, or a process of an earlier version has just begun. The next round.
            if let Ok(Locked::Ours(file)) = lock(&self.dir.join(LOCK_FILE), open_lock_file) {
                held.file = file;
            }
        }

        if read_owner(&self.dir).as_ref() != Some(&held.said) {
            missing = true;
            self.write(&held.said)?;
        }

        Ok(missing)
    }

    /// The process that owns the directory now, if any.
    pub fn find(dir: &Path) -> Option<Owner> {
        let is_held = |opened: io::Result<File>| {
            opened.is_ok_and(|file| {
                matches!(File::try_lock_shared(&file), Err(TryLockError::WouldBlock))
            })
        };
        (is_held(File::open(dir)) || is_held(File::open(dir.join(LOCK_FILE))))
            .then(|| owner_of(dir))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
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

        written().map_err(|reason| LockError::Unusable {
            dir: self.dir.clone(),
            reason,
        })
    }
}

impl Drop for OwnerLock {
    fn drop(&mut self) {
        // Where another directory has taken the place of ours, the file is another owner's.
        if self
            .folder
            .as_ref()
            .is_none_or(|folder| is_at(&self.dir, folder))
        {
            // The token must not outlive its owner; whoever reads the file next believes only a held lock anyway.
            let _ = fs::remove_file(self.dir.join(OWNER_FILE));
        }
    }
}

/// The outcome of trying to lock.
enum Locked {
    Ours(File),
    Busy,
}

/// Why there is no lock to try.
enum LockFailure {
    Open(io::Error),
    Lock(io::Error),
}

/// Locks what a path names. Between opening and locking it may be replaced: only a lock on what is there afterwards
/// keeps others out.
fn lock(path: &Path, open: impl Fn(&Path) -> io::Result<File>) -> Result<Locked, LockFailure> {
    for _ in 0..ATTEMPTS {
        let file = open(path).map_err(LockFailure::Open)?;
        if !patiently(|| File::try_lock(&file)).map_err(LockFailure::Lock)? {
            return Ok(Locked::Busy);
        }
        if is_at(path, &file) {
            return Ok(Locked::Ours(file));
        }
    }

    Err(LockFailure::Open(io::Error::other(format!(
        "{} is being replaced without pause",
        path.display()
    ))))
}

fn open_folder(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Opened for writing: some network file systems lock nothing else exclusively.
fn open_lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether an open file is still what its path names.
#[cfg(unix)]
fn is_at(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |opened: &fs::Metadata, there: &fs::Metadata| {
        (opened.dev(), opened.ino()) == (there.dev(), there.ino())
    };
    matches!((file.metadata(), fs::metadata(path)), (Ok(opened), Ok(there)) if same(&opened, &there))
}

/// Elsewhere what is open cannot be taken away.
#[cfg(not(unix))]
fn is_at(_path: &Path, _file: &File) -> bool {
    true
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
        if let Some(owner) = read_owner(dir) {
            return owner;
        }
        thread::sleep(PAUSE);
    }

    Owner {
        pid: 0,
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
        let below = dir.path().join("new/data");
        assert_eq!(OwnerLock::find(&below), None);
        let lock = OwnerLock::acquire(&below).unwrap();

        let me = Owner {
            pid: std::process::id(),
            address: None,
            token: None,
        };

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

        let mode = fs::metadata(dir.path().join(OWNER_FILE))
            .unwrap()
            .permissions()
            .mode();

        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_a_killed_owner_left_is_not_believed() {
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

            // Meanwhile the second one may have made the file anew; it did not keep it.
            assert!(lock.restore().unwrap(), "something was missing");
            assert_eq!(OwnerLock::find(dir.path()).unwrap().pid, std::process::id());
            assert!(!lock.restore().unwrap(), "and is there again");
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
            "the old owner took nothing of the new one's"
        );
    }

    #[test]
    fn looking_for_the_owner_does_not_take_the_lock_away() {
        let dir = tempfile::tempdir().unwrap();
        drop(OwnerLock::acquire(dir.path()).unwrap());
        let looking = [dir.path().to_owned(), dir.path().join(LOCK_FILE)]
            .map(|path| File::open(path).unwrap());

        looking
            .iter()
            .for_each(|file| file.try_lock_shared().unwrap());

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
            let error = LockError::Unusable {
                dir: "data".into(),
                reason: kind.into(),
            }
            .to_string();
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
