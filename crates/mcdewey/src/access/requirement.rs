//! Whether keys are required. Once required, they stay required when the last key is revoked and
//! when the keys file is emptied or deleted, because a record in the data directory remembers it.
//! Only `mcdewey keys open` revokes that.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lock::lock;
use super::private_file;
use super::settings::AccessSettings;
use crate::atomic_file;

/// The name of the record in the data directory.
pub(super) const FILE: &str = "access-state.toml";

const HEADER: &str = "\
# Written by mcdewey. While keys_required is true, a request without a valid key is refused, even if no key is left.
# To stop requiring keys, run `mcdewey keys open`; deleting this file is not enough.

";

/// Determines whether keys are required, from the record, the settings and whether there are keys.
#[derive(Debug, Clone)]
pub(crate) struct KeyRequirement {
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
pub(crate) struct RequirementHistory {
    /// Keys were required at the last check.
    was_required: bool,
    /// The time of an opening that was followed by new keys. It no longer counts, even if the
    /// record could not be changed.
    superseded_opening: Option<Timestamp>,
}

/// Whether keys are required, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequirementStatus {
    /// Keys have never been required.
    NeverRequired,
    Required,
    /// Keys were required until the operator ran `mcdewey keys open` at this time.
    Opened(Timestamp),
}

impl KeyRequirement {
    pub(crate) fn from_settings(settings: &AccessSettings) -> Self {
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
    pub(crate) fn status(
        &self,
        has_credentials: bool,
        history: &mut RequirementHistory,
    ) -> RequirementStatus {
        self.evaluate(&self.read(), has_credentials, history)
    }

    /// Like [`status`](Self::status), and also records that keys are required. For a running
    /// server. `has_credentials` is called again under the lock, so it must read the keys each
    /// time.
    pub(super) fn update(
        &self,
        has_credentials: impl Fn() -> bool,
        history: &mut RequirementHistory,
    ) -> (RequirementStatus, Result<()>) {
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

        (status, lock.and_then(|_lock| self.write_required()))
    }

    fn evaluate(
        &self,
        record: &Result<Option<Record>>,
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
    pub(crate) fn record_required(&self) -> Result<()> {
        let _lock = lock(&self.record_path)?;
        match is_required(&self.read()) {
            true => Ok(()),
            false => self.write_required(),
        }
    }

    /// Records that keys are no longer required, unless `check` fails. The lock is held from the
    /// check to the end, so that a running server cannot record a new requirement in between.
    pub(crate) fn record_opened(&self, check: impl FnOnce() -> Result<()>) -> Result<()> {
        let _lock = lock(&self.record_path)?;
        check()?;
        self.write(&Record {
            keys_required: false,
            since: Timestamp::now(),
            keys_file: self.configured_keys_file.clone(),
        })
    }

    /// Deletes temporary files that killed writers of the record and of the keys file left behind.
    pub(super) fn remove_abandoned_files(&self) {
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
    pub(crate) fn is_opened(&self) -> bool {
        matches!(
            self.read(),
            Ok(Some(Record { keys_required: false, keys_file, .. }))
                if keys_file == self.configured_keys_file
        )
    }

    fn write_required(&self) -> Result<()> {
        self.write(&Record {
            keys_required: true,
            since: Timestamp::now(),
            keys_file: None,
        })
    }

    fn read(&self) -> Result<Option<Record>> {
        match std::fs::read_to_string(&self.record_path) {
            Ok(text) => Ok(Some(toml::from_str(&text)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, record: &Record) -> Result<()> {
        let text = format!("{HEADER}{}", toml::to_string(record)?);
        private_file::write(&self.record_path, text.as_bytes()).with_context(|| {
            format!(
                "{}, which records whether keys are required, cannot be written",
                self.record_path.display()
            )
        })
    }
}

fn is_required(record: &Result<Option<Record>>) -> bool {
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
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests;
