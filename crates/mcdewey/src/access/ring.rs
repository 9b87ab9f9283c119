//! The keys of a running server. The file is looked at twice a second: a revoked key is good for no longer than that.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant, SystemTime};

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
/// How long keys are used while their file cannot be read.
const GRACE: Duration = Duration::from_secs(60);

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
    file: Mutex<Reading>,
    watched: Mutex<Watched>,
}

/// How the file was read last.
#[derive(Debug, Default)]
struct Reading {
    /// The version that the keys are from; none where it must be read again in any case.
    version: Option<Version>,
    /// Since when it cannot be read.
    failing: Option<Instant>,
    /// Whether the keys from before are no longer used.
    given_up: bool,
}

/// What the next look is compared with.
#[derive(Debug, Default)]
struct Watched {
    memory: Memory,
    /// Whether the record could not be written when it was tried last.
    unrecorded: bool,
}

impl KeyRing {
    /// Reads the file of keys, and writes nothing: a process that may not start must not change what another one does.
    pub(super) fn open(
        path: PathBuf,
        shared: Option<String>,
        issuer: Option<Issuer>,
        requirement: Requirement,
    ) -> Result<Self> {
        let reading = Reading {
            version: version(&path).ok(),
            ..Reading::default()
        };

        let known = Known {
            keys: RwLock::new(keys::read(&path)?),
            path,
            others: shared.is_some() || issuer.is_some(),
            requirement,
            required: AtomicBool::new(true),
            file: Mutex::new(reading),
            watched: Mutex::default(),
        };

        known.standing();
        Ok(Self {
            known: Arc::new(known),
            shared: shared.map(|key| keys::hash(&key)),
            issuer,
        })
    }

