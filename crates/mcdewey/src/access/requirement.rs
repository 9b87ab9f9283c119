//! Whether a key is required. Once keys were asked for they stay required when the last one is revoked and when their
//! file is emptied or gone: a record in the data directory remembers it. Only `mcdewey keys open` takes that back.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;
use mcdewey_store::create_private_dir;
use serde::{Deserialize, Serialize};

use super::lock::lock;
use super::settings::AccessSettings;
use crate::drafts;

/// The record's name in the data directory.
pub(super) const FILE: &str = "access-state.toml";

/// Links that are followed, as many as Linux follows.
const MAX_LINKS: usize = 40;

const HEADER: &str = "\
# Written by mcdewey. While keys_required is true, a request without a valid key is refused, even if no key is left.
# To stop requiring keys, run `mcdewey keys open`; deleting this file is not enough.

";

/// What decides whether a key is required, apart from the keys there are.
#[derive(Debug, Clone)]
pub(crate) struct Requirement {
    record: PathBuf,
    keys_file: PathBuf,
    /// The keys file where the operator names one, which asks for keys by itself.
    named: Option<PathBuf>,
}

/// The record as written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    keys_required: bool,
    since: Timestamp,
    /// The named keys file for which keys are no longer required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys_file: Option<PathBuf>,
}

/// What a process knows of the time before, whatever becomes of the files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Keys were required when it looked last.
    was_required: bool,
    /// The opening that keys followed on: it counts no longer, even where the record could not be changed.
    outdated: Option<Timestamp>,
}

/// How things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody ever asked for keys here.
    NeverAsked,
    /// Keys were asked for.
    Required,
    /// They were, and at this time the operator took it back.
    Opened(Timestamp),
}

impl Requirement {
    pub(crate) fn of(settings: &AccessSettings) -> Self {
        let AccessSettings {
            keys_file,
            keys_file_named,
            state_file,
            ..
        } = settings;

        let named = keys_file_named
            .then(|| std::path::absolute(keys_file).unwrap_or_else(|_| keys_file.clone()));
        Self {
            record: state_file.clone(),
            keys_file: keys_file.clone(),
            named,
        }
    }

    /// How things stand, given whether there is any key or issuer now. Whatever is in doubt means that keys are required.
    pub(crate) fn standing(&self, any: bool, memory: &mut Memory) -> Standing {
        self.judge(&self.read(), any, memory)
    }

    /// The same for a running server, which also records that keys are required. `any` looks at the keys.
    pub(super) fn settle(
        &self,
        any: impl Fn() -> bool,
        memory: &mut Memory,
    ) -> (Standing, Result<()>) {
        let record = self.read();
        let mut next = memory.clone();

        let standing = self.judge(&record, any(), &mut next);
        if standing != Standing::Required || is_required(&record) {
            *memory = next;
            return (standing, Ok(()));
        }

        // `mcdewey keys open` holds the lock from its look at the keys to the end of its writing. Seen without the lock,
        // its record may be newer than the keys seen here, and would be overwritten.
        let lock = lock(&self.record);
        let record = self.read();

        let standing = self.judge(&record, any(), memory);
        if standing != Standing::Required || is_required(&record) {
            return (standing, Ok(()));
        }

        (standing, lock.and_then(|_lock| self.write_required()))
    }

    fn judge(&self, record: &Result<Option<Record>>, any: bool, memory: &mut Memory) -> Standing {
        let opened = match record {
            Ok(Some(Record {
                keys_required: false,
                since,
                keys_file,
            })) if *keys_file == self.named => Some(*since),
            _ => None,
        };

        if any {
            // Whatever was opened before these keys were made is closed with them.
            memory.outdated = opened.or(memory.outdated);
            memory.was_required = true;
            return Standing::Required;
        }

        if let Some(since) = opened.filter(|since| memory.outdated != Some(*since)) {
            memory.was_required = false;
            return Standing::Opened(since);
        }

        let no_sign =
            matches!(record, Ok(None)) && self.named.is_none() && !may_exist(&self.keys_file);
        if no_sign && !memory.was_required {
            return Standing::NeverAsked;
        }

        memory.was_required = true;
        Standing::Required
    }

    /// Remembers that keys are required.
    pub(crate) fn record_required(&self) -> Result<()> {
        let _lock = lock(&self.record)?;
        match is_required(&self.read()) {
            true => Ok(()),
            false => self.write_required(),
        }
    }

    /// Remembers that keys are no longer required, unless `check` objects; no key is made between the two.
    pub(crate) fn record_opened(&self, check: impl FnOnce() -> Result<()>) -> Result<()> {
        let _lock = lock(&self.record)?;
        check()?;
        self.write(&Record {
            keys_required: false,
            since: Timestamp::now(),
            keys_file: self.named.clone(),
        })
    }

    /// Takes away what killed writers of the record and of the keys file left.
    pub(super) fn sweep(&self) {
        for path in [&self.record, &self.keys_file] {
            if let Err(error) = drafts::sweep(path) {
                tracing::warn!(%error, path = %path.display(), "unfinished copies of this file cannot be removed");
            }
        }
    }

