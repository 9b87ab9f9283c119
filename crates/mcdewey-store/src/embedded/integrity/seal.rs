//! The checksums of a generation's files, written down and compared.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::file_sum::FileSum;
use super::ledger::{Ledger, LedgerDocument, Seal};
use crate::embedded::error::EmbeddedResult;
use crate::embedded::layout::Layout;

/// The parts of an SQLite file that change although nothing in it does: the counter of changes, and
/// which program wrote at which counter.
pub(in crate::embedded) const SQLITE_COUNTERS: &[Range<usize>] = &[24..28, 92..100];

/// Seals a generation whose files are complete, and which nothing writes to.
pub(in crate::embedded) fn seal(
    layout: &Layout,
    ledger: &mut Ledger,
    revision: u64,
    shard: u64,
    (documents, descriptions): (Vec<LedgerDocument>, BTreeMap<String, String>),
) -> EmbeddedResult<()> {
    let folder = layout.shard(shard);
    let mut shard_files = BTreeMap::new();
    for path in files_below(&folder)? {
        shard_files.insert(path.clone(), FileSum::of(&folder.join(&path), &[])?);
    }

    let seal = Seal::new(
        revision,
        shard,
        [
            FileSum::of(&layout.catalogue(), SQLITE_COUNTERS)?,
            FileSum::of(&layout.embeddings(), SQLITE_COUNTERS)?,
        ],
        shard_files,
        descriptions,
    );
    Ok(ledger.seal(seal, documents)?)
}

/// Compares a file with its checksum.
pub(in crate::embedded) fn fits(path: &Path, expected: &FileSum, ignored: &[Range<usize>]) -> bool {
    FileSum::of(path, ignored).is_ok_and(|found| found == *expected)
}

/// The files below a folder, without those that the engine writes and renames.
fn files_below(folder: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(relative) = folders.pop() {
        for entry in fs::read_dir(folder.join(&relative))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(TEMPORARY) {
                continue;
            }

            let path = if relative.is_empty() {
                name
            } else {
                format!("{relative}/{name}")
            };
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }

    Ok(files)
}

/// The beginning of the names of folders in which the engine writes a file before it renames it.
const TEMPORARY: &str = ".atomicwrite";