    /// Follows the file from now on, and records that keys are required.
    pub(super) fn follow(&self) -> Result<()> {
        self.known.settle().1?;
        let watched = Arc::downgrade(&self.known);
        std::thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || watch(&watched))?;
        Ok(())
    }

    /// Whether keys were ever asked for, and whether that was taken back.
    pub(super) fn standing(&self) -> Standing {
        self.known.standing()
    }

    /// Whether anybody can come in with something now.
    pub(super) fn opens_for_anybody(&self) -> bool {
        let now = Timestamp::now();
        self.known.others || self.known.keys().iter().any(|entry| entry.is_good(now))
    }

    fn by_key(&self, secret: &str) -> Option<Caller> {
        let hash = keys::hash(secret);
        if self.shared.as_deref() == Some(hash.as_str()) {
            return Some(Caller::new(
                "shared key",
                Role::Read,
                Visibility::Everything,
            ));
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
        let was = self.required.load(Ordering::Acquire);
        let (standing, recorded) = self.settle();
        match (was, standing) {
            (true, Standing::Opened(_)) => tracing::warn!("{}", opened()),
            (false, Standing::Required) => tracing::info!("a key is required from now on"),
            _ => {}
        }

        self.report(recorded);
    }

    /// Reads the file if it has changed or could not be read before.
    fn reread(&self) {
        let now = version(&self.path).ok();
        let mut reading = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if now.is_some() && reading.version == now {
            return;
        }

        match keys::read(&self.path) {
            Ok(keys) => {
                *reading = Reading {
                    version: now,
                    ..Reading::default()
                };

                match keys.is_empty() {
                    true => tracing::warn!(
                        "no keys are left in {}; they stay required",
                        self.path.display()
                    ),
                    false => tracing::info!(keys = keys.len(), "the keys were read again"),
                }

                self.replace(keys);
            }
            Err(error) => self.unreadable(&mut reading, &error),
        }
    }

    /// A file that cannot be read may be one that revokes a key. So the keys from before are used for a moment only.
    fn unreadable(&self, reading: &mut Reading, error: &anyhow::Error) {
        reading.version = None;
        let since = *reading.failing.get_or_insert_with(|| {
            tracing::error!(
                "{error:#}; if it stays so for {} s, its keys are refused",
                GRACE.as_secs()
            );
            Instant::now()
        });

        if since.elapsed() >= GRACE && !reading.given_up {
            tracing::error!(
                "{error:#}; keys from this file are refused until it can be read again"
            );
            reading.given_up = true;
            self.replace(Vec::new());
        }
    }

    fn replace(&self, keys: Vec<KeyEntry>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Whether there is any way in, by the file as it is now.
    fn any(&self) -> bool {
        self.reread();
        self.others || !self.keys().is_empty()
    }

    /// Finds out whether keys are required.
    fn standing(&self) -> Standing {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = self.requirement.standing(self.any(), &mut watched.memory);
        self.required
            .store(standing == Standing::Required, Ordering::Release);
        standing
    }

    /// The same, and keeps the record, also when somebody takes it away.
    fn settle(&self) -> (Standing, Result<()>) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let (standing, recorded) = self.requirement.settle(|| self.any(), &mut watched.memory);
        self.required
            .store(standing == Standing::Required, Ordering::Release);
        (standing, recorded)
    }

    fn report(&self, recorded: Result<()>) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        match recorded {
            Err(error) if !watched.unrecorded => {
                tracing::error!(
                    "this process goes on requiring keys, but a later one may not know of it: {error:#}"
                );
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

/// What tells one version of a file from another, also where a copy keeps length and time of modification. None where
/// there is no file.
type Version = Option<(SystemTime, u64, [i128; 4])>;

fn version(path: &Path) -> std::io::Result<Version> {
    let meta = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        meta => meta?,
    };

    #[cfg(unix)]
    let inode = {
        use std::os::unix::fs::MetadataExt;
        [
            meta.dev().into(),
            meta.ino().into(),
            meta.ctime().into(),
            meta.ctime_nsec().into(),
        ]
    };

    #[cfg(not(unix))]
    let inode = [0; 4];
    Ok(Some((meta.modified()?, meta.len(), inode)))
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
    use super::*;
    use crate::access::keys::NewKey;
    use crate::access::settings::{AccessSettings, AccessTable};
    use crate::cli::SettingFlags;

    /// A ring over the keys of a data directory, as a server opens it.
    fn ring(data: &Path, shared: Option<&str>) -> KeyRing {
        let settings =
            AccessSettings::resolve(&SettingFlags::default(), AccessTable::default(), data)
                .unwrap();
        let requirement = Requirement::of(&settings);
        let ring = KeyRing::open(
            settings.keys_file,
            shared.map(str::to_owned),
            None,
            requirement,
        )
        .unwrap();

        ring.follow().unwrap();
        ring
    }

    fn create(path: &Path) -> String {
        keys::create(
            path,
            NewKey {
                name: "portal".to_owned(),
                ..NewKey::default()
            },
        )
        .unwrap()
        .1
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
    async fn a_file_that_cannot_be_read_keeps_its_keys_for_a_minute_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let secret = create(&path);
        let ring = ring(folder.path(), None);
        let good = async || ring.caller(&secret).await.unwrap().is_some();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, "key = 7").unwrap();
        ring.known.look();
        assert!(good().await && ring.required(), "an editor may be at work");

        let age = |by: Duration| {
            let mut reading = ring.known.file.lock().unwrap();
            reading.failing = reading.failing.map(|since| since.checked_sub(by).unwrap());
        };
        age(GRACE / 2);
        ring.known.look();
        assert!(good().await);
        age(GRACE / 2);
        ring.known.look();

        assert!(
            !good().await && ring.required(),
            "a key of it may be revoked"
        );
        std::fs::write(&path, text).unwrap();
        ring.known.look();
        assert!(good().await, "it can be read again");
    }

    #[tokio::test]
    async fn a_file_that_could_not_be_read_at_first_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let secret = create(&path);
        let ring = ring(folder.path(), None);

        // Nobody may read it, not even the administrator: there is a folder in its place.
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        ring.known.look();
        assert!(ring.known.file.lock().unwrap().failing.is_some());
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        ring.known.look();
        assert_eq!(ring.caller(&secret).await.unwrap(), None);
        assert!(ring.known.file.lock().unwrap().failing.is_none());
    }

    #[tokio::test]
    async fn a_file_with_the_same_length_and_time_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let secret = create(&path);
        let ring = ring(folder.path(), None);
        let text = std::fs::read_to_string(&path).unwrap();
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        let hash = keys::hash(&secret);
        let other = folder.path().join("other.toml");
        std::fs::write(&other, text.replace(&hash, &keys::hash("another"))).unwrap();

        std::fs::File::options()
            .write(true)
            .open(&other)
            .unwrap()
            .set_modified(modified)
            .unwrap();

        std::fs::rename(&other, &path).unwrap();
        ring.known.look();
        assert_eq!(ring.caller(&secret).await.unwrap(), None);
        assert!(ring.caller("another").await.unwrap().is_some());
    }

    #[test]
    fn who_only_tries_to_start_records_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let settings = AccessSettings::resolve(
            &SettingFlags::default(),
            AccessTable::default(),
            folder.path(),
        )
        .unwrap();

        let requirement = Requirement::of(&settings);
        let ring = KeyRing::open(
            settings.keys_file,
            Some("let me in".to_owned()),
            None,
            requirement,
        )
        .unwrap();

        assert!(ring.required() && !settings.state_file.exists());
        ring.follow().unwrap();
        assert!(settings.state_file.exists());
    }

    #[tokio::test]
    async fn one_key_may_be_everybodys() {
        let folder = tempfile::tempdir().unwrap();
        let with = ring(folder.path(), Some("let me in"));
        assert_eq!(
            with.caller("let me in")
                .await
                .unwrap()
                .map(|caller| caller.role),
            Some(Role::Read)
        );
        assert_eq!(with.caller("let me").await.unwrap(), None);
        drop(with);

        assert!(
            ring(folder.path(), None).required(),
            "a setting that is gone opens nothing"
        );
    }

    /// Takes the keys out of a file, in one way or another.
    type Loss = fn(&Path);

    /// What may happen to the keys of a running server, short of opening it on purpose.
    const LOSSES: [(&str, Loss); 5] = [
        ("emptied", |path| std::fs::write(path, "").unwrap()),
        ("without keys", |path| {
            std::fs::write(path, "# none\n").unwrap()
        }),
        ("deleted", |path| std::fs::remove_file(path).unwrap()),
        ("moved", |path| {
            std::fs::rename(path, path.with_extension("old")).unwrap()
        }),
        ("revoked", |path| {
            drop(keys::revoke(path, "portal").unwrap())
        }),
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

            assert!(
                again.required(),
                "{what}, started again, and the record taken away"
            );
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
        ring.known.requirement.record_opened(|| Ok(())).unwrap();
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
        let new = NewKey {
            name: "old".to_owned(),
            expires,
            ..NewKey::default()
        };

        keys::create(&folder.path().join("keys.toml"), new).unwrap();
        let ring = ring(folder.path(), None);
        assert!(ring.required() && !ring.opens_for_anybody());
    }
}