    /// Whether it was recorded that the keys of this very file are no longer required.
    pub(crate) fn is_opened(&self) -> bool {
        matches!(self.read(), Ok(Some(Record { keys_required: false, keys_file, .. })) if keys_file == self.named)
    }

    fn write_required(&self) -> Result<()> {
        self.write(&Record {
            keys_required: true,
            since: Timestamp::now(),
            keys_file: None,
        })
    }

    fn read(&self) -> Result<Option<Record>> {
        match std::fs::read_to_string(&self.record) {
            Ok(text) => Ok(Some(toml::from_str(&text)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, record: &Record) -> Result<()> {
        let text = format!("{HEADER}{}", toml::to_string(record)?);
        write_private(&self.record, text.as_bytes()).with_context(|| {
            format!(
                "{}, which records whether keys are required, cannot be written",
                self.record.display()
            )
        })
    }
}

fn is_required(record: &Result<Option<Record>>) -> bool {
    matches!(
        record,
        Ok(Some(Record {
            keys_required: true,
            ..
        }))
    )
}

/// A link that leads nowhere and a file that cannot be looked at count as a file.
fn may_exist(path: &Path) -> bool {
    !matches!(std::fs::symlink_metadata(path), Err(error) if error.kind() == std::io::ErrorKind::NotFound)
}

/// Writes a file whole or not at all, for its owner's eyes only. A file that is replaced keeps its owner, and a link
/// stays one: what it leads to is replaced.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let path = &link_target(path);
    let folder = private_folder(path)?;
    let mut file = drafts::draft_of(path)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    keep_owner(file.as_file(), path, folder)?;
    file.as_file().sync_all()?;
    file.persist(path)?;

    Ok(())
}

/// The folder of a file, which is made where it is missing.
pub(super) fn private_folder(path: &Path) -> std::io::Result<&Path> {
    let folder = drafts::folder_of(path);
    create_private_dir(folder)?;
    Ok(folder)
}

/// Where a path leads, even if nothing is there yet.
pub(super) fn link_target(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = std::fs::read_link(&target) else {
            break;
        };
        target = target.parent().unwrap_or(Path::new("")).join(next);
    }

    target
}

/// Gives a new file to whom its predecessor belongs, or, where there is none, to the owner of the folder: an
/// administrator changes files that a service has to read.
#[cfg(unix)]
fn keep_owner(file: &std::fs::File, path: &Path, folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let Ok(old) = std::fs::metadata(path) else {
        let _ = give_to_owner_of(file, &folder.metadata()?);
        return Ok(());
    };

    if let Err(error) = give_to_owner_of(file, &old) {
        tracing::warn!(
            "{} belonged to user {} and group {}, which cannot be kept; a server of that user may be unable to read it: \
             {error}",
            path.display(),
            old.uid(),
            old.gid()
        );
    } else if old.mode() & 0o044 == 0o040 {
        // A file that the group reads and others do not was shared on purpose.
        file.set_permissions(std::fs::Permissions::from_mode(0o640))?;
    }

    Ok(())
}

#[cfg(unix)]
pub(super) fn give_to_owner_of(
    file: &std::fs::File,
    like: &std::fs::Metadata,
) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let own = file.metadata()?;
    match (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        true => Ok(()),
        false => std::os::unix::fs::fchown(file, Some(like.uid()), Some(like.gid())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(folder: &Path, named: bool) -> Requirement {
        let keys_file = folder.join("keys.toml");
        Requirement {
            record: folder.join("data").join(FILE),
            named: named.then(|| keys_file.clone()),
            keys_file,
        }
    }

    #[test]
    fn keys_are_required_from_the_first_sign_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        assert_eq!(
            plain.standing(false, &mut Memory::default()),
            Standing::NeverAsked
        );
        let mut memory = Memory::default();

        assert_eq!(
            plain.standing(true, &mut memory),
            Standing::Required,
            "there is one"
        );
        assert_eq!(
            plain.standing(false, &mut memory),
            Standing::Required,
            "there was one a moment ago"
        );
        assert_eq!(
            requirement(folder.path(), true).standing(false, &mut Memory::default()),
            Standing::Required,
            "a file is named"
        );

        std::fs::write(&plain.keys_file, "").unwrap();
        assert_eq!(
            plain.standing(false, &mut Memory::default()),
            Standing::Required,
            "an empty file was one with keys"
        );

        std::fs::remove_file(&plain.keys_file).unwrap();
        assert_eq!(
            plain.standing(false, &mut Memory::default()),
            Standing::NeverAsked
        );
        plain.record_required().unwrap();

        assert_eq!(
            plain.standing(false, &mut Memory::default()),
            Standing::Required,
            "it is on record"
        );

        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(
                (mode(&plain.record), mode(plain.record.parent().unwrap())),
                (0o600, 0o700)
            );
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_keys_file_that_leads_nowhere_is_a_keys_file() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        std::os::unix::fs::symlink("nowhere", &plain.keys_file).unwrap();

        assert_eq!(
            plain.standing(false, &mut Memory::default()),
            Standing::Required
        );
    }

    #[test]
    fn only_an_explicit_act_opens_again_and_a_later_key_closes() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        let mut memory = Memory::default();
        assert_eq!(plain.standing(true, &mut memory), Standing::Required);
        plain.record_required().unwrap();
        plain.record_opened(|| Ok(())).unwrap();

        assert!(matches!(
            plain.standing(false, &mut Memory::default()),
            Standing::Opened(_)
        ));
        assert!(matches!(
            plain.standing(false, &mut memory),
            Standing::Opened(_)
        ));
        let named = requirement(folder.path(), true).standing(false, &mut Memory::default());
        assert_eq!(named, Standing::Required, "another file");
        assert_eq!(plain.standing(true, &mut memory), Standing::Required);
        assert_eq!(
            plain.standing(false, &mut memory),
            Standing::Required,
            "a key came since"
        );

        plain.record_opened(|| Ok(())).unwrap();
        assert!(
            matches!(plain.standing(false, &mut memory), Standing::Opened(_)),
            "on purpose, once more"
        );
        plain.record_required().unwrap();
        assert_eq!(plain.standing(false, &mut memory), Standing::Required);
        std::fs::remove_file(&plain.record).unwrap();

        assert_eq!(
            plain.standing(false, &mut memory),
            Standing::Required,
            "a process does not forget"
        );
    }

