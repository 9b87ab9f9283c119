//! Who may ask this server: the settings become a policy, and a server that strangers can reach does not start without
//! one.

mod audit;
mod jwks;
pub(crate) mod keys;
mod lock;
mod oidc;
pub(crate) mod requirement;
mod ring;
pub(crate) mod settings;

use std::sync::Arc;

use anyhow::{Result, bail};
use jiff::Timestamp;
use mcdewey_query::{AccessPolicy, Anonymous};
use serde::Serialize;

use self::audit::AuditFile;
use self::oidc::Issuer;
use self::requirement::{Memory, Requirement, Standing};
use self::ring::KeyRing;
use self::settings::AccessSettings;
use crate::settings::Settings;

/// The keys of a server that is about to start.
pub(crate) struct Keys(Arc<KeyRing>);

impl Keys {
    /// Follows them, and records that they are required. Only for the owner of the data directory: what it says there
    /// closes the server that runs over it.
    pub(crate) fn follow(&self) -> Result<()> {
        self.0.follow()
    }
}

/// The policy of a server with these settings, and its keys, which it has to [follow](Keys::follow). Writes nothing to
/// the data directory.
pub(crate) fn policy(settings: &Settings) -> Result<(AccessPolicy, Keys)> {
    let requirement = Requirement::of(&settings.access);
    requirement.sweep();
    let AccessSettings {
        key,
        keys_file,
        allow_anonymous,
        requests_per_minute,
        origins,
        audit_log,
        oidc,
        ..
    } = settings.access.clone();

    let issuer = oidc.map(Issuer::new).transpose()?;
    let issuers = issuer
        .iter()
        .map(|issuer| issuer.name().to_owned())
        .collect();
    let ring = Arc::new(KeyRing::open(keys_file.clone(), key, issuer, requirement)?);
    let listen = settings.listen;

    let standing = ring.standing();
    if !listen.ip().is_loopback() && !allow_anonymous && standing != Standing::Required {
        bail!(
            "{listen} can be reached from other machines and no key is needed yet; make one (`mcdewey keys create \
             NAME`, kept in {}), or say --allow-anonymous, or listen on 127.0.0.1",
            keys_file.display()
        );
    }

    warn(settings, &ring, standing);
    let anonymous = match (allow_anonymous, listen.ip().is_loopback()) {
        (true, _) => Anonymous::Always,
        (false, true) => Anonymous::UntilKeys,
        (false, false) => Anonymous::Never,
    };

    let mut policy = AccessPolicy::default()
        .with_credentials(Arc::<KeyRing>::clone(&ring))
        .with_anonymous(anonymous)
        .with_requests_per_minute(requests_per_minute)
        .with_issuers(issuers)
        .with_origins(origins)
        .with_feedback(settings.feedback)
        .with_personal(is_personal(settings));

    if let Some(path) = audit_log {
        policy = policy.with_audit(Arc::new(AuditFile::open(&path)?));
    }

    Ok((policy, Keys(ring)))
}

/// Says at the start what an operator may not expect: that everybody may ask, or that nobody may.
fn warn(settings: &Settings, ring: &KeyRing, standing: Standing) {
    if settings.access.allow_anonymous {
        tracing::warn!(
            "allow_anonymous is set: whoever reaches {}, through a proxy too, may read the whole library without a key",
            settings.listen
        );
    } else if matches!(standing, Standing::Opened(_)) {
        tracing::warn!("{}", ring::opened());
    } else if standing == Standing::Required && !ring.opens_for_anybody() {
        tracing::warn!(
            "keys are required and there is no valid one in {}: only commands on this machine are answered; make a key \
             with `mcdewey keys create NAME`, or stop requiring keys with `mcdewey keys open`",
            settings.access.keys_file.display()
        );
    }
}

/// How access stands, for those who look after the server.
#[derive(Debug, Serialize)]
pub(crate) struct AccessSummary {
    /// Keys in the file that are valid now.
    pub(crate) valid_keys: usize,
    /// Keys in the file that have expired.
    pub(crate) expired_keys: usize,
    /// Whether requests without a key are refused.
    pub(crate) keys_required: bool,
    /// Whether they are answered all the same, because the settings say so.
    pub(crate) allow_anonymous: bool,
    /// When `mcdewey keys open` was run, where it is what counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) opened: Option<Timestamp>,
}

