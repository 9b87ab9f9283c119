//! The keys file: who holds each key, what it grants, and its hash. The key itself is shown once,
//! when it is created, and never stored.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mcdewey_core::{ContentHash, Visibility};
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Role};
use crate::lock::{LockError, lock};
use crate::private_file;

/// The prefix of every key, by which scanners for leaked secrets recognise it.
const PREFIX: &str = "mcd_";
/// Names that logs and the audit log use for other callers.
const RESERVED_NAMES: [&str; 4] = ["anonymous", "nobody", "owner", "shared key"];

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    #[serde(default)]
    key: Vec<KeyEntry>,
}

/// A key, as the file stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// Identifies the key in the file; also part of the key itself.
    pub id: String,
    /// Who holds it.
    pub name: String,
    /// BLAKE3 of the key. A key has 256 random bits, so a fast hash is as safe as a slow one.
    hash: String,
    /// `read` or `admin`.
    pub role: Role,
    /// Vendors whose documents it grants access to; without any vendor or product it grants access
    /// to all documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendors: Vec<String>,
    /// Products whose documents it grants access to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Overrides the server's rate limit for this key.
    pub requests_per_minute: Option<NonZeroU32>,
    /// When it was created.
    pub created: Timestamp,
    /// From when on it is no longer valid, if it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// The properties of a key to create.
#[derive(Debug, Default)]
pub struct NewKey {
    /// Who will hold it; no other key of the file has this name.
    pub name: String,
    /// What it permits.
    pub role: Role,
    /// Vendors whose documents it grants access to; without any vendor or product it grants access
    /// to all documents.
    pub vendors: Vec<String>,
    /// Products whose documents it grants access to.
    pub products: Vec<String>,
    /// Overrides the server's rate limit for this key.
    pub requests_per_minute: Option<NonZeroU32>,
    /// From when on it is no longer valid, if it expires.
    pub expires: Option<Timestamp>,
}

/// Why keys cannot be read, created or revoked.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The keys file cannot be read.
    #[error("the key file {path} cannot be read", path = path.display())]
    Read {
        /// The keys file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The keys file is not valid TOML, or does not describe keys.
    #[error("the key file {path} is not valid", path = path.display())]
    Parse {
        /// The keys file.
        path: PathBuf,
        /// The reason.
        source: Box<toml::de::Error>,
    },
    /// The keys file was edited so that keys cannot be told apart.
    #[error("two keys in {path} have the same id", path = path.display())]
    DuplicateIds {
        /// The keys file.
        path: PathBuf,
    },
    /// The name of a new key is empty or would break log lines.
    #[error("a key needs a name without line breaks or control characters")]
    InvalidName,
    /// The name of a new key is one that logs use for other callers.
    #[error("the logs use {0:?} for other callers; choose another name")]
    ReservedName(String),
    /// The name of a new key is that of an existing one.
    #[error("a key named {0} already exists; revoke it first, or choose another name")]
    NameTaken(String),
    /// A new admin key has vendors or products.
    #[error(
        "an admin key grants access to the whole library; omit vendors and products, or use the \
         role read"
    )]
    LimitedAdmin,
    /// No key has this id or name.
    #[error(
        "there is no key {key:?} in {path}; known: {known}",
        path = path.display(),
        known = known.join(", ")
    )]
    UnknownKey {
        /// The id or name.
        key: String,
        /// The keys file.
        path: PathBuf,
        /// The names of all keys in the file.
        known: Vec<String>,
    },
    /// The keys file cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The keys file cannot be written.
    #[error("the key file {path} cannot be written", path = path.display())]
    Write {
        /// The keys file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The keys cannot be expressed as TOML.
    #[error(transparent)]
    Serialize(#[from] toml::ser::Error),
    /// The system provides no random numbers.
    #[error("the system's random number generator failed: {0}")]
    Random(getrandom::Error),
}

impl KeyEntry {
    /// The caller this key stands for.
    pub(crate) fn caller(&self) -> Caller {
        let visibility = match self.vendors.is_empty() && self.products.is_empty() {
            true => Visibility::Everything,
            false => Visibility::Only {
                vendors: self.vendors.clone(),
                products: self.products.clone(),
            },
        };

        Caller {
            requests_per_minute: self.requests_per_minute,
            ..Caller::new(&self.name, self.role, visibility)
        }
    }

    /// Reports whether the key has not expired.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// Compares hashes. This need not take constant time: how many bytes of two hashes agree
    /// reveals nothing about the key.
    pub(crate) fn matches_hash(&self, hash: &str) -> bool {
        self.hash == hash
    }
}

/// Hashes a key in the format of the file.
pub(crate) fn hash_key(secret: &str) -> String {
    format!("blake3:{}", ContentHash::of(secret))
}

/// Reads all keys of a file. A missing file contains none.
pub fn read(path: &Path) -> Result<Vec<KeyEntry>, KeysError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(KeysError::Read {
                path: path.to_owned(),
                source,
            });
        }
    };

    let file: KeysFile = toml::from_str(&text).map_err(|error| KeysError::Parse {
        path: path.to_owned(),
        source: Box::new(error),
    })?;
    let ids: BTreeSet<&str> = file.key.iter().map(|entry| entry.id.as_str()).collect();
    if ids.len() != file.key.len() {
        return Err(KeysError::DuplicateIds {
            path: path.to_owned(),
        });
    }

    Ok(file.key)
}

