//! Reserves disk blocks for the next writes of the vector engine.
//!
//! The engine maps sparse files into memory and writes to them there. A write into a hole needs a
//! new block, and when the disk has none left, the process is killed with SIGBUS: nothing can be
//! caught, reported or cleaned up. So before each step, blocks are allocated for the holes that it
//! may write to, which fails with an ordinary error. The engine also grows by whole files. The next
//! file is created in advance, because the engine opens an existing one.
//!
//! File names and sizes are those of the engine version that `Cargo.toml` pins.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

/// Reservations are rounded up to this many bytes, so that not every small step needs a system
/// call.
const UNIT: u64 = 64 * 1024;

/// Bytes that a step may add to a table.
const TABLE_GROWTH: u64 = 64 * 1024;

/// Files with a few bytes or bits for each point or block, which grow beyond their end. The last
/// two are not mapped but written normally, yet the engine handles an error there no better.
const TABLES: [&str; 6] = [
    "tracker.dat",
    "bitmask.dat",
    "gaps.dat",
    FLAGS_FILE,
    "mutable_id_tracker.mappings",
    "mutable_id_tracker.versions",
];
/// A bit for each point: whether it has a value of a field, or was deleted.
const FLAGS_FILE: &str = "flags_a.dat";
/// A file of texts and keyword vectors: `page_<number>.dat`.
const PAGE_FILES: NumberedFiles = NumberedFiles {
    prefix: "page_",
    suffix: ".dat",
};

/// A file of vectors: `chunk_<number>.mmap`.
const VECTOR_FILES: NumberedFiles = NumberedFiles {
    prefix: "chunk_",
    suffix: ".mmap",
};

/// Tracks up to where the files of a shard have blocks.
#[derive(Debug, Default)]
pub(super) struct BlockReserve {
    files: Mutex<HashMap<PathBuf, FileState>>,
}

/// The state of a file when it was last checked.
#[derive(Debug, Clone, Copy, Default)]
struct FileState {
    /// Where its data ended, in bytes.
    end: u64,
    /// Up to where blocks are allocated, in bytes.
    reserved: u64,
}

impl BlockReserve {
    /// Reserves blocks in a shard's folder for a step that writes at most this many bytes to any
    /// file.
    pub(super) fn reserve(&self, shard: &Path, bytes: u64) -> io::Result<()> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        for part in ["wal", "segments"] {
            match reserve_in_folder(&shard.join(part), bytes.max(UNIT), &mut files) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }

        Ok(())
    }
}

/// Free space, in bytes, that opening a shard needs.
///
/// The engine reads files of vectors and of flags from beginning to end, including holes. In an
/// in-memory file system, reading a hole takes a block just as writing to it does. Such blocks
/// cannot be reserved: they come and go with the reader.
pub(super) fn space_to_open(shard: &Path) -> io::Result<u64> {
    if is_in_memory(shard) {
        size_of_files_read_whole(shard)
    } else {
        Ok(0)
    }
}

fn size_of_files_read_whole(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for path in entries(folder)? {
        if path.is_dir() {
            bytes += size_of_files_read_whole(&path)?;
        } else if VECTOR_FILES.number(&path).is_some() || path.ends_with(FLAGS_FILE) {
            bytes += fs::metadata(&path)?.len();
        }
    }

    Ok(bytes)
}

