//! The keys of a running server. The file is looked at twice a second: a revoked key is good for no longer than that.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use async_trait::async_trait;
use jiff::Timestamp;
use mcdewey_core::Visibility;
use mcdewey_query::{Caller, Credentials, IssuerUnavailable, Role};

use super::keys::{self, KeyEntry};
use super::oidc::Issuer;
use super::requirement::{Memory, Requirement, Standing};

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
    /// A key for everybody or an issuer, which the settings name.
    others: bool,
    requirement: Requirement,
    required: AtomicBool,
    watched: Mutex<Watched>,
}

/// What the next look is compared with.
struct Watched {
    stamp: Stamp,
    memory: Memory,
    /// Whether the record could not be written when it was tried last.
    unrecorded: bool,
}

impl KeyRing {
    /// Reads the file of keys, and goes on reading it whenever it changes.
    pub(super) fn open(
        path: PathBuf,
        shared: Option<String>,
        issuer: Option<Issuer>,
        requirement: Requirement,
    ) -> Result<Self> {
        let watched = Watched { stamp: stamp(&path), memory: Memory::default(), unrecorded: false };
        let known = Known {
            keys: RwLock::new(keys::read(&path)?),
            path,
            others: shared.is_some() || issuer.is_some(),
            requirement,
            required: AtomicBool::new(true),
            watched: Mutex::new(watched),
        };
        let known = Arc::new(known);
        if known.settle() == Standing::Required {
            known.requirement.record_required()?;
        }
        let watched = Arc::downgrade(&known);
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || watch(&watched))?;
        Ok(Self { known, shared: shared.map(|key| keys::hash(&key)), issuer })
    }

    /// Whether keys were ever asked for, and whether that was taken back.
    pub(super) fn standing(&self) -> Standing {
        self.known.settle()
    }

    /// Whether anybody can come in with something now.
    pub(super) fn opens_for_anybody(&self) -> bool {
        let now = Timestamp::now();
        self.known.others || self.known.keys().iter().any(|entry| entry.is_good(now))
    }

    fn by_key(&self, secret: &str) -> Option<Caller> {
        let hash = keys::hash(secret);
        if self.shared.as_deref() == Some(hash.as_str()) {
            return Some(Caller::new("shared key", Role::Read, Visibility::Everything));
        }
        let keys = self.known.keys();
        let entry = keys.iter().find(|entry| entry.is(&hash))?;
        entry.is_good(Timestamp::now()).then(|| entry.caller())
    }
}

#[async_trait]
impl Credentials for KeyRing {
    async fn caller(&self, secret: &str) -> Result<Option<Caller>, IssuerUnavailable> {
        match (self.by_key(secret), &self.issuer) {
            (None, Some(issuer)) => issuer.verify(secret).await,
            (caller, _) => Ok(caller),
        }
    }

    fn required(&self) -> bool {
        self.known.required.load(Ordering::Acquire)
    }
}

impl Known {
    fn keys(&self) -> std::sync::RwLockReadGuard<'_, Vec<KeyEntry>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what changed: keys, and whether they are required.
    fn look(&self) {
        self.reread();
        let was = self.required.load(Ordering::Acquire);
        let standing = self.settle();
        match (was, standing) {
            (true, Standing::Opened(_)) => tracing::warn!("{}", opened()),
            (false, Standing::Required) => tracing::info!("a key is required from now on"),
            _ => {}
        }
        if standing == Standing::Required {
            self.record();
        }
    }

    /// A file that cannot be read leaves the keys as they were, and says so.
    fn reread(&self) {
        let now = stamp(&self.path);
        {
            let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            if watched.stamp == now {
                return;
            }
            watched.stamp = now;
        }
        match keys::read(&self.path) {
            Ok(keys) => {
                match keys.is_empty() {
                    true => tracing::warn!("no keys are left in {}; they stay required", self.path.display()),
                    false => tracing::info!(keys = keys.len(), "the keys were read again"),
                }
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
            }
            Err(error) => tracing::error!("the keys stay as they were: {error:#}"),
        }
    }

    /// Finds out whether keys are required.
    fn settle(&self) -> Standing {
        let any = self.others || !self.keys().is_empty();
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = self.requirement.standing(any, &mut watched.memory);
        self.required.store(standing == Standing::Required, Ordering::Release);
        standing
    }

    /// Keeps the record, also when somebody takes it away.
    fn record(&self) {
        let outcome = self.requirement.record_required();
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Err(error) if !watched.unrecorded => {
                tracing::error!("this process goes on requiring keys, but a later one may not know of it: {error:#}");
                watched.unrecorded = true;
            }
            Err(_) => {}
            Ok(()) => watched.unrecorded = false,
        }
    }
}

/// What the log says of a server that was opened again.
pub(super) fn opened() -> &'static str {
    "`mcdewey keys open` was run: no key is required any more, and whoever reaches this server, through a proxy too, may \
     read the whole library; `mcdewey keys create` requires keys again"
}

/// What changes when a file is written.
type Stamp = Option<(SystemTime, u64)>;

