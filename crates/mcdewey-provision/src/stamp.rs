//! Checksums of cached files, and the stamp that avoids reading the files at every start.
//!
//! `stamp.json`, in the folder of the files, records the size, modification time and sha256 of
//! each. It is only a shortcut: if it is missing or does not match, the file itself is hashed.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::catalogue::BundleFile;
use crate::error::ProvisionError;

const STAMP_FILE: &str = "stamp.json";
/// How much of a file is read at once while hashing, in bytes.
const READ_BUFFER: usize = 1 << 20;

/// The state of a file when it was last hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StampEntry {
    size: u64,
    /// Nanoseconds since 1970.
    modified: u128,
    sha256: String,
}

/// The stamp of a folder, by file path.
pub(crate) type Stamp = BTreeMap<String, StampEntry>;

impl StampEntry {
    fn from_metadata(metadata: &Metadata, sha256: &str) -> Self {
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());

        Self {
            size: metadata.len(),
            modified: modified.map_or(0, |duration| duration.as_nanos()),
            sha256: sha256.to_owned(),
        }
    }

    /// Reports whether a file has not changed since it was found to have this checksum.
    pub(crate) fn matches(&self, metadata: &Metadata, sha256: &str) -> bool {
        *self == Self::from_metadata(metadata, sha256)
    }
}

/// Reads the stamp of a folder; empty if it is missing or invalid.
pub(crate) fn read(folder: &Path) -> Stamp {
    fs::read(folder.join(STAMP_FILE))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Writes the stamp of files whose checksums have just been verified.
pub(crate) fn write(folder: &Path, files: &[BundleFile]) -> Result<(), ProvisionError> {
    let path = folder.join(STAMP_FILE);
    try_write(&path, folder, files)
        .map_err(|source| ProvisionError::CacheNotWritable { path, source })
}

fn try_write(path: &Path, folder: &Path, files: &[BundleFile]) -> io::Result<()> {
    let mut stamp = Stamp::new();
    for file in files {
        let metadata = fs::metadata(folder.join(&file.path))?;
        let entry = StampEntry::from_metadata(&metadata, &file.sha256);
        stamp.insert(file.path.clone(), entry);
    }

    fs::write(path, serde_json::to_vec_pretty(&stamp)?)
}

/// Returns the sha256 of a file, in hex.
pub(crate) fn hash_file(path: &Path) -> Result<String, ProvisionError> {
    try_hash_file(path).map_err(|source| ProvisionError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn try_hash_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sha = Sha256::new();

    let mut buffer = vec![0; READ_BUFFER];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(sha.finalize())),
            n => sha.update(&buffer[..n]),
        }
    }
}

/// Returns one sha256 over the names and checksums of several files, independent of their order.
pub(crate) fn combined_digest<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let sorted: BTreeMap<&str, &str> = files.collect();
    let mut sha = Sha256::new();
    for (name, checksum) in sorted {
        sha.update(format!("{name} {checksum}\n"));
    }

    hex::encode(sha.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::FileOrigin;

    /// Writes a file `a` and returns its description.
    fn write_file(folder: &Path) -> Vec<BundleFile> {
        fs::write(folder.join("a"), "abc").unwrap();
        let sha256 = hash_file(&folder.join("a")).unwrap();
        vec![BundleFile {
            origin: FileOrigin::Member("x/a".into()),
            path: "a".into(),
            sha256,
        }]
    }

    #[test]
    fn a_file_hash_is_a_standard_sha256() {
        let folder = tempfile::tempdir().unwrap();
        let files = write_file(folder.path());
        assert_eq!(
            files[0].sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_stamp_matches_until_size_time_or_checksum_change() {
        let folder = tempfile::tempdir().unwrap();
        let files = write_file(folder.path());
        write(folder.path(), &files).unwrap();

        let stamp = read(folder.path());
        let path = folder.path().join("a");
        let metadata = fs::metadata(&path).unwrap();
        assert!(stamp["a"].matches(&metadata, &files[0].sha256));
        assert!(!stamp["a"].matches(&metadata, "another"));

        fs::write(&path, "abcd").unwrap();
        assert!(!stamp["a"].matches(&fs::metadata(&path).unwrap(), &files[0].sha256));

        fs::write(&path, "abc").unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(UNIX_EPOCH)
            .unwrap();

        assert!(!stamp["a"].matches(&fs::metadata(&path).unwrap(), &files[0].sha256));
    }

    #[test]
    fn an_invalid_stamp_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(STAMP_FILE), "{").unwrap();
        assert!(read(folder.path()).is_empty());
    }

    #[test]
    fn the_combined_digest_depends_on_names_but_not_on_order() {
        let digest = combined_digest([("a", "1"), ("b", "2")].into_iter());
        assert_eq!(
            digest,
            combined_digest([("b", "2"), ("a", "1")].into_iter())
        );
        assert_ne!(
            digest,
            combined_digest([("a", "2"), ("b", "1")].into_iter())
        );
    }
}
