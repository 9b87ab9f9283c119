//! The files of the engine's write-ahead log, which the engine only ever adds to.
//!
//! Opening a shard does not replay the log, but reads and maps all of it: three kilobytes for a
//! chunk. So all of it is deleted before that, except what the numbering of the next entries
//! depends on: the last full file, and the one that is being written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The beginning of the name of a full file. The number of its first entry follows.
const FULL: &str = "closed-";

/// Deletes what a closed shard no longer needs of its log. Ends with the same files if it is
/// interrupted and repeated.
pub(super) fn discard_old(shard: &Path) -> io::Result<()> {
    let mut full = Vec::new();
    for path in files(shard)? {
        full.extend(first_entry(&path).map(|number| (number, path)));
    }

    // In their order: the engine accepts no gap in the numbers.
    full.sort();
    full.pop();
    for (_, path) in full {
        fs::remove_file(path)?;
    }

    Ok(())
}

/// The size in bytes.
pub(super) fn size(shard: &Path) -> io::Result<u64> {
    let sizes = files(shard)?
        .into_iter()
        .map(|path| Ok(fs::metadata(path)?.len()));
    sizes.sum()
}

fn files(shard: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(shard.join("wal")) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn first_entry(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix(FULL)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_full_file_and_the_open_one_are_kept() {
        let shard = tempfile::tempdir().unwrap();
        discard_old(shard.path()).unwrap();

        let log = shard.path().join("wal");
        fs::create_dir(&log).unwrap();
        for name in ["closed-9", "closed-10", "closed-0", "open-4", "first-index"] {
            fs::write(log.join(name), "entry").unwrap();
        }

        for _ in 0..2 {
            discard_old(shard.path()).unwrap();
            let mut kept: Vec<_> = files(shard.path()).unwrap();
            kept.sort();
            let names: Vec<_> = kept.iter().map(|path| path.file_name().unwrap()).collect();
            assert_eq!(names, ["closed-10", "first-index", "open-4"]);
            assert_eq!(size(shard.path()).unwrap(), 15);
        }
    }
}
