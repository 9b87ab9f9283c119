//! Compares the files of a generation with its seal when it is opened.

use std::fs;
use std::path::Path;
use std::thread;

use rusqlite::{Connection, OpenFlags};

use super::check::check;
use super::ledger::{LedgerContents, Seal};
use super::salvage::salvage;
use super::seal::{SQLITE_COUNTERS, fits};
use crate::embedded::database;
use crate::embedded::error::EmbeddedResult;
use crate::embedded::layout::Layout;
use crate::embedded::space;

/// How much is done before a generation is open. More is done afterwards, and meanwhile answers say that
/// they come from what was not compared yet.
#[derive(Debug, Clone, Copy)]
pub(in crate::embedded) struct WorkAtOpen {
    /// The most bytes of files that are read to compare them with the seal.
    read_bytes: u64,
    /// The most bytes of a catalogue that was not sealed and is checked document by document.
    checked_bytes: u64,
    /// The most points of a shard that was not sealed and is built again.
    pub(in crate::embedded) built_points: u64,
}

impl Default for WorkAtOpen {
    /// On two cores of a slow machine, a tenth of a second is enough to read 100 MB, and a program without
    /// optimisations builds a thousand points in a second.
    fn default() -> Self {
        Self {
            read_bytes: 256 * 1024 * 1024,
            checked_bytes: 64 * 1024 * 1024,
            built_points: 5_000,
        }
    }
}

#[cfg(test)]
impl WorkAtOpen {
    /// Everything is done afterwards.
    pub(in crate::embedded) const NONE: Self = Self {
        read_bytes: 0,
        checked_bytes: 0,
        built_points: 0,
    };
}

/// What is known about a file, or about the files of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::embedded) enum FileState {
    /// It is what was sealed.
    Fits,
    /// It has the length that was sealed; its content has not been read.
    NotRead,
    /// It was not sealed, or was changed since.
    Unsealed,
    /// It is not what was sealed.
    Differs(String),
}

impl FileState {
    /// Whether the content may be anything.
    pub(in crate::embedded) fn is_suspect(&self) -> bool {
        matches!(self, Self::Unsealed | Self::Differs(_))
    }
}

/// What the files of a generation are.
#[derive(Debug)]
pub(in crate::embedded) struct Examination {
    pub(in crate::embedded) ledger: LedgerContents,
    pub(in crate::embedded) catalogue: FileState,
    pub(in crate::embedded) embeddings: FileState,
    pub(in crate::embedded) shard: FileState,
}

/// Examines the files of a generation before they are opened.
pub(in crate::embedded) fn examine(layout: &Layout, work: WorkAtOpen) -> Examination {
    let ledger = LedgerContents::read(&layout.ledger());
    let is_suspect = ledger.is_suspect;
    let states = match &ledger.seal {
        Some(seal) if ledger.is_sealed => compare(layout, seal, work.read_bytes),
        _ => [
            FileState::Unsealed,
            FileState::Unsealed,
            FileState::Unsealed,
        ],
    };

    let [mut catalogue, mut embeddings, shard] = states;
    if is_suspect {
        for state in [&mut catalogue, &mut embeddings] {
            *state = FileState::Differs("it was found damaged while it was in use".to_owned());
        }
    } else if ledger.is_known && !layout.catalogue().exists() {
        catalogue = missing(&layout.catalogue());
    }

    Examination {
        ledger,
        catalogue,
        embeddings,
        shard,
    }
}

impl Examination {
    /// Whether the catalogue has to be known before anything is built from it.
    fn must_know_catalogue(&self) -> bool {
        matches!(self.shard, FileState::Differs(_))
    }

