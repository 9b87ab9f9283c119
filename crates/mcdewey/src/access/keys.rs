//! The file of keys: who has one, what it opens, and a hash of it; the key itself is told once and kept nowhere.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use mcdewey_core::{ContentHash, Visibility};
use mcdewey_query::{Caller, Role};
use serde::{Deserialize, Serialize};

use super::lock::lock;
use super::requirement::write_private;

/// What every key begins with, so that scanners for leaked secrets can know it.
const PREFIX: &str = "mcd_";
/// Names that stand for others in logs and in the audit log.
const RESERVED: [&str; 4] = ["anonymous", "nobody", "owner", "shared key"];

/// The file as written.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    #[serde(default)]
    key: Vec<KeyEntry>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyEntry {
    /// Names it among others; it stands in the key, too.
    pub(crate) id: String,
    /// Who has it.
    pub(crate) name: String,
    /// BLAKE3 of the key. A key is 256 random bits, so that a fast hash is as good as a slow one.
    hash: String,
    /// `read` or `admin`.
    pub(crate) role: KeyRole,
    /// Vendors whose documents it shows; with no vendor and no product it shows all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) vendors: Vec<String>,
    /// Products whose documents it shows.
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
    /// Ask and read.
    #[default]
    Read,
    /// Change the library, too.
    Admin,
}

/// What a new key is to be.
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
    /// Whoever sends it.
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

    /// Whether it opens anything at this time.
    pub(crate) fn is_good(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// Whether this is the key. Both are hashes, which tell nothing of a key by how far they agree.
    pub(super) fn is(&self, hash: &str) -> bool {
        self.hash == hash
    }
}

/// The hash of a key as the file has it.
pub(super) fn hash(secret: &str) -> String {
    format!("blake3:{}", ContentHash::of(secret))
}

/// All keys of a file; there are none where there is no file.
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
        "two keys in {} have one id",
        path.display()
    );

    Ok(file.key)
}

/// Makes a key; gives its entry and the key itself.
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
        "a key needs a name in one line"
    );
    ensure!(
        role == KeyRole::Read || (vendors.is_empty() && products.is_empty()),
        "an admin key opens the whole library; leave out vendors and products, or make a key that reads"
    );
    ensure!(
        !RESERVED.contains(&name.as_str()) && !name.starts_with("token "),
        "{name:?} stands for somebody else in the logs; choose another name"
    );
    let _lock = lock(path)?;

    let mut keys = read(path)?;
    if keys.iter().any(|entry| entry.name == name) {
        bail!("there is a key named {name} already; revoke it first, or choose another name");
    }

    let (id, body) = (random::<4>()?, random::<32>()?);
    let secret = format!("{PREFIX}{id}_{body}");
    let entry = KeyEntry {
        id,
        name,
        hash: hash(&secret),
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

/// Takes a key out, by its id or name.
pub(crate) fn revoke(path: &Path, which: &str) -> Result<KeyEntry> {
    // Where there is no such key, no lock file is made.
    place(path, &read(path)?, which)?;
    let _lock = lock(path)?;
    let mut keys = read(path)?;
    let entry = keys.remove(place(path, &keys, which)?);
    write(path, keys)?;

    Ok(entry)
}

fn place(path: &Path, keys: &[KeyEntry], which: &str) -> Result<usize> {
    keys.iter()
        .position(|entry| entry.id == which || entry.name == which)
        .with_context(|| {
            let known: Vec<&str> = keys.iter().map(|entry| entry.name.as_str()).collect();
            format!(
                "there is no key {which:?} in {}; known: {}",
                path.display(),
                known.join(", ")
            )
        })
}

/// This second.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Without any key the file stays: it tells that keys were asked for.
fn write(path: &Path, key: Vec<KeyEntry>) -> Result<()> {
    let text = format!(
        "# Keys of `mcdewey keys`; hashes only.\n\n{}",
        toml::to_string(&KeysFile { key })?
    );
    write_private(path, text.as_bytes())
        .with_context(|| format!("the key file {} cannot be written", path.display()))
}

fn random<const N: usize>() -> Result<String> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str) -> NewKey {
        NewKey {
            name: name.to_owned(),
            ..NewKey::default()
        }
    }

    #[test]
    fn a_key_is_told_once_and_kept_as_a_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/keys.toml");
        let (entry, secret) = create(
            &path,
            NewKey {
                products: vec!["finesse".to_owned()],
                ..new("portal")
            },
        )
        .unwrap();

        assert!(
            secret.starts_with(&format!("mcd_{}_", entry.id)) && secret.len() == 4 + 8 + 1 + 64,
            "{secret}"
        );
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(
            !written.contains(&secret) && !written.contains(&secret[13..]),
            "{written}"
        );
        assert_eq!(read(&path).unwrap(), std::slice::from_ref(&entry));
        assert!(entry.is(&hash(&secret)) && !entry.is(&hash("other")));

        let only = Visibility::Only {
            vendors: Vec::new(),
            products: vec!["finesse".to_owned()],
        };
        assert_eq!(entry.caller().visibility, only);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o077,
                0
            );
        }
    }

    #[test]
    fn a_revoked_key_is_gone_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let (first, _) = create(&path, new("a")).unwrap();
        create(&path, new("b")).unwrap();
        assert_eq!(revoke(&path, &first.id).unwrap(), first);
        assert_eq!(read(&path).unwrap().len(), 1);
        assert!(
            revoke(&path, "a")
                .unwrap_err()
                .to_string()
                .contains("known: b")
        );
        assert!(
            create(&path, new("b"))
                .unwrap_err()
                .to_string()
                .contains("already")
        );

        revoke(&path, "b").unwrap();
        assert_eq!(read(&path).unwrap(), []);
        assert!(path.exists(), "that there were keys can still be seen");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let admin = NewKey {
            role: KeyRole::Admin,
            products: vec!["x".to_owned()],
            ..new("a")
        };

        assert!(
            create(&path, admin)
                .unwrap_err()
                .to_string()
                .contains("admin")
        );
        assert!(create(&path, new(" ")).is_err() && create(&path, new("a\nb")).is_err());
        for name in ["anonymous", "owner", "nobody", "shared key", "token ann"] {
            assert!(
                create(&path, new(name))
                    .unwrap_err()
                    .to_string()
                    .contains("another name"),
                "{name}"
            );
        }

        assert!(!path.exists());
    }

    #[test]
    fn a_key_ends_when_it_was_to() {
        let folder = tempfile::tempdir().unwrap();
        let expires = Timestamp::from_second(1_000).unwrap();
        let path = folder.path().join("keys.toml");

        let (entry, _) = create(
            &path,
            NewKey {
                expires: Some(expires),
                ..new("a")
            },
        )
        .unwrap();

        assert!(entry.is_good(Timestamp::from_second(999).unwrap()) && !entry.is_good(expires));
    }

    #[test]
    fn changes_at_the_same_time_are_all_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        create(&path, new("first")).unwrap();

        std::thread::scope(|scope| {
            for number in 0..8 {
                let path = &path;
                scope.spawn(move || create(path, new(&format!("k{number}"))).unwrap());
            }
            scope.spawn(|| revoke(&path, "first").unwrap());
        });

        let mut names: Vec<String> = read(&path)
            .unwrap()
            .into_iter()
            .map(|entry| entry.name)
            .collect();

        names.sort();
        assert_eq!(
            names,
            (0..8)
                .map(|number| format!("k{number}"))
                .collect::<Vec<_>>()
        );
    }
}
