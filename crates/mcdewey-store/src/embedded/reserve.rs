//! Disk blocks for what the vector engine writes next.
//!
//! The engine maps sparse files into memory and writes there. A write into a hole needs a new block, and where the disk
//! has none left, the process is killed with SIGBUS: nothing can be caught, told or cleaned up. So before each step the
//! holes that it can reach get their blocks, which fails with an error like any other. The engine grows by whole files,
//! too; the next one is made in advance, for it opens a file that is there already.
//!
//! File names and sizes are those of the engine's version that `Cargo.toml` pins.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

/// What is reserved is rounded up to this, so that small steps do not each ask the file system.
const UNIT: u64 = 64 * 1024;
/// What a step may add to files that hold a few bytes or bits for each point, which grow beyond their end.
const TABLES_GROW_BY: u64 = 64 * 1024;
/// Files with a few bytes or bits for each point or block. The last two are written like any file and not mapped, but the
/// engine takes a failure there no better.
const TABLES: [&str; 6] = [
    "tracker.dat",
    "bitmask.dat",
    "gaps.dat",
    "flags_a.dat",
    "mutable_id_tracker.mappings",
    "mutable_id_tracker.versions",
];
/// A file of texts and word vectors: `page_<number>.dat`.
const PAGE: Numbered = Numbered {
    start: "page_",
    end: ".dat",
};
/// A file of vectors: `chunk_<number>.mmap`.
const CHUNK: Numbered = Numbered {
    start: "chunk_",
    end: ".mmap",
};

/// How far the files of a shard have their blocks.
#[derive(Debug, Default)]
pub(super) struct Reserve {
    known: Mutex<HashMap<PathBuf, Known>>,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Where its last data ended when it was looked at.
    end: u64,
    /// There are blocks up to here.
    reserved: u64,
}

impl Reserve {
    /// Sees to it that a step which writes this many bytes at most finds its blocks in a shard's folder.
    pub(super) fn ahead(&self, shard: &Path, bytes: u64) -> io::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for part in ["wal", "segments"] {
            match reserve_in(&shard.join(part), bytes.max(UNIT), &mut known) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }

        Ok(())
    }
}

/// Free space without which a shard is not opened. The engine reads files of vectors from beginning to end, holes too,
/// and in a file system in memory a hole that is read takes a block like one that is written. Such blocks cannot be
/// reserved: they come and go with the reader.
pub(super) fn opening_takes(shard: &Path) -> io::Result<u64> {
    if is_in_memory(shard) {
        size_of_vectors(shard)
    } else {
        Ok(0)
    }
}

fn size_of_vectors(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for path in entries(folder)? {
        if path.is_dir() {
            bytes += size_of_vectors(&path)?;
        } else if CHUNK.number(&path).is_some() {
            bytes += fs::metadata(&path)?.len();
        }
    }

    Ok(bytes)
}

/// Takes away what was made in advance and never used: the engine counts its pages when it opens a shard.
pub(super) fn withdraw(shard: &Path) -> io::Result<()> {
    for entry in entries(shard)? {
        if entry.is_dir() {
            withdraw(&entry)?;
        }
    }

    for kind in [PAGE, CHUNK] {
        let Some(last) = kind.last_in(shard)? else {
            continue;
        };
        let path = shard.join(kind.name(last));
        let file = File::open(&path)?;
        if last > 0 && data_end(&file, 0, file.metadata()?.len())? == Some(0) {
            fs::remove_file(path)?;
        }
    }

    Ok(())
}

fn reserve_in(folder: &Path, bytes: u64, known: &mut HashMap<PathBuf, Known>) -> io::Result<()> {
    for path in entries(folder)? {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => reserve_in(&path, bytes, known)?,
            Ok(found) if found.is_file() => {
                fill(&path, found.len(), bytes, known)?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }

    if let Some(chunk_size) = chunk_size(folder) {
        make_next(folder, CHUNK, chunk_size, bytes, known)?;
    }

    if let Some(last) = PAGE.last_in(folder)? {
        let page_size = fs::metadata(folder.join(PAGE.name(last)))?.len();
        make_next(folder, PAGE, page_size, bytes, known)?;
    }

    Ok(())
}

/// Reserves blocks behind the data of a file.
fn fill(path: &Path, len: u64, bytes: u64, known: &mut HashMap<PathBuf, Known>) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    let is_table = TABLES.iter().any(|table| name == *table);
    let before = known.get(path).copied().unwrap_or_default();

    let is_full = before.reserved >= len && before.end >= len;
    if len == 0 || (is_full && !is_table) {
        return Ok(());
    }

    let file = File::options().read(true).write(true).open(path)?;
    let Some(end) = data_end(&file, before.end.min(len), len)? else {
        return Ok(());
    };

    let reach = if is_table {
        end + TABLES_GROW_BY
    } else {
        (end + bytes).min(len)
    };

    let mut reserved = before.reserved;
    if reserved < reach {
        let ample = (reach + bytes).next_multiple_of(UNIT);
        reserved = if is_table {
            reach.next_multiple_of(UNIT)
        } else {
            ample.min(len)
        };
        allocate(&file, reserved)?;
    }

    known.insert(path.to_owned(), Known { end, reserved });
    Ok(())
}

