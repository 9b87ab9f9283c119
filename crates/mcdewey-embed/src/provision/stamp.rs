//! Checksums of cached files, and the stamp that spares reading them at every start.
//!
//! `stamp.json` lies beside the files and remembers size, modification time and sha256 of each. It is a shortcut only:
//! without it, or where it disagrees, the file itself is hashed.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ProvisionError;
use crate::catalogue::BundleFile;

const NAME: &str = "stamp.json";
const BLOCK: usize = 1 << 20;

/// What was seen when a file was last hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    size: u64,
    /// Nanoseconds since 1970.
    modified: u128,
    sha256: String,
}

/// The stamp of a folder, by file.
pub(super) type Stamp = BTreeMap<String, Seen>;

impl Seen {
    fn of(metadata: &Metadata, sha256: &str) -> Self {
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

    /// Whether a file still looks as it did when it had this checksum.
    pub(super) fn vouches_for(&self, metadata: &Metadata, sha256: &str) -> bool {
        *self == Self::of(metadata, sha256)
    }
}

/// The stamp of a folder; empty where there is none to be read.
pub(super) fn read(folder: &Path) -> Stamp {
    fs::read(folder.join(NAME))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Stamps files whose checksums have just been found right.
pub(super) fn write(folder: &Path, files: &[BundleFile]) -> Result<(), ProvisionError> {
    let path = folder.join(NAME);
    let write = || -> io::Result<()> {
        let mut stamp = Stamp::new();
        for file in files {
            let metadata = fs::metadata(folder.join(&file.path))?;
            stamp.insert(file.path.clone(), Seen::of(&metadata, &file.sha256));
        }
        fs::write(&path, serde_json::to_vec_pretty(&stamp)?)
    };

    write().map_err(|source| ProvisionError::CacheNotWritable {
        path: path.clone(),
        source,
    })
}

/// The sha256 of a file, in hex.
pub(super) fn hash_file(path: &Path) -> Result<String, ProvisionError> {
    let hash = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut sha = Sha256::new();

        let mut block = vec![0; BLOCK];
        loop {
            match file.read(&mut block)? {
                0 => return Ok(hex::encode(sha.finalize())),
                n => sha.update(&block[..n]),
            }
        }
    };

    hash().map_err(|source| ProvisionError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// One checksum over the names and checksums of several files, whatever their order.
pub(super) fn hash_of_hashes<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let sorted: BTreeMap<&str, &str> = files.collect();
    let mut sha = Sha256::new();
    for (name, sum) in sorted {
        sha.update(format!("{name} {sum}\n"));
    }

    hex::encode(sha.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_file(folder: &Path) -> Vec<BundleFile> {
        fs::write(folder.join("a"), "abc").unwrap();
        let sha256 = hash_file(&folder.join("a")).unwrap();
        vec![BundleFile {
            member: "x/a".into(),
            path: "a".into(),
            sha256,
        }]
    }

    #[test]
    fn a_file_is_hashed_as_others_hash_it() {
        let folder = tempfile::tempdir().unwrap();
        let files = one_file(folder.path());
        assert_eq!(
            files[0].sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_stamp_vouches_until_size_time_or_checksum_change() {
        let folder = tempfile::tempdir().unwrap();
        let files = one_file(folder.path());
        write(folder.path(), &files).unwrap();
        let stamp = read(folder.path());
        let path = folder.path().join("a");
        let metadata = fs::metadata(&path).unwrap();
        assert!(stamp["a"].vouches_for(&metadata, &files[0].sha256));
        assert!(!stamp["a"].vouches_for(&metadata, "another"));

        fs::write(&path, "abcd").unwrap();
        assert!(!stamp["a"].vouches_for(&fs::metadata(&path).unwrap(), &files[0].sha256));

        fs::write(&path, "abc").unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(UNIX_EPOCH)
            .unwrap();

        assert!(!stamp["a"].vouches_for(&fs::metadata(&path).unwrap(), &files[0].sha256));
    }

    #[test]
    fn a_broken_stamp_is_no_stamp() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "{").unwrap();
        assert!(read(folder.path()).is_empty());
    }

    #[test]
    fn the_hash_of_hashes_ignores_order_and_sees_names() {
        let forth = hash_of_hashes([("a", "1"), ("b", "2")].into_iter());
        assert_eq!(forth, hash_of_hashes([("b", "2"), ("a", "1")].into_iter()));
        assert_ne!(forth, hash_of_hashes([("a", "2"), ("b", "1")].into_iter()));
    }
}