/// Deletes files that were created in advance and never used, because the engine counts its pages
/// when it opens a shard.
pub(super) fn remove_unused(shard: &Path) -> io::Result<()> {
    for entry in entries(shard)? {
        if entry.is_dir() {
            remove_unused(&entry)?;
        }
    }

    for kind in [PAGE_FILES, VECTOR_FILES] {
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

fn reserve_in_folder(
    folder: &Path,
    bytes: u64,
    files: &mut HashMap<PathBuf, FileState>,
) -> io::Result<()> {
    for path in entries(folder)? {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => reserve_in_folder(&path, bytes, files)?,
            Ok(metadata) if metadata.is_file() => {
                reserve_in_file(&path, metadata.len(), bytes, files)?;
            }
            Ok(_) => {}
            // The engine deletes files while it runs.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }

    if let Some(size) = vector_file_size(folder) {
        create_next(folder, VECTOR_FILES, size, bytes, files)?;
    }

    if let Some(last) = PAGE_FILES.last_in(folder)? {
        let size = fs::metadata(folder.join(PAGE_FILES.name(last)))?.len();
        create_next(folder, PAGE_FILES, size, bytes, files)?;
    }

    Ok(())
}

/// Reserves blocks after the data of a file.
fn reserve_in_file(
    path: &Path,
    len: u64,
    bytes: u64,
    files: &mut HashMap<PathBuf, FileState>,
) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    let is_table = TABLES.iter().any(|table| name == *table);
    let previous = files.get(path).copied().unwrap_or_default();

    let is_full = previous.reserved >= len && previous.end >= len;
    if len == 0 || (is_full && !is_table) {
        return Ok(());
    }

    let file = File::options().read(true).write(true).open(path)?;
    let Some(end) = data_end(&file, previous.end.min(len), len)? else {
        return Ok(());
    };

    let needed = if is_table {
        end + TABLE_GROWTH
    } else {
        (end + bytes).min(len)
    };

    let mut reserved = previous.reserved;
    if reserved < needed {
        // More than needed in a large file, so that not every step has to reserve again.
        reserved = if is_table {
            needed.next_multiple_of(UNIT)
        } else {
            (needed + bytes).next_multiple_of(UNIT).min(len)
        };
        allocate(&file, reserved)?;
    }

    files.insert(path.to_owned(), FileState { end, reserved });
    Ok(())
}

/// Creates the file after the last one if a step might not fit into the rest of that, or if there
/// is none yet.
fn create_next(
    folder: &Path,
    kind: NumberedFiles,
    size: u64,
    bytes: u64,
    files: &mut HashMap<PathBuf, FileState>,
) -> io::Result<()> {
    let next = match kind.last_in(folder)? {
        None => 0,
        Some(last) => {
            let path = folder.join(kind.name(last));
            let end = files.get(&path).map_or(0, |file| file.end);
            // In an in-memory file system, everything that the engine has read counts as data, so
            // it is unknown whether the file is full.
            let is_unknown = kind.prefix == VECTOR_FILES.prefix && is_in_memory(folder);
            if end + bytes <= size || is_unknown {
                return Ok(());
            }

            last + 1
        }
    };

    let path = folder.join(kind.name(next));
    let temporary = folder.join(format!("next-{}", kind.name(next)));
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&temporary)?;
    file.set_len(size)?;

    // Keep the file only if an unused one can later be distinguished from a used one.
    if data_end(&file, 0, size)? != Some(0) {
        return fs::remove_file(temporary);
    }

    let reserved = (2 * bytes).next_multiple_of(UNIT).min(size);
    allocate(&file, reserved).inspect_err(|_| drop(fs::remove_file(&temporary)))?;
    fs::rename(temporary, &path)?;
    files.insert(path, FileState { end: 0, reserved });

    Ok(())
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect()
}

/// The size of a file of vectors in a folder, or `None` if the folder does not hold vectors.
fn vector_file_size(folder: &Path) -> Option<u64> {
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
struct NumberedFiles {
    prefix: &'static str,
    suffix: &'static str,
}

impl NumberedFiles {
    fn name(self, number: u64) -> String {
        format!("{}{number}{}", self.prefix, self.suffix)
    }

    /// Returns the number in a file's name, or `None` if it is not one of these files.
    fn number(self, path: &Path) -> Option<u64> {
        path.file_name()?
            .to_str()?
            .strip_prefix(self.prefix)?
            .strip_suffix(self.suffix)?
            .parse()
            .ok()
    }

    /// Returns the highest number in a folder.
    fn last_in(self, folder: &Path) -> io::Result<Option<u64>> {
        Ok(entries(folder)?
            .iter()
            .filter_map(|path| self.number(path))
            .max())
    }
}

/// Allocates blocks of a file up to this offset without changing its length. On a file system that
/// does not support this, only the minimum of free space protects the process.
#[cfg(target_os = "linux")]
fn allocate(file: &File, up_to: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;

    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, up_to) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
            tracing::debug!("the file system cannot reserve blocks");
            Ok(())
        }
        other => Ok(other?),
    }
}