/// Creates a key and returns its entry and the key itself.
pub fn create(path: &Path, new: NewKey) -> Result<(KeyEntry, String), KeysError> {
    check(&new)?;
    let NewKey {
        name,
        role,
        vendors,
        products,
        requests_per_minute,
        expires,
    } = new;

    let _lock = lock(path)?;
    let mut keys = read(path)?;
    if keys.iter().any(|entry| entry.name == name) {
        return Err(KeysError::NameTaken(name));
    }

    let (id, body) = (random_hex::<4>()?, random_hex::<32>()?);
    let secret = format!("{PREFIX}{id}_{body}");
    let entry = KeyEntry {
        id,
        name,
        hash: hash_key(&secret),
        role,
        vendors,
        products,
        requests_per_minute,
        created: now(),
        expires,
    };

    keys.push(entry.clone());
    write(path, keys)?;
    Ok((entry, secret))
}

/// Checks what can be checked without reading the file.
fn check(new: &NewKey) -> Result<(), KeysError> {
    let name = &new.name;
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(KeysError::InvalidName);
    }

    let is_limited = !new.vendors.is_empty() || !new.products.is_empty();
    if new.role == Role::Admin && is_limited {
        return Err(KeysError::LimitedAdmin);
    }

    if RESERVED_NAMES.contains(&name.as_str()) || name.starts_with("token ") {
        return Err(KeysError::ReservedName(name.clone()));
    }

    Ok(())
}

/// Removes a key, given its id or name, and returns its entry.
pub fn revoke(path: &Path, id_or_name: &str) -> Result<KeyEntry, KeysError> {
    // Checked before locking, so that no lock file is created if there is no such key.
    position(path, &read(path)?, id_or_name)?;

    let _lock = lock(path)?;
    let mut keys = read(path)?;
    let entry = keys.remove(position(path, &keys, id_or_name)?);
    write(path, keys)?;

    Ok(entry)
}

fn position(path: &Path, keys: &[KeyEntry], id_or_name: &str) -> Result<usize, KeysError> {
    keys.iter()
        .position(|entry| entry.id == id_or_name || entry.name == id_or_name)
        .ok_or_else(|| KeysError::UnknownKey {
            key: id_or_name.to_owned(),
            path: path.to_owned(),
            known: keys.iter().map(|entry| entry.name.clone()).collect(),
        })
}

/// The current time, truncated to seconds.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Writes the file, even without keys: an empty file shows that keys were required.
fn write(path: &Path, key: Vec<KeyEntry>) -> Result<(), KeysError> {
    let text = format!(
        "# Keys of `mcdewey keys`; hashes only.\n\n{}",
        toml::to_string(&KeysFile { key })?
    );
    private_file::write(path, text.as_bytes()).map_err(|source| KeysError::Write {
        path: path.to_owned(),
        source,
    })
}

fn random_hex<const N: usize>() -> Result<String, KeysError> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(KeysError::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