fn stamp(path: &std::path::Path) -> Stamp {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// Takes changes over as long as anybody holds the keys.
fn watch(known: &Weak<Known>) {
    loop {
        std::thread::sleep(LOOK);
        let Some(known) = known.upgrade() else { return };
        known.look();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::access::keys::NewKey;
    use crate::access::settings::{AccessSettings, AccessTable};
    use crate::cli::SettingFlags;

    /// A ring over the keys of a data directory, as a server opens it.
    fn ring(data: &Path, shared: Option<&str>) -> KeyRing {
        let settings = AccessSettings::resolve(&SettingFlags::default(), AccessTable::default(), data).unwrap();
        let requirement = Requirement::of(&settings);
        KeyRing::open(settings.keys_file, shared.map(str::to_owned), None, requirement).unwrap()
    }

    fn create(path: &Path) -> String {
        keys::create(path, NewKey { name: "portal".to_owned(), ..NewKey::default() }).unwrap().1
    }

    #[tokio::test]
    async fn keys_come_and_go_while_the_server_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let ring = ring(folder.path(), None);
        assert!(!ring.required());
        let secret = create(&path);
        ring.known.look();
        assert!(ring.caller(&secret).await.unwrap().is_some() && ring.required());
        assert_eq!(ring.caller("mcd_wrong").await.unwrap(), None);
        keys::revoke(&path, "portal").unwrap();
        ring.known.look();
        assert_eq!(ring.caller(&secret).await.unwrap(), None);
        assert!(ring.required() && !ring.opens_for_anybody());
    }

    #[tokio::test]
    async fn a_file_that_breaks_locks_nobody_out_or_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let secret = create(&path);
        let ring = ring(folder.path(), None);
        std::fs::write(&path, "key = 7").unwrap();
        ring.known.look();
        assert_eq!(
            ring.caller(&secret).await.unwrap().map(|caller| caller.name.to_string()),
            Some("portal".to_owned())
        );
    }

    #[tokio::test]
    async fn one_key_may_be_everybodys() {
        let folder = tempfile::tempdir().unwrap();
        let with = ring(folder.path(), Some("let me in"));
        assert_eq!(with.caller("let me in").await.unwrap().map(|caller| caller.role), Some(Role::Read));
        assert_eq!(with.caller("let me").await.unwrap(), None);
        drop(with);
        assert!(ring(folder.path(), None).required(), "a setting that is gone opens nothing");
    }

    /// Takes the keys out of a file, in one way or another.
    type Loss = fn(&Path);

    /// What may happen to the keys of a running server, short of opening it on purpose.
    const LOSSES: [(&str, Loss); 5] = [
        ("emptied", |path| std::fs::write(path, "").unwrap()),
        ("without keys", |path| std::fs::write(path, "# none\n").unwrap()),
        ("deleted", |path| std::fs::remove_file(path).unwrap()),
        ("moved", |path| std::fs::rename(path, path.with_extension("old")).unwrap()),
        ("revoked", |path| drop(keys::revoke(path, "portal").unwrap())),
    ];

    #[test]
    fn keys_stay_required_when_they_are_lost_and_after_a_restart() {
        for (what, lose) in LOSSES {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("keys.toml");
            create(&path);
            let running = ring(folder.path(), None);
            lose(&path);
            running.known.look();
            assert!(running.required(), "{what}");
            std::fs::remove_file(folder.path().join("access-state.toml")).unwrap();
            running.known.look();
            assert!(running.required(), "{what}, and the record taken away");
            drop(running);
            let _ = std::fs::remove_file(&path);
            let again = ring(folder.path(), None);
            assert!(again.required(), "{what}, and started again");
            std::fs::remove_file(folder.path().join("access-state.toml")).unwrap();
            again.known.look();
            assert!(again.required(), "{what}, started again, and the record taken away");
        }
    }

    #[test]
    fn keys_lost_while_no_server_ran_stay_required() {
        for (what, lose) in LOSSES {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("keys.toml");
            create(&path);
            drop(ring(folder.path(), None));
            lose(&path);
            assert!(ring(folder.path(), None).required(), "{what}");
        }
    }

    #[test]
    fn a_running_server_is_opened_on_purpose_only_and_closes_with_the_next_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        create(&path);
        let ring = ring(folder.path(), None);
        keys::revoke(&path, "portal").unwrap();
        ring.known.look();
        ring.known.requirement.record_opened().unwrap();
        ring.known.look();
        assert!(!ring.required());
        create(&path);
        ring.known.look();
        assert!(ring.required());
        std::fs::remove_file(&path).unwrap();
        ring.known.look();
        assert!(ring.required(), "opening was for the time before");
    }

    #[test]
    fn keys_that_have_all_expired_open_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let expires = Some(Timestamp::from_second(1_000).unwrap());
        let new = NewKey { name: "old".to_owned(), expires, ..NewKey::default() };
        keys::create(&folder.path().join("keys.toml"), new).unwrap();
        let ring = ring(folder.path(), None);
        assert!(ring.required() && !ring.opens_for_anybody());
    }
}