    #[test]
    fn what_killed_writers_left_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        plain.record_required().unwrap();

        let left = [
            plain.record.with_file_name("access-state.toml.a1.draft"),
            folder.path().join("keys.toml.a1.draft"),
        ];
        left.iter()
            .for_each(|path| std::fs::write(path, "x").unwrap());
        plain.sweep();
        assert!(left.iter().all(|path| !path.exists()) && plain.record.exists());
    }

    #[test]
    fn a_record_that_cannot_be_read_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        for broken in [
            "",
            "keys_required = false",
            "keys_required = 'no'",
            "nonsense",
        ] {
            drafts::write(&plain.record, broken.as_bytes()).unwrap();
            assert_eq!(
                plain.standing(false, &mut Memory::default()),
                Standing::Required,
                "{broken:?}"
            );
        }

        std::fs::remove_file(&plain.record).unwrap();
        std::fs::create_dir(&plain.record).unwrap();
        assert_eq!(
            plain.standing(false, &mut Memory::default()),
            Standing::Required,
            "a folder"
        );
    }

    #[test]
    fn a_record_is_written_only_while_keys_are_required() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        plain.record_opened(|| Ok(())).unwrap();

        // The keys that were there at the first look are gone at the second, under the lock.
        let looks = std::cell::Cell::new(0);
        let any = || looks.replace(looks.get() + 1) == 0;
        let (standing, recorded) = plain.settle(any, &mut Memory::default());

        assert!(
            matches!(standing, Standing::Opened(_)) && recorded.is_ok(),
            "{standing:?}"
        );
        assert!(plain.is_opened(), "the opening was overwritten");
        let mut memory = Memory::default();
        assert_eq!(plain.settle(|| true, &mut memory).0, Standing::Required);
        assert!(!plain.is_opened());
        let refused = plain.record_opened(|| anyhow::bail!("there are keys"));

        assert!(refused.is_err() && !plain.is_opened());
    }

    #[test]
    #[cfg(unix)]
    fn a_link_stays_a_link_and_its_target_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (link, shared) = (
            folder.path().join("keys.toml"),
            folder.path().join("shared.toml"),
        );
        std::os::unix::fs::symlink("shared.toml", &link).unwrap();

        for text in ["made", "changed"] {
            write_private(&link, text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&shared).unwrap(), text);
            assert!(link.is_symlink());
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_file_stays_with_its_owner_and_with_the_group_it_is_shared_with() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        for (mode, expected) in [
            (0o640, 0o640),
            (0o600, 0o600),
            (0o644, 0o600),
            (0o666, 0o600),
        ] {
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            write_private(&path, b"changed").unwrap();
            assert_eq!(
                std::fs::metadata(&path).unwrap().mode() & 0o777,
                expected,
                "{mode:o}"
            );
        }

        // Only the administrator gives files away.
        if rustix::process::geteuid().is_root() {
            chown(&path, Some(1234), Some(4321)).unwrap();
            write_private(&path, b"changed again").unwrap();
            let kept = std::fs::metadata(&path).unwrap();

            assert_eq!(
                (kept.uid(), kept.gid(), kept.mode() & 0o777),
                (1234, 4321, 0o600)
            );
            chown(folder.path(), Some(1234), Some(4321)).unwrap();
            write_private(&folder.path().join("new.toml"), b"new").unwrap();

            assert_eq!(
                std::fs::metadata(folder.path().join("new.toml"))
                    .unwrap()
                    .uid(),
                1234
            );
        }
    }
}