    /// Checks the catalogue, unless that would take too long now, and replaces a damaged one. Returns
    /// whether it is known to be whole.
    pub(in crate::embedded) fn repair_catalogue(
        &self,
        layout: &Layout,
        work: WorkAtOpen,
    ) -> EmbeddedResult<bool> {
        let path = layout.catalogue();
        let bytes = fs::metadata(&path).map_or(0, |file| file.len());
        let is_whole = match (&self.catalogue, &self.ledger.seal) {
            (FileState::Fits, _) => true,
            (FileState::NotRead, Some(seal)) if self.must_know_catalogue() => {
                fits(&path, &seal.catalogue, SQLITE_COUNTERS)
            }
            (FileState::NotRead, _) => return Ok(false),
            (FileState::Unsealed, _) if bytes == 0 => true,
            (FileState::Unsealed, _)
                if bytes > work.checked_bytes && !self.must_know_catalogue() =>
            {
                return Ok(false);
            }
            (FileState::Unsealed | FileState::Differs(_), _) => false,
        };

        if is_whole {
            return Ok(true);
        }

        database::check_space(&path)?;
        if let Some(damage) = check_file(&path, &self.ledger) {
            salvage(layout, &self.ledger, &damage)?;
        }

        Ok(true)
    }
}

/// Checks a catalogue that is not open.
fn check_file(path: &Path, ledger: &LedgerContents) -> Option<String> {
    // Writable, because SQLite has to read its log first.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match Connection::open_with_flags(path, flags) {
        Ok(connection) => check(&connection, ledger),
        Err(error) => Some(error.to_string()),
    }
}

/// Compares the catalogue, the embedding cache and the shard with the seal.
fn compare(layout: &Layout, seal: &Seal, read_bytes: u64) -> [FileState; 3] {
    let folder = layout.shard(seal.shard);
    let used = |path: &Path| fs::metadata(path).map_or(0, |file| space::allocated(&file));
    let bytes = used(&layout.catalogue())
        + used(&layout.embeddings())
        + space::disk_usage(&folder).unwrap_or_default();
    let reads = bytes <= read_bytes;

    let file = |path: &Path, expected| match length_differs(path, expected) {
        Some(difference) => FileState::Differs(difference),
        None if !reads => FileState::NotRead,
        None if fits(path, expected, SQLITE_COUNTERS) => FileState::Fits,
        None => FileState::Differs(content_differs(path)),
    };
    thread::scope(|scope| {
        let shard = scope.spawn(|| shard_state(&folder, seal, reads));
        let catalogue = file(&layout.catalogue(), &seal.catalogue);
        let embeddings = file(&layout.embeddings(), &seal.embeddings);
        let shard = shard
            .join()
            .unwrap_or_else(|_| FileState::Differs("its files cannot be read".to_owned()));
        [catalogue, embeddings, shard]
    })
}

/// Compares the files of a shard with the seal; their contents only if `reads`.
pub(in crate::embedded) fn shard_state(folder: &Path, seal: &Seal, reads: bool) -> FileState {
    let different_length = seal
        .shard_files
        .iter()
        .find_map(|(path, expected)| length_differs(&folder.join(path), expected));
    if let Some(difference) = different_length {
        return FileState::Differs(difference);
    }

    if !reads {
        return FileState::NotRead;
    }

    let differing = seal
        .shard_files
        .iter()
        .map(|(path, expected)| (folder.join(path), expected))
        .find(|(path, expected)| !fits(path, expected, &[]));
    differing.map_or(FileState::Fits, |(path, _)| {
        FileState::Differs(content_differs(&path))
    })
}

fn length_differs(path: &Path, expected: &super::file_sum::FileSum) -> Option<String> {
    match fs::metadata(path) {
        Ok(file) if file.len() == expected.bytes => None,
        Ok(file) => Some(format!(
            "{} has {} bytes instead of {}",
            path.display(),
            file.len(),
            expected.bytes
        )),
        Err(error) => Some(format!("{}: {error}", path.display())),
    }
}

fn missing(path: &Path) -> FileState {
    FileState::Differs(format!("{} is missing", path.display()))
}

fn content_differs(path: &Path) -> String {
    format!("{} is not what was written", path.display())
}
