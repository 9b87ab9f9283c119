//! Backups that a server makes by itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use mcdewey_core::format_utc;

use super::create::{BackupRequest, create_backup};

/// The beginning and end of the names of scheduled backups. Files with other names are left alone.
const PREFIX: &str = "mcdewey-";
const SUFFIX: &str = ".zip";

/// How long to wait after a backup that failed, unless the next one is due earlier.
const RETRY_AFTER: Duration = Duration::from_secs(3600);

/// When to make backups, and how many to keep.
#[derive(Debug, Clone)]
pub struct BackupSchedule {
    /// The folder for the backups.
    pub dir: PathBuf,
    /// The time from one backup to the next.
    pub every: Duration,
    /// How many are kept; the oldest are deleted.
    pub keep: usize,
}

/// Makes backups until it is dropped: the first one when the last one in the folder is old enough.
/// `request` is completed by the name of the file. Outcomes are logged.
pub async fn run_backup_schedule(schedule: BackupSchedule, request: BackupRequest) {
    loop {
        tokio::time::sleep(schedule.time_to_next(SystemTime::now())).await;
        let (schedule_copy, request) = (schedule.clone(), request.clone());
        let made =
            tokio::task::spawn_blocking(move || schedule_copy.make(&request, SystemTime::now()));
        match made.await {
            Ok(Ok(file)) => tracing::info!(file = %file.display(), "made a backup"),
            Ok(Err(error)) => {
                tracing::error!("the scheduled backup failed: {error:#}");
                tokio::time::sleep(RETRY_AFTER.min(schedule.every)).await;
            }
            Err(error) => tracing::error!(%error, "the scheduled backup panicked"),
        }
    }
}

impl BackupSchedule {
    /// Makes a backup and deletes those beyond the number to keep.
    fn make(&self, request: &BackupRequest, now: SystemTime) -> Result<PathBuf> {
        let file = self.dir.join(name_at(now));
        create_backup(&BackupRequest {
            file: file.clone(),
            ..request.clone()
        })?;

        let mut backups = self.backups();
        let surplus = backups.len().saturating_sub(self.keep.max(1));
        for old in backups.drain(..surplus) {
            if let Err(error) = fs::remove_file(&old) {
                tracing::warn!(file = %old.display(), %error, "cannot delete an old backup");
            }
        }

        Ok(file)
    }

    fn time_to_next(&self, now: SystemTime) -> Duration {
        let last = self.backups().pop();
        let made_at = last.and_then(|last| fs::metadata(last).ok()?.modified().ok());
        let Some(made_at) = made_at else {
            return Duration::ZERO;
        };

        // If the clock was set back, the next one is due after the whole time.
        let since = now.duration_since(made_at).unwrap_or_default();
        self.every.saturating_sub(since)
    }

    /// The backups in the folder, oldest first.
    fn backups(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return Vec::new();
        };
        let mut backups: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| is_scheduled(path))
            .collect();
        backups.sort();
        backups
    }
}

/// The name of a backup that is made at a time: in the order of names, the oldest is first.
fn name_at(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs());
    format!("{PREFIX}{}{SUFFIX}", format_utc(seconds).replace(':', "-"))
}

/// Whether a file has the name of a scheduled backup: only the digits differ between two.
fn is_scheduled(path: &Path) -> bool {
    let without_digits = |name: &str| -> String {
        name.chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect()
    };
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| without_digits(name) == without_digits(&name_at(UNIX_EPOCH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_backup_is_due_after_the_last_one() {
        let dir = tempfile::tempdir().unwrap();
        let schedule = BackupSchedule {
            dir: dir.path().to_owned(),
            every: Duration::from_secs(100),
            keep: 2,
        };
        let now = SystemTime::now();
        assert_eq!(schedule.time_to_next(now), Duration::ZERO);
        fs::write(dir.path().join("mcdewey-by-hand.zip"), "").unwrap();
        assert_eq!(schedule.time_to_next(now), Duration::ZERO);

        let last = dir.path().join(name_at(now));
        fs::write(&last, "").unwrap();
        let made_at = fs::metadata(&last).unwrap().modified().unwrap();
        let after = |seconds| schedule.time_to_next(made_at + Duration::from_secs(seconds));
        assert_eq!(after(30), Duration::from_secs(70));
        assert_eq!(after(100), Duration::ZERO);
        let earlier = made_at - Duration::from_secs(1000);
        assert_eq!(schedule.time_to_next(earlier), Duration::from_secs(100));
    }

    #[test]
    fn names_sort_by_time_and_other_files_are_not_backups() {
        let at = |seconds| name_at(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(1_796_131_800), "mcdewey-2026-12-01T13-30-00Z.zip");
        assert!(at(1_796_131_800) < at(1_796_131_801));
        assert!(is_scheduled(Path::new(&at(0))));
        assert!(!is_scheduled(Path::new("mcdewey-mine.zip")));
        assert!(!is_scheduled(Path::new(
            "mcdewey-2026-12-01T13-30-00Z.zip.draft"
        )));
    }
}
