//! Whether a key is required. Once keys were asked for they stay required when the last one is revoked and when their
//! file is emptied or gone: a record in the data directory remembers it. Only `mcdewey keys open` takes that back.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::settings::AccessSettings;
use crate::drafts;

/// The record's name in the data directory.
pub(super) const FILE: &str = "access-state.toml";

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
#[derive(Debug, Default)]
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
        let AccessSettings { keys_file, keys_file_named, state_file, .. } = settings;
        let named = keys_file_named.then(|| std::path::absolute(keys_file).unwrap_or_else(|_| keys_file.clone()));
        Self { record: state_file.clone(), keys_file: keys_file.clone(), named }
    }

    /// How things stand, given whether there is any key or issuer now. Whatever is in doubt means that keys are required.
    pub(crate) fn standing(&self, any: bool, memory: &mut Memory) -> Standing {
        let record = self.read();
        let opened = match &record {
            Ok(Some(Record { keys_required: false, since, keys_file })) if *keys_file == self.named => Some(*since),
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
        let no_sign = matches!(record, Ok(None)) && self.named.is_none() && !may_exist(&self.keys_file);
        if no_sign && !memory.was_required {
            return Standing::NeverAsked;
        }
        memory.was_required = true;
        Standing::Required
    }

    /// Remembers that keys are required.
    pub(crate) fn record_required(&self) -> Result<()> {
        match self.read() {
            Ok(Some(Record { keys_required: true, .. })) => Ok(()),
            _ => self.write(&Record { keys_required: true, since: Timestamp::now(), keys_file: None }),
        }
    }

    /// Remembers that keys are no longer required.
    pub(crate) fn record_opened(&self) -> Result<()> {
        self.write(&Record { keys_required: false, since: Timestamp::now(), keys_file: self.named.clone() })
    }

    /// Takes away what killed writers of the record and of the keys file left.
    pub(super) fn sweep(&self) {
        for path in [&self.record, &self.keys_file] {
            if let Err(error) = drafts::sweep(path) {
                tracing::warn!(%error, path = %path.display(), "unfinished copies of this file cannot be removed");
            }
        }
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
        drafts::write(&self.record, text.as_bytes()).with_context(|| {
            format!("{}, which records whether keys are required, cannot be written", self.record.display())
        })
    }
}

/// A link that leads nowhere and a file that cannot be looked at count as a file.
fn may_exist(path: &Path) -> bool {
    !matches!(std::fs::symlink_metadata(path), Err(error) if error.kind() == std::io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(folder: &Path, named: bool) -> Requirement {
        let keys_file = folder.join("keys.toml");
        Requirement { record: folder.join("data").join(FILE), named: named.then(|| keys_file.clone()), keys_file }
    }

    #[test]
    fn keys_are_required_from_the_first_sign_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        assert_eq!(plain.standing(false, &mut Memory::default()), Standing::NeverAsked);
        let mut memory = Memory::default();
        assert_eq!(plain.standing(true, &mut memory), Standing::Required, "there is one");
        assert_eq!(plain.standing(false, &mut memory), Standing::Required, "there was one a moment ago");
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
        assert_eq!(plain.standing(false, &mut Memory::default()), Standing::NeverAsked);
        plain.record_required().unwrap();
        assert_eq!(plain.standing(false, &mut Memory::default()), Standing::Required, "it is on record");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&plain.record), mode(plain.record.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_keys_file_that_leads_nowhere_is_a_keys_file() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        std::os::unix::fs::symlink("nowhere", &plain.keys_file).unwrap();
        assert_eq!(plain.standing(false, &mut Memory::default()), Standing::Required);
    }

    #[test]
    fn only_an_explicit_act_opens_again_and_a_later_key_closes() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        let mut memory = Memory::default();
        assert_eq!(plain.standing(true, &mut memory), Standing::Required);
        plain.record_required().unwrap();
        plain.record_opened().unwrap();
        assert!(matches!(plain.standing(false, &mut Memory::default()), Standing::Opened(_)));
        assert!(matches!(plain.standing(false, &mut memory), Standing::Opened(_)));
        let named = requirement(folder.path(), true).standing(false, &mut Memory::default());
        assert_eq!(named, Standing::Required, "another file");
        assert_eq!(plain.standing(true, &mut memory), Standing::Required);
        assert_eq!(plain.standing(false, &mut memory), Standing::Required, "a key came since");
        plain.record_opened().unwrap();
        assert!(matches!(plain.standing(false, &mut memory), Standing::Opened(_)), "on purpose, once more");
        plain.record_required().unwrap();
        assert_eq!(plain.standing(false, &mut memory), Standing::Required);
        std::fs::remove_file(&plain.record).unwrap();
        assert_eq!(plain.standing(false, &mut memory), Standing::Required, "a process does not forget");
    }

    #[test]
    fn what_killed_writers_left_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        plain.record_required().unwrap();
        let left =
            [plain.record.with_file_name("access-state.toml.a1.draft"), folder.path().join("keys.toml.a1.draft")];
        left.iter().for_each(|path| std::fs::write(path, "x").unwrap());
        plain.sweep();
        assert!(left.iter().all(|path| !path.exists()) && plain.record.exists());
    }

    #[test]
    fn a_record_that_cannot_be_read_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let plain = requirement(folder.path(), false);
        for broken in ["", "keys_required = false", "keys_required = 'no'", "nonsense"] {
            drafts::write(&plain.record, broken.as_bytes()).unwrap();
            assert_eq!(plain.standing(false, &mut Memory::default()), Standing::Required, "{broken:?}");
        }
        std::fs::remove_file(&plain.record).unwrap();
        std::fs::create_dir(&plain.record).unwrap();
        assert_eq!(plain.standing(false, &mut Memory::default()), Standing::Required, "a folder");
    }
}
