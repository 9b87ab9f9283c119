//! What the file system tells of a file without reading it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::Stat;

/// How long before it was read a file must have been changed last, so that any later change shows.
/// Within the same tick of the file system's clock, a second change would not. Clocks of file
/// servers may also differ from ours by so much.
pub(crate) const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// The inode, size and times of a file. A write to the file changes them, because the time of the
/// last change of the inode (`ctime`) cannot be set by programs, unlike that of the content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FileState {
    description: Arc<str>,
    /// The later of the two times, since 1970.
    changed: Duration,
}

impl FileState {
    /// The number of the device is left out: it may change whenever a disk is mounted.
    pub(crate) fn new(stat: &Stat) -> Self {
        let description = format!(
            "{} {} {}.{} {}.{}",
            stat.st_ino,
            stat.st_size,
            stat.st_mtime,
            stat.st_mtime_nsec,
            stat.st_ctime,
            stat.st_ctime_nsec
        );
        Self {
            description: description.into(),
            changed: since_1970(stat.st_mtime, u32::try_from(stat.st_mtime_nsec))
                .max(since_1970(stat.st_ctime, u32::try_from(stat.st_ctime_nsec))),
        }
    }

    /// Equal for equal states.
    pub(crate) fn as_str(&self) -> &str {
        &self.description
    }

    /// Reports whether the last change was at least so long before `now`.
    pub(crate) fn is_settled(&self, now: SystemTime, after: Duration) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        now.checked_sub(self.changed)
            .is_some_and(|age| age >= after)
    }
}

/// Times before 1970 count as 1970.
fn since_1970<E>(seconds: i64, nanoseconds: Result<u32, E>) -> Duration {
    let seconds = u64::try_from(seconds).unwrap_or_default();
    Duration::new(seconds, nanoseconds.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_shows_even_if_size_and_time_are_set_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.md");
        std::fs::write(&path, "one").unwrap();
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        let before = FileState::new(&rustix::fs::stat(&path).unwrap());
        assert_eq!(before, FileState::new(&rustix::fs::stat(&path).unwrap()));

        // The file system's clock ticks at least a hundred times a second.
        let changed = loop {
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            std::io::Write::write_all(&mut &file, b"two").unwrap();
            file.set_modified(modified).unwrap();
            drop(file);

            let state = FileState::new(&rustix::fs::stat(&path).unwrap());
            if state != before {
                break state;
            }
        };
        assert_ne!(changed.as_str(), before.as_str());
    }

    #[test]
    fn only_what_changed_some_time_ago_is_settled() {
        let state = FileState {
            description: "".into(),
            changed: Duration::from_secs(1_000),
        };
        let is_settled =
            |now: u64| state.is_settled(UNIX_EPOCH + Duration::from_secs(now), SETTLED_AFTER);
        assert!(!is_settled(1_000) && !is_settled(1_009) && is_settled(1_010));
        assert!(!is_settled(990) && !is_settled(0), "a time in the future");
    }
}
