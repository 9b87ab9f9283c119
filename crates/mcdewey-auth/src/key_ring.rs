//! The keys of a running server. The keys file is checked twice a second, so a revoked key works
//! for at most half a second.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use jiff::Timestamp;
use mcdewey_core::Visibility;

use crate::caller::{Caller, Credentials, IssuerUnavailable, Role};
use crate::error::AccessError;
use crate::error_chain::ErrorChain;
use crate::keys::{self, KeyEntry, KeysError};
use crate::oidc::Issuer;
use crate::requirement::{KeyRequirement, RequirementError, RequirementHistory, RequirementStatus};

/// How often the keys file is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How long the last keys are used while their file cannot be read.
const GRACE_PERIOD: Duration = Duration::from_secs(60);

/// The warning logged for a server that no longer requires keys.
pub(crate) const OPENED_WARNING: &str = "`mcdewey keys open` was run: no key is required any more, \
     and anyone who can reach this server, directly or through a proxy, may read the whole \
     library; `mcdewey keys create` requires keys again";

/// Checks keys from the keys file, the shared key and tokens of an issuer.
pub(crate) struct KeyRing {
    watched: Arc<WatchedKeys>,
    /// The hash of the key that all users share.
    shared_key_hash: Option<String>,
    issuer: Option<Issuer>,
}

/// The keys of the keys file, kept up to date by a thread.
struct WatchedKeys {
    path: PathBuf,
    keys: RwLock<Vec<KeyEntry>>,
    /// Whether the settings configure a shared key or an issuer.
    has_other_credentials: bool,
    requirement: KeyRequirement,
    required: AtomicBool,
    file: Mutex<FileState>,
    requirement_state: Mutex<RequirementState>,
}

/// The outcome of the last attempt to read the keys file.
#[derive(Debug, Default)]
struct FileState {
    /// The version of the file that the keys are from. `None` if it must be read again in any case.
    version: Option<FileVersion>,
    /// When the file became unreadable.
    unreadable_since: Option<Instant>,
    /// Whether the previous keys are no longer accepted.
    keys_dropped: bool,
}

/// What the next check of the requirement builds on.
#[derive(Debug, Default)]
struct RequirementState {
    history: RequirementHistory,
    /// Whether the last attempt to write the record failed.
    is_record_failing: bool,
}

impl KeyRing {
    /// Reads the keys file. Writes nothing: a process that fails to start must not affect one that
    /// runs.
    pub(crate) fn open(
        path: PathBuf,
        shared_key: Option<String>,
        issuer: Option<Issuer>,
        requirement: KeyRequirement,
    ) -> Result<Self, KeysError> {
        let file = FileState {
            version: file_version(&path).ok(),
            ..FileState::default()
        };

        let watched = WatchedKeys {
            keys: RwLock::new(keys::read(&path)?),
            path,
            has_other_credentials: shared_key.is_some() || issuer.is_some(),
            requirement,
            required: AtomicBool::new(true),
            file: Mutex::new(file),
            requirement_state: Mutex::default(),
        };
        watched.requirement_status();

        Ok(Self {
            watched: Arc::new(watched),
            shared_key_hash: shared_key.map(|key| keys::hash_key(&key)),
            issuer,
        })
    }

    /// Watches the keys file from now on, and records that keys are required.
    pub(crate) fn start_watching(&self) -> Result<(), AccessError> {
        self.watched.update_requirement().1?;
        let watched = Arc::downgrade(&self.watched);
        std::thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || watch(&watched))
            .map_err(AccessError::Thread)?;
        Ok(())
    }

    pub(crate) fn requirement_status(&self) -> RequirementStatus {
        self.watched.requirement_status()
    }

    /// Reports whether any credential grants access now.
    pub(crate) fn has_valid_credentials(&self) -> bool {
        let now = Timestamp::now();
        self.watched.has_other_credentials
            || self.watched.keys().iter().any(|entry| entry.is_valid(now))
    }

    fn caller_by_key(&self, key: &str) -> Option<Caller> {
        let hash = keys::hash_key(key);
        if self.shared_key_hash.as_deref() == Some(hash.as_str()) {
            return Some(Caller::new(
                "shared key",
                Role::Read,
                Visibility::Everything,
            ));
        }

        let keys = self.watched.keys();
        let entry = keys.iter().find(|entry| entry.matches_hash(&hash))?;
        entry.is_valid(Timestamp::now()).then(|| entry.caller())
    }
}

#[async_trait]
impl Credentials for KeyRing {
    async fn caller(&self, secret: &str) -> Result<Option<Caller>, IssuerUnavailable> {
        match (self.caller_by_key(secret), &self.issuer) {
            (None, Some(issuer)) => issuer.verify(secret).await,
            (caller, _) => Ok(caller),
        }
    }