/// Makes the file that follows the last one when a step might not fit into what is left of that, or when there is none.
fn make_next(
    folder: &Path,
    kind: Numbered,
    size: u64,
    bytes: u64,
    known: &mut HashMap<PathBuf, Known>,
) -> io::Result<()> {
    let next = match kind.last_in(folder)? {
        None => 0,
        Some(last) => {
            let path = folder.join(kind.name(last));
            let end = known.get(&path).map_or(0, |known| known.end);
            // In memory, what the engine has read looks like data: nothing tells whether the file is full.
            let is_unknown = kind.start == CHUNK.start && is_in_memory(folder);
            if end + bytes <= size || is_unknown {
                return Ok(());
            }
            last + 1
        }
    };

    let (path, draft) = (
        folder.join(kind.name(next)),
        folder.join(format!("next-{}", kind.name(next))),
    );

    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&draft)?;

    file.set_len(size)?;

    // Only what can be told from a used file later may be left lying there.
    if data_end(&file, 0, size)? != Some(0) {
        return fs::remove_file(draft);
    }

    let reserved = (2 * bytes).next_multiple_of(UNIT).min(size);
    allocate(&file, reserved).inspect_err(|_| drop(fs::remove_file(&draft)))?;
    fs::rename(draft, &path)?;
    known.insert(path, Known { end: 0, reserved });

    Ok(())
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect()
}

/// The size of a file of vectors, where a folder is one of those.
fn chunk_size(folder: &Path) -> Option<u64> {
    #[derive(Deserialize)]
    struct Config {
        chunk_size_bytes: u64,
    }

    let text = fs::read_to_string(folder.join("config.json")).ok()?;
    serde_json::from_str::<Config>(&text)
        .ok()
        .map(|config| config.chunk_size_bytes)
}

/// Files of equal size with a number in their name.
#[derive(Debug, Clone, Copy)]
struct Numbered {
    start: &'static str,
    end: &'static str,
}

impl Numbered {
    fn name(self, number: u64) -> String {
        format!("{}{number}{}", self.start, self.end)
    }

    /// The number in a file's name, if it is one of these.
    fn number(self, path: &Path) -> Option<u64> {
        path.file_name()?
            .to_str()?
            .strip_prefix(self.start)?
            .strip_suffix(self.end)?
            .parse()
            .ok()
    }

    /// The highest number in a folder.
    fn last_in(self, folder: &Path) -> io::Result<Option<u64>> {
        Ok(entries(folder)?
            .iter()
            .filter_map(|path| self.number(path))
            .max())
    }
}

/// Gives a file blocks up to here, without changing its length. A file system that cannot is left as it is: the floor
/// of free space is all there is then.
#[cfg(target_os = "linux")]
fn allocate(file: &File, up_to: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;

    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, up_to) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
            tracing::debug!("the file system reserves no blocks");
            Ok(())
        }
        other => Ok(other?),
    }
}

/// Where the last data of a file ends, looked for from a place on; `None` where the system does not tell.
#[cfg(target_os = "linux")]
fn data_end(file: &File, from: u64, len: u64) -> io::Result<Option<u64>> {
    use rustix::fs::{SeekFrom, seek};
    use rustix::io::Errno;

    let mut end = from;
    while end < len {
        let data = match seek(file, SeekFrom::Data(end)) {
            Ok(data) => data,
            // No data behind this place.
            Err(Errno::NXIO) => break,
            Err(Errno::INVAL) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        end = seek(file, SeekFrom::Hole(data))?;
    }

    Ok(Some(end))
}

/// Whether files are kept in memory (tmpfs).
#[cfg(target_os = "linux")]
fn is_in_memory(folder: &Path) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    rustix::fs::statfs(folder).is_ok_and(|found| u64::try_from(found.f_type) == Ok(TMPFS))
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_folder: &Path) -> bool {
    false
}

