//! Settings of scheduled backups, and what belongs to a backup of this library.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use mcdewey_runtime::{BackupRequest, BackupSchedule, FeedbackFile};
use serde::Deserialize;

use crate::settings::Settings;

const DEFAULT_EVERY_HOURS: u64 = 24;
const DEFAULT_KEEP: usize = 7;
const SECONDS_PER_HOUR: u64 = 3600;

/// The table `[backup]` of `mcdewey.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BackupTable {
    dir: Option<PathBuf>,
    every_hours: Option<u64>,
    keep: Option<usize>,
}

impl BackupTable {
    /// Returns `None` without a folder: no backups are made then.
    pub(crate) fn resolve(self) -> Result<Option<BackupSchedule>> {
        let Some(dir) = self.dir else {
            ensure!(
                self.every_hours.is_none() && self.keep.is_none(),
                "[backup] has no dir; set it to the folder for the backups"
            );
            return Ok(None);
        };

        let every_hours = self.every_hours.unwrap_or(DEFAULT_EVERY_HOURS);
        let keep = self.keep.unwrap_or(DEFAULT_KEEP);
        ensure!(
            every_hours > 0,
            "every_hours of [backup] must be at least 1"
        );
        ensure!(keep > 0, "keep of [backup] must be at least 1");
        Ok(Some(BackupSchedule {
            dir,
            every: Duration::from_secs(every_hours.saturating_mul(SECONDS_PER_HOUR)),
            keep,
        }))
    }
}

/// A backup of the library of these settings.
pub(crate) fn request(settings: &Settings, file: PathBuf, with_models: bool) -> BackupRequest {
    BackupRequest {
        data_dir: settings.data_dir.clone(),
        other_files: vec![
            FeedbackFile::path_in(&settings.data_dir),
            settings.access.keys_file.clone(),
            settings.access.state_file.clone(),
        ],
        models_dir: with_models.then(|| settings.model.cache_dir.clone()),
        file,
        min_free_bytes: settings.min_free_bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> Result<Option<BackupSchedule>> {
        toml::from_str::<BackupTable>(text)?.resolve()
    }

    #[test]
    fn backups_are_made_once_a_day_if_a_folder_is_set() {
        assert!(resolve("").unwrap().is_none());
        let schedule = resolve("dir = 'backups'").unwrap().unwrap();
        assert_eq!(schedule.every, Duration::from_secs(24 * 3600));
        assert_eq!(schedule.keep, 7);

        for (text, problem) in [
            ("keep = 3", "no dir"),
            ("dir = 'a'\nkeep = 0", "keep"),
            ("dir = 'a'\nevery_hours = 0", "every_hours"),
            ("dir = 'a'\nhours = 1", "hours"),
        ] {
            let error = format!("{:#}", resolve(text).unwrap_err());
            assert!(error.contains(problem), "{error}");
        }
    }
}