    fn required(&self) -> bool {
        self.watched.required.load(Ordering::Acquire)
    }
}

impl WatchedKeys {
    fn keys(&self) -> RwLockReadGuard<'_, Vec<KeyEntry>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn requirement_state(&self) -> MutexGuard<'_, RequirementState> {
        self.requirement_state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies changes of the keys and of the requirement, and logs them.
    fn refresh(&self) {
        let was_required = self.required.load(Ordering::Acquire);
        let (status, recorded) = self.update_requirement();

        match (was_required, status) {
            (true, RequirementStatus::Opened(_)) => tracing::warn!("{OPENED_WARNING}"),
            (false, RequirementStatus::Required) => {
                tracing::info!("a key is required from now on");
            }
            _ => {}
        }

        self.log_record_failure(recorded);
    }

    /// Reads the file if it has changed or could not be read before.
    fn reload_if_changed(&self) {
        let version = file_version(&self.path).ok();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if version.is_some() && file.version == version {
            return;
        }

        match keys::read(&self.path) {
            Ok(keys) => {
                *file = FileState {
                    version,
                    ..FileState::default()
                };

                match keys.is_empty() {
                    true => tracing::warn!(
                        "no keys are left in {}; keys remain required",
                        self.path.display()
                    ),
                    false => tracing::info!(keys = keys.len(), "reloaded the keys"),
                }

                self.replace_keys(keys);
            }
            Err(error) => self.handle_unreadable(&mut file, &error),
        }
    }

    /// Keeps the previous keys for [`GRACE_PERIOD`] only, because the file that cannot be read may
    /// revoke one.
    fn handle_unreadable(&self, file: &mut FileState, error: &KeysError) {
        let error = ErrorChain(error);
        file.version = None;
        let since = *file.unreadable_since.get_or_insert_with(|| {
            tracing::error!(
                "{error}; its keys will be rejected unless it can be read within {} s",
                GRACE_PERIOD.as_secs()
            );
            Instant::now()
        });

        if since.elapsed() >= GRACE_PERIOD && !file.keys_dropped {
            tracing::error!("{error}; its keys are rejected until it can be read again");
            file.keys_dropped = true;
            self.replace_keys(Vec::new());
        }
    }

    fn replace_keys(&self, keys: Vec<KeyEntry>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Reports whether there is any credential, reloading the keys file first if necessary.
    fn has_credentials(&self) -> bool {
        self.reload_if_changed();
        self.has_other_credentials || !self.keys().is_empty()
    }

    /// Determines whether keys are required.
    fn requirement_status(&self) -> RequirementStatus {
        let mut state = self.requirement_state();
        let status = self
            .requirement
            .status(self.has_credentials(), &mut state.history);
        self.store_required(status);
        status
    }

    /// Determines whether keys are required, and records it if so, even if the record was deleted
    /// meanwhile.
    fn update_requirement(&self) -> (RequirementStatus, Result<(), RequirementError>) {
        let mut state = self.requirement_state();
        let (status, recorded) = self
            .requirement
            .update(|| self.has_credentials(), &mut state.history);
        self.store_required(status);
        (status, recorded)
    }

    fn store_required(&self, status: RequirementStatus) {
        self.required
            .store(status == RequirementStatus::Required, Ordering::Release);
    }

    /// Logs the first of several consecutive failures to write the record.
    fn log_record_failure(&self, recorded: Result<(), RequirementError>) {
        let mut state = self.requirement_state();
        match recorded {
            Err(error) if !state.is_record_failing => {
                tracing::error!(
                    "this process keeps requiring keys, but after a restart they may not be \
                     required: {}",
                    ErrorChain(&error)
                );
                state.is_record_failing = true;
            }
            Err(_) => {}
            Ok(()) => state.is_record_failing = false,
        }
    }
}

/// Distinguishes versions of a file, even if a copy has the same length and modification time: that
/// time, the length, device, inode and change time. `None` if there is no file.
type FileVersion = Option<(SystemTime, u64, [i128; 4])>;

fn file_version(path: &Path) -> std::io::Result<FileVersion> {
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };

    #[cfg(unix)]
    let inode = {
        use std::os::unix::fs::MetadataExt;
        [
            metadata.dev().into(),
            metadata.ino().into(),
            metadata.ctime().into(),
            metadata.ctime_nsec().into(),
        ]
    };

    #[cfg(not(unix))]
    let inode = [0; 4];
    Ok(Some((metadata.modified()?, metadata.len(), inode)))
}

/// Applies changes until the key ring is dropped.
fn watch(watched: &Weak<WatchedKeys>) {
    loop {
        std::thread::sleep(POLL_INTERVAL);
        let Some(watched) = watched.upgrade() else {
            return;
        };
        watched.refresh();
    }
}

#[cfg(test)]
mod tests;