/// Elsewhere nothing is reserved.
#[cfg(not(target_os = "linux"))]
fn allocate(_file: &File, _up_to: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn data_end(_file: &File, _from: u64, _len: u64) -> io::Result<Option<u64>> {
    Ok(None)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::{FileExt, MetadataExt};

    use super::*;

    const PAGE_SIZE: u64 = 8 * 1024 * 1024;

    /// A shard's folder with one page and one table, both holes.
    fn shard() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("segments/a/payload");
        fs::create_dir_all(&store).unwrap();

        File::create(store.join("page_0.dat"))
            .unwrap()
            .set_len(PAGE_SIZE)
            .unwrap();

        File::create(store.join("tracker.dat"))
            .unwrap()
            .set_len(4096)
            .unwrap();

        (dir, store)
    }

    fn allocated(path: &Path) -> u64 {
        fs::metadata(path).unwrap().blocks() * 512
    }

    fn write(path: &Path, offset: u64, bytes: usize) {
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .write_all_at(&vec![7; bytes], offset)
            .unwrap();
    }

    #[test]
    fn holes_that_a_step_can_reach_have_blocks_and_no_more_than_those() {
        let (dir, store) = shard();
        let reserve = Reserve::default();
        reserve.ahead(dir.path(), 1_000_000).unwrap();
        let page = store.join("page_0.dat");
        let first = allocated(&page);
        assert!((1_000_000..PAGE_SIZE / 2).contains(&first), "{first}");
        assert!(
            allocated(&store.join("tracker.dat")) >= 4096 + 8192,
            "it grows beyond its end"
        );
        assert_eq!(
            fs::metadata(store.join("tracker.dat")).unwrap().len(),
            4096,
            "but is not longer yet"
        );

        // Nothing was written: nothing more is needed.
        reserve.ahead(dir.path(), 1_000_000).unwrap();
        assert_eq!(allocated(&page), first);
        write(&page, 0, 1_500_000);
        reserve.ahead(dir.path(), 1_000_000).unwrap();
        assert!(allocated(&page) >= 2_500_000);
        assert!(!store.join("page_1.dat").exists(), "there is room");
    }

    #[test]
    fn the_next_file_is_made_before_the_last_is_full_and_withdrawn_when_unused() {
        let (dir, store) = shard();
        let reserve = Reserve::default();
        write(&store.join("page_0.dat"), 0, 7_500_000);
        reserve.ahead(dir.path(), 1_000_000).unwrap();
        let next = store.join("page_1.dat");
        assert_eq!(fs::metadata(&next).unwrap().len(), PAGE_SIZE);
        assert!(allocated(&next) >= 1_000_000);
        reserve.ahead(dir.path(), 1_000_000).unwrap();
        assert!(!store.join("page_2.dat").exists());
        withdraw(dir.path()).unwrap();
        assert!(!next.exists() && store.join("page_0.dat").exists());
        reserve.ahead(dir.path(), 1_000_000).unwrap();
        write(&next, 0, 1);
        withdraw(dir.path()).unwrap();

        assert!(next.exists(), "it is used");
    }

    #[test]
    fn the_first_file_of_vectors_is_made_in_advance() {
        let (dir, store) = shard();
        let vectors = store.with_file_name("vectors");
        fs::create_dir(&vectors).unwrap();

        fs::write(
            vectors.join("config.json"),
            r#"{"chunk_size_bytes": 4194304, "dim": 2}"#,
        )
        .unwrap();

        Reserve::default().ahead(dir.path(), 1000).unwrap();
        assert_eq!(
            fs::metadata(vectors.join("chunk_0.mmap")).unwrap().len(),
            4_194_304
        );
        assert!(allocated(&vectors.join("chunk_0.mmap")) >= 1000);

        File::create(vectors.join("chunk_1.mmap"))
            .unwrap()
            .set_len(4_194_304)
            .unwrap();
        withdraw(dir.path()).unwrap();
        assert!(vectors.join("chunk_0.mmap").exists() && !vectors.join("chunk_1.mmap").exists());
    }
}