/// Looks at keys and settings; changes nothing.
pub(crate) fn summary(settings: &Settings) -> Result<AccessSummary> {
    let access = &settings.access;
    let entries = keys::read(&access.keys_file)?;
    let valid_keys = entries
        .iter()
        .filter(|entry| entry.is_good(Timestamp::now()))
        .count();
    let any = !entries.is_empty() || access.key.is_some() || access.oidc.is_some();
    let standing = Requirement::of(access).standing(any, &mut Memory::default());

    Ok(AccessSummary {
        valid_keys,
        expired_keys: entries.len() - valid_keys,
        keys_required: standing == Standing::Required
            || (!settings.listen.ip().is_loopback() && !access.allow_anonymous),
        allow_anonymous: access.allow_anonymous,
        opened: match standing {
            Standing::Opened(at) => Some(at),
            Standing::NeverAsked | Standing::Required => None,
        },
    })
}

/// Whether nobody but this machine's users is meant to reach it: who puts a proxy before a server gives it the names
/// that it is reached under.
fn is_personal(settings: &Settings) -> bool {
    settings.listen.ip().is_loopback()
        && settings.public_url.is_none()
        && settings.allowed_hosts.is_empty()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::SettingFlags;

    fn settings(folder: &Path, file: &str) -> Settings {
        let path = folder.join("mcdewey.toml");
        std::fs::write(&path, file).unwrap();
        let data_dir = Some(folder.join("data"));

        Settings::resolve(SettingFlags {
            config: Some(path),
            data_dir,
            ..SettingFlags::default()
        })
        .unwrap()
    }

    fn refusal(folder: &Path, file: &str) -> Option<String> {
        policy(&settings(folder, file))
            .and_then(|(_, keys)| keys.follow())
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn strangers_are_let_in_by_a_key_or_on_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let refused = refusal(folder.path(), "listen = '0.0.0.0:80'").unwrap();
        assert!(
            refused.contains("mcdewey keys create") && refused.contains("--allow-anonymous"),
            "{refused}"
        );
        assert_eq!(refusal(folder.path(), ""), None, "loopback");
        assert_eq!(
            refusal(
                folder.path(),
                "listen = '0.0.0.0:80'\nallow_anonymous = true"
            ),
            None
        );
        assert!(
            refusal(folder.path(), "listen = '0.0.0.0:80'").is_some(),
            "that was for one start"
        );
        let issuer = "listen = '0.0.0.0:80'\n[oidc]\nissuer = 'https://login.example.com'\naudience = 'mcdewey'";
        assert_eq!(refusal(folder.path(), issuer), None);
        assert_eq!(
            refusal(folder.path(), "listen = '0.0.0.0:80'"),
            None,
            "it starts, and refuses everybody"
        );

        let folder = tempfile::tempdir().unwrap();
        let new = keys::NewKey {
            name: "portal".to_owned(),
            ..keys::NewKey::default()
        };
        keys::create(&settings(folder.path(), "").access.keys_file, new).unwrap();
        assert_eq!(refusal(folder.path(), "listen = '0.0.0.0:80'"), None);
    }

    #[test]
    fn a_library_with_another_name_is_not_personal() {
        let folder = tempfile::tempdir().unwrap();
        for (file, expected) in [
            ("", true),
            ("listen = '0.0.0.0:80'", false),
            ("public_url = 'https://docs.example.com'", false),
            ("allowed_hosts = ['docs.example.com']", false),
        ] {
            assert_eq!(
                is_personal(&settings(folder.path(), file)),
                expected,
                "{file}"
            );
        }
    }

    #[test]
    fn the_summary_says_how_access_stands() {
        let folder = tempfile::tempdir().unwrap();
        let of = |file: &str| summary(&settings(folder.path(), file)).unwrap();
        assert!(!of("").keys_required && of("listen = '0.0.0.0:80'").keys_required);
        assert!(
            of("keys_file = 'no-such-file'").keys_required,
            "who names a keys file asks for keys"
        );
        let keys_file = settings(folder.path(), "").access.keys_file;

        let new = keys::NewKey {
            name: "portal".to_owned(),
            ..keys::NewKey::default()
        };
        keys::create(&keys_file, new).unwrap();
        assert_eq!((of("").valid_keys, of("").keys_required), (1, true));
        keys::revoke(&keys_file, "portal").unwrap();
        assert_eq!((of("").valid_keys, of("").keys_required), (0, true));
        assert!(of("allow_anonymous = true").allow_anonymous);

        Requirement::of(&settings(folder.path(), "").access)
            .record_opened(|| Ok(()))
            .unwrap();
        assert!(!of("").keys_required && of("").opened.is_some());
    }

    #[test]
    fn a_broken_key_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys.toml"), "key = 7").unwrap();
        let keys = format!(
            "keys_file = '{}'",
            folder.path().join("keys.toml").display()
        );

        assert!(refusal(folder.path(), &keys).unwrap().contains("keys.toml"));
    }
}
