//! The keys file: who holds each key, what it grants, and its hash. The key itself is shown once,
//! when it is created, and never stored.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use mcdewey_core::{ContentHash, Visibility};
use mcdewey_query::{Caller, Role};
use serde::{Deserialize, Serialize};

use super::lock::lock;
use super::private_file;

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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyEntry {
    /// Identifies the key in the file; also part of the key itself.
    pub(crate) id: String,
    /// Who holds it.
    pub(crate) name: String,
    /// BLAKE3 of the key. A key has 256 random bits, so a fast hash is as safe as a slow one.
    hash: String,
    /// `read` or `admin`.
    pub(crate) role: KeyRole,
    /// Vendors whose documents it grants access to; without any vendor or product it grants access
    /// to all documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) vendors: Vec<String>,
    /// Products whose documents it grants access to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) products: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    pub(crate) created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyRole {
    /// May search and read.
    #[default]
    Read,
    /// May also change the library.
    Admin,
}

/// The properties of a key to create.
#[derive(Debug, Default)]
pub(crate) struct NewKey {
    pub(crate) name: String,
    pub(crate) role: KeyRole,
    pub(crate) vendors: Vec<String>,
    pub(crate) products: Vec<String>,
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    pub(crate) expires: Option<Timestamp>,
}

impl KeyEntry {
    /// The caller this key stands for.
    pub(super) fn caller(&self) -> Caller {
        let role = match self.role {
            KeyRole::Read => Role::Read,
            KeyRole::Admin => Role::Admin,
        };

        let visibility = match self.vendors.is_empty() && self.products.is_empty() {
            true => Visibility::Everything,
            false => Visibility::Only {
                vendors: self.vendors.clone(),
                products: self.products.clone(),
            },
        };

        Caller {
            requests_per_minute: self.requests_per_minute,
            ..Caller::new(&self.name, role, visibility)
        }
    }

    /// Reports whether the key has not expired.
    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// Compares hashes. This need not take constant time: how many bytes of two hashes agree
    /// reveals nothing about the key.
    pub(super) fn matches_hash(&self, hash: &str) -> bool {
        self.hash == hash
    }
}

/// Hashes a key in the format of the file.
pub(super) fn hash_key(secret: &str) -> String {
    format!("blake3:{}", ContentHash::of(secret))
}

/// Reads all keys of a file. A missing file contains none.
pub(crate) fn read(path: &Path) -> Result<Vec<KeyEntry>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error)
                .with_context(|| format!("the key file {} cannot be read", path.display()));
        }
    };

    let file: KeysFile = toml::from_str(&text)
        .with_context(|| format!("the key file {} is not valid", path.display()))?;
    let ids: BTreeSet<&str> = file.key.iter().map(|entry| entry.id.as_str()).collect();
    ensure!(
        ids.len() == file.key.len(),
        "two keys in {} have the same id",
        path.display()
    );

    Ok(file.key)
}

/// Creates a key and returns its entry and the key itself.
pub(crate) fn create(path: &Path, new: NewKey) -> Result<(KeyEntry, String)> {
    let NewKey {
        name,
        role,
        vendors,
        products,
        requests_per_minute,
        expires,
    } = new;

    ensure!(
        !name.trim().is_empty() && !name.chars().any(char::is_control),
        "a key needs a name without line breaks or control characters"
    );
    ensure!(
        role == KeyRole::Read || (vendors.is_empty() && products.is_empty()),
        "an admin key grants access to the whole library; omit vendors and products, or use the \
         role read"
    );
    ensure!(
        !RESERVED_NAMES.contains(&name.as_str()) && !name.starts_with("token "),
        "the logs use {name:?} for other callers; choose another name"
    );
    let _lock = lock(path)?;

    let mut keys = read(path)?;
    if keys.iter().any(|entry| entry.name == name) {
        bail!("a key named {name} already exists; revoke it first, or choose another name");
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

/// Removes a key, given its id or name, and returns its entry.
pub(crate) fn revoke(path: &Path, id_or_name: &str) -> Result<KeyEntry> {
    // Checked before locking, so that no lock file is created if there is no such key.
    position(path, &read(path)?, id_or_name)?;

    let _lock = lock(path)?;
    let mut keys = read(path)?;
    let entry = keys.remove(position(path, &keys, id_or_name)?);
    write(path, keys)?;

    Ok(entry)
}

fn position(path: &Path, keys: &[KeyEntry], id_or_name: &str) -> Result<usize> {
    keys.iter()
        .position(|entry| entry.id == id_or_name || entry.name == id_or_name)
        .with_context(|| {
            let known: Vec<&str> = keys.iter().map(|entry| entry.name.as_str()).collect();
            format!(
                "there is no key {id_or_name:?} in {}; known: {}",
                path.display(),
                known.join(", ")
            )
        })
}

/// The current time, truncated to seconds.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Writes the file, even without keys: an empty file shows that keys were required.
fn write(path: &Path, key: Vec<KeyEntry>) -> Result<()> {
    let text = format!(
        "# Keys of `mcdewey keys`; hashes only.\n\n{}",
        toml::to_string(&KeysFile { key })?
    );
    private_file::write(path, text.as_bytes())
        .with_context(|| format!("the key file {} cannot be written", path.display()))
}

fn random_hex<const N: usize>() -> Result<String> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system's random number generator failed: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