/// Returns where the last data of a file ends, searching from an offset, or `None` if the system
/// does not report it.
#[cfg(target_os = "linux")]
fn data_end(file: &File, from: u64, len: u64) -> io::Result<Option<u64>> {
    use rustix::fs::{SeekFrom, seek};
    use rustix::io::Errno;

    let mut end = from;
    while end < len {
        let data = match seek(file, SeekFrom::Data(end)) {
            Ok(data) => data,
            // No data after this offset.
            Err(Errno::NXIO) => break,
            Err(Errno::INVAL) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        end = seek(file, SeekFrom::Hole(data))?;
    }

    Ok(Some(end))
}

/// Reports whether a folder is in an in-memory file system (tmpfs).
#[cfg(target_os = "linux")]
fn is_in_memory(folder: &Path) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    rustix::fs::statfs(folder).is_ok_and(|stat| u64::try_from(stat.f_type) == Ok(TMPFS))
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_folder: &Path) -> bool {
    false
}

/// Blocks are reserved on Linux only.
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
    fn a_step_gets_the_blocks_it_needs_and_few_more() {
        let (dir, store) = shard();
        let reserve = BlockReserve::default();
        reserve.reserve(dir.path(), 1_000_000).unwrap();

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

        // Nothing was written, so nothing more is needed.
        reserve.reserve(dir.path(), 1_000_000).unwrap();
        assert_eq!(allocated(&page), first);

        write(&page, 0, 1_500_000);
        reserve.reserve(dir.path(), 1_000_000).unwrap();
        assert!(allocated(&page) >= 2_500_000);
        assert!(
            !store.join("page_1.dat").exists(),
            "the first page has space left"
        );
    }

    #[test]
    fn the_next_file_is_created_before_the_last_is_full_and_removed_if_unused() {
        let (dir, store) = shard();
        let reserve = BlockReserve::default();
        write(&store.join("page_0.dat"), 0, 7_500_000);
        reserve.reserve(dir.path(), 1_000_000).unwrap();
        let next = store.join("page_1.dat");
        assert_eq!(fs::metadata(&next).unwrap().len(), PAGE_SIZE);
        assert!(allocated(&next) >= 1_000_000);

        reserve.reserve(dir.path(), 1_000_000).unwrap();
        assert!(!store.join("page_2.dat").exists());

        remove_unused(dir.path()).unwrap();
        assert!(!next.exists() && store.join("page_0.dat").exists());

        reserve.reserve(dir.path(), 1_000_000).unwrap();
        write(&next, 0, 1);
        remove_unused(dir.path()).unwrap();
        assert!(next.exists(), "it is used");
    }

    #[test]
    fn files_that_are_read_whole_are_counted_with_their_holes() {
        let (dir, store) = shard();
        let size = || size_of_files_read_whole(dir.path()).unwrap();
        assert_eq!(size(), 0, "pages and tables are read where they have data");

        for (name, len) in [("chunk_0.mmap", 4_194_304), ("flags_a.dat", 1_048_576)] {
            let file = File::create(store.join(name)).unwrap();
            file.set_len(len).unwrap();
        }
        assert_eq!(size(), 4_194_304 + 1_048_576);
    }

    #[test]
    fn the_first_file_of_vectors_is_created_in_advance() {
        let (dir, store) = shard();
        let vectors = store.with_file_name("vectors");
        fs::create_dir(&vectors).unwrap();

        fs::write(
            vectors.join("config.json"),
            r#"{"chunk_size_bytes": 4194304, "dim": 2}"#,
        )
        .unwrap();

        BlockReserve::default().reserve(dir.path(), 1000).unwrap();
        assert_eq!(
            fs::metadata(vectors.join("chunk_0.mmap")).unwrap().len(),
            4_194_304
        );
        assert!(allocated(&vectors.join("chunk_0.mmap")) >= 1000);

        File::create(vectors.join("chunk_1.mmap"))
            .unwrap()
            .set_len(4_194_304)
            .unwrap();
        remove_unused(dir.path()).unwrap();
        assert!(vectors.join("chunk_0.mmap").exists() && !vectors.join("chunk_1.mmap").exists());
    }
}
