//! Whether keys are required. Once required, they stay required when the last key is revoked and
//! when the keys file is emptied or deleted, because a record in the data directory remembers it.
//! Only `mcdewey keys open` revokes that.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use mcdewey_files::atomic_file;
use serde::{Deserialize, Serialize};

use crate::lock::{LockError, lock};
use crate::private_file;
use crate::settings::AccessSettings;

/// The name of the record in the data directory.
pub(crate) const FILE: &str = "access-state.toml";

/// How often a read is repeated that failed for lack of file descriptors, and the pause before each.
/// If it fails for good, keys are required.
const RETRIES: u32 = 40;
const RETRY_PAUSE: Duration = Duration::from_millis(25);

const HEADER: &str = "\
# Written by mcdewey. While keys_required is true, a request without a valid key is refused, even if no key is left.
# To stop requiring keys, run `mcdewey keys open`; deleting this file is not enough.

";

/// Determines whether keys are required, from the record, the settings and whether there are keys.
#[derive(Debug, Clone)]
pub struct KeyRequirement {
    record_path: PathBuf,
    keys_file: PathBuf,
    /// The keys file if the operator configured one, which alone requires keys.
    configured_keys_file: Option<PathBuf>,
}

/// The content of the record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    keys_required: bool,
    since: Timestamp,
    /// The configured keys file for which keys are no longer required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys_file: Option<PathBuf>,
}

/// What a process remembers of earlier checks, whatever happens to the files.
#[derive(Debug, Clone, Default)]
pub struct RequirementHistory {
    /// Keys were required at the last check.
    was_required: bool,
    /// The time of an opening that was followed by new keys. It no longer counts, even if the
    /// record could not be changed.
    superseded_opening: Option<Timestamp>,
}

/// Whether keys are required, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequirementStatus {
    /// Keys have never been required.
    NeverRequired,
    /// Keys are required.
    Required,
    /// Keys were required until the operator ran `mcdewey keys open` at this time.
    Opened(Timestamp),
}

