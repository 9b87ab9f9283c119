//! The keys of a running server. The file is looked at twice a second: a revoked key is good for no longer than that.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use async_trait::async_trait;
use jiff::Timestamp;
use mcdewey_core::Visibility;
use mcdewey_query::{Caller, Credentials, Role};

use super::keys::{self, KeyEntry};
use super::oidc::Issuer;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Keys and issuers.
pub(super) struct KeyRing {
    known: Arc<Known>,
    /// The hash of the one key for everybody.
    shared: Option<String>,
    issuer: Option<Issuer>,
}

struct Known {
    path: PathBuf,
    keys: RwLock<Vec<KeyEntry>>,
}

impl KeyRing {
    /// Reads the file of keys, and goes on reading it whenever it changes.
    pub(super) fn open(path: PathBuf, shared: Option<String>, issuer: Option<Issuer>) -> Result<Self> {
        let stamp = stamp(&path);
        let keys = RwLock::new(keys::read(&path)?);
        let known = Arc::new(Known { path, keys });
        let watched = Arc::downgrade(&known);
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || watch(&watched, stamp))?;
        Ok(Self { known, shared: shared.map(|key| keys::hash(&key)), issuer })
    }

    /// Whether anybody can come in with something.
    pub(super) fn has_any(&self) -> bool {
        let keys = self.known.keys.read().unwrap_or_else(PoisonError::into_inner);
        self.shared.is_some() || self.issuer.is_some() || !keys.is_empty()
    }

    fn by_key(&self, secret: &str) -> Option<Caller> {
        let hash = keys::hash(secret);
        if self.shared.as_deref() == Some(hash.as_str()) {
            return Some(Caller::new("shared key", Role::Read, Visibility::Everything));
        }
        let keys = self.known.keys.read().unwrap_or_else(PoisonError::into_inner);
        let entry = keys.iter().find(|entry| entry.is(&hash))?;
        entry.is_good(Timestamp::now()).then(|| entry.caller())
    }
}

#[async_trait]
impl Credentials for KeyRing {
    async fn caller(&self, secret: &str) -> Option<Caller> {
        if let Some(caller) = self.by_key(secret) {
            return Some(caller);
        }
        self.issuer.as_ref()?.caller(secret).await
    }

    fn exist(&self) -> bool {
        self.has_any()
    }
}

/// What changes when a file is written.
type Stamp = Option<(SystemTime, u64)>;

fn stamp(path: &std::path::Path) -> Stamp {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// Takes changes over as long as anybody holds the keys. A file that cannot be read leaves the keys as they were, and
/// says so.
fn watch(known: &Weak<Known>, mut seen: Stamp) {
    loop {
        std::thread::sleep(LOOK);
        let Some(known) = known.upgrade() else { return };
        let now = stamp(&known.path);
        if now == seen {
            continue;
        }
        seen = now;
        match keys::read(&known.path) {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "the keys were read again");
                *known.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
            }
            Err(error) => tracing::error!("the keys stay as they were: {error:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::keys::NewKey;

    async fn until(mut holds: impl AsyncFnMut() -> bool) {
        for _ in 0..100 {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it did not come to hold within ten seconds");
    }

    #[tokio::test]
    async fn keys_come_and_go_while_the_server_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let ring = KeyRing::open(path.clone(), None, None).unwrap();
        assert!(!ring.exist());
        let (_, secret) = keys::create(&path, NewKey { name: "portal".to_owned(), ..NewKey::default() }).unwrap();
        until(async || ring.caller(&secret).await.is_some()).await;
        assert!(ring.exist());
        assert_eq!(ring.caller("mcd_wrong").await, None);
        keys::revoke(&path, "portal").unwrap();
        until(async || ring.caller(&secret).await.is_none()).await;
    }

    #[tokio::test]
    async fn a_file_that_breaks_locks_nobody_out_or_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let (_, secret) = keys::create(&path, NewKey { name: "portal".to_owned(), ..NewKey::default() }).unwrap();
        let ring = KeyRing::open(path.clone(), None, None).unwrap();
        std::fs::write(&path, "key = 7").unwrap();
        tokio::time::sleep(LOOK * 3).await;
        assert_eq!(ring.caller(&secret).await.map(|caller| caller.name.to_string()), Some("portal".to_owned()));
    }

    #[tokio::test]
    async fn one_key_may_be_everybodys() {
        let ring = KeyRing::open(PathBuf::from("no-such-file"), Some("let me in".to_owned()), None).unwrap();
        assert_eq!(ring.caller("let me in").await.map(|caller| caller.role), Some(Role::Read));
        assert_eq!(ring.caller("let me").await, None);
    }
}