/// Why it cannot be recorded whether keys are required.
#[derive(Debug, thiserror::Error)]
pub enum RequirementError {
    /// The record cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The record cannot be expressed as TOML.
    #[error(transparent)]
    Serialize(#[from] toml::ser::Error),
    /// The record cannot be written.
    #[error(
        "{path}, which records whether keys are required, cannot be written",
        path = path.display()
    )]
    Write {
        /// The record.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

impl KeyRequirement {
    /// The requirement of a library with these settings. Reads no file yet.
    pub fn from_settings(settings: &AccessSettings) -> Self {
        let AccessSettings {
            keys_file,
            is_keys_file_configured,
            state_file,
            ..
        } = settings;

        let configured_keys_file = is_keys_file_configured
            .then(|| std::path::absolute(keys_file).unwrap_or_else(|_| keys_file.clone()));
        Self {
            record_path: state_file.clone(),
            keys_file: keys_file.clone(),
            configured_keys_file,
        }
    }

    /// Reports whether keys are required, given whether there is any key or issuer now. In case of
    /// doubt they are.
    pub fn status(
        &self,
        has_credentials: bool,
        history: &mut RequirementHistory,
    ) -> RequirementStatus {
        self.evaluate(&self.read(), has_credentials, history)
    }

    /// Like [`status`](Self::status), and also records that keys are required. For a running
    /// server. `has_credentials` is called again under the lock, so it must read the keys each
    /// time.
    pub(crate) fn update(
        &self,
        has_credentials: impl Fn() -> bool,
        history: &mut RequirementHistory,
    ) -> (RequirementStatus, Result<(), RequirementError>) {
        let record = self.read();
        let mut new_history = history.clone();

        let status = self.evaluate(&record, has_credentials(), &mut new_history);
        if status != RequirementStatus::Required || is_required(&record) {
            *history = new_history;
            return (status, Ok(()));
        }

        // `mcdewey keys open` holds the lock from reading the keys until it has written the record.
        // Without the lock, its record could be newer than the keys read here, and would be
        // overwritten.
        let lock = lock(&self.record_path);
        let record = self.read();

        let status = self.evaluate(&record, has_credentials(), history);
        if status != RequirementStatus::Required || is_required(&record) {
            return (status, Ok(()));
        }

        let recorded = match lock {
            Ok(_lock) => self.write_required(),
            Err(error) => Err(error.into()),
        };
        (status, recorded)
    }

    fn evaluate(
        &self,
        record: &io::Result<Option<Record>>,
        has_credentials: bool,
        history: &mut RequirementHistory,
    ) -> RequirementStatus {
        let opened = match record {
            Ok(Some(Record {
                keys_required: false,
                since,
                keys_file,
            })) if *keys_file == self.configured_keys_file => Some(*since),
            _ => None,
        };

        if has_credentials {
            // Keys that exist now were created after the opening and supersede it.
            history.superseded_opening = opened.or(history.superseded_opening);
            history.was_required = true;
            return RequirementStatus::Required;
        }

        if let Some(since) = opened.filter(|since| history.superseded_opening != Some(*since)) {
            history.was_required = false;
            return RequirementStatus::Opened(since);
        }

        let has_no_trace_of_keys = matches!(record, Ok(None))
            && self.configured_keys_file.is_none()
            && !may_exist(&self.keys_file);
        if has_no_trace_of_keys && !history.was_required {
            return RequirementStatus::NeverRequired;
        }

        history.was_required = true;
        RequirementStatus::Required
    }

    /// Records that keys are required.
    pub fn record_required(&self) -> Result<(), RequirementError> {
        let _lock = lock(&self.record_path)?;
        match is_required(&self.read()) {
            true => Ok(()),
            false => self.write_required(),
        }
    }

    /// Records that keys are no longer required, unless `check` fails. The lock is held from the
    /// check to the end, so that a running server cannot record a new requirement in between.
    pub fn record_opened<E: From<RequirementError>>(
        &self,
        check: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let _lock = lock(&self.record_path).map_err(RequirementError::from)?;
        check()?;
        self.write(&Record {
            keys_required: false,
            since: Timestamp::now(),
            keys_file: self.configured_keys_file.clone(),
        })?;

        Ok(())
    }

    /// Deletes temporary files that killed writers of the record and of the keys file left behind.
    pub(crate) fn remove_abandoned_files(&self) {
        for path in [&self.record_path, &self.keys_file] {
            if let Err(error) = atomic_file::remove_abandoned(path) {
                tracing::warn!(
                    %error,
                    path = %path.display(),
                    "unfinished copies of this file cannot be deleted"
                );
            }
        }
    }

    /// Reports whether it is recorded that the keys of the current keys file are no longer
    /// required.
    pub fn is_opened(&self) -> bool {
        matches!(
            self.read(),
            Ok(Some(Record { keys_required: false, keys_file, .. }))
                if keys_file == self.configured_keys_file
        )
    }

    fn write_required(&self) -> Result<(), RequirementError> {
        self.write(&Record {
            keys_required: true,
            since: Timestamp::now(),
            keys_file: None,
        })
    }

    fn read(&self) -> io::Result<Option<Record>> {
        match with_file_descriptors(|| std::fs::read_to_string(&self.record_path)) {
            Ok(text) => toml::from_str(&text).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, record: &Record) -> Result<(), RequirementError> {
        let text = format!("{HEADER}{}", toml::to_string(record)?);
        private_file::write(&self.record_path, text.as_bytes()).map_err(|source| {
            RequirementError::Write {
                path: self.record_path.clone(),
                source,
            }
        })
    }
}

/// Repeats an attempt that failed because this process had no file descriptor left: that says
/// nothing of the file, and the server frees descriptors within moments.
fn with_file_descriptors<T>(attempt: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..RETRIES {
        match attempt() {
            Err(error) if lacks_file_descriptors(&error) => std::thread::sleep(RETRY_PAUSE),
            outcome => return outcome,
        }
    }
    attempt()
}

#[cfg(unix)]
fn lacks_file_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;

    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

#[cfg(not(unix))]
fn lacks_file_descriptors(_: &io::Error) -> bool {
    false
}

fn is_required(record: &io::Result<Option<Record>>) -> bool {
    matches!(
        record,
        Ok(Some(Record {
            keys_required: true,
            ..
        }))
    )
}

/// Reports whether there may be a file. A dangling link counts as one, and so does a file that
/// cannot be inspected.
fn may_exist(path: &Path) -> bool {
    match std::fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests;
