//! Who may ask this server: the settings become a policy, and a server that strangers can reach does not start without
//! one.

mod audit;
pub(crate) mod keys;
mod oidc;
mod ring;
pub(crate) mod settings;

use std::sync::Arc;

use anyhow::{Result, bail};
use mcdewey_query::{AccessPolicy, Anonymous};

use self::audit::AuditFile;
use self::oidc::Issuer;
use self::ring::KeyRing;
use self::settings::AccessSettings;
use crate::settings::Settings;

/// The policy of a server with these settings.
pub(crate) fn policy(settings: &Settings) -> Result<AccessPolicy> {
    let AccessSettings { key, keys_file, allow_anonymous, requests_per_minute, origins, audit_log, oidc } =
        settings.access.clone();
    let issuer = oidc.map(Issuer::new);
    let issuers = issuer.iter().map(|issuer| issuer.name().to_owned()).collect();
    let ring = KeyRing::open(keys_file.clone(), key, issuer)?;
    let listen = settings.listen;
    if !listen.ip().is_loopback() && !allow_anonymous && !ring.has_any() {
        bail!(
            "{listen} can be reached from other machines and no key is needed yet; make one (`mcdewey keys create \
             NAME`, kept in {}), or say --allow-anonymous, or listen on 127.0.0.1",
            keys_file.display()
        );
    }
    let anonymous = match (allow_anonymous, listen.ip().is_loopback()) {
        (true, _) => Anonymous::Always,
        (false, true) => Anonymous::UntilKeys,
        (false, false) => Anonymous::Never,
    };
    let mut policy = AccessPolicy::default()
        .with_credentials(Arc::new(ring))
        .with_anonymous(anonymous)
        .with_requests_per_minute(requests_per_minute)
        .with_issuers(issuers)
        .with_origins(origins)
        .with_feedback(settings.feedback)
        .with_personal(is_personal(settings));
    if let Some(path) = audit_log {
        policy = policy.with_audit(Arc::new(AuditFile::open(&path)?));
    }
    Ok(policy)
}

/// Whether nobody but this machine's users is meant to reach it: who puts a proxy before a server gives it the names
/// that it is reached under.
fn is_personal(settings: &Settings) -> bool {
    settings.listen.ip().is_loopback() && settings.public_url.is_none() && settings.allowed_hosts.is_empty()
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
        Settings::resolve(SettingFlags { config: Some(path), data_dir, ..SettingFlags::default() }).unwrap()
    }

    fn refusal(folder: &Path, file: &str) -> Option<String> {
        policy(&settings(folder, file)).err().map(|error| error.to_string())
    }

    #[test]
    fn strangers_are_let_in_by_a_key_or_on_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let refused = refusal(folder.path(), "listen = '0.0.0.0:80'").unwrap();
        assert!(refused.contains("mcdewey keys create") && refused.contains("--allow-anonymous"), "{refused}");
        assert_eq!(refusal(folder.path(), ""), None, "loopback");
        assert_eq!(refusal(folder.path(), "listen = '0.0.0.0:80'\nallow_anonymous = true"), None);
        let issuer = "listen = '0.0.0.0:80'\n[oidc]\nissuer = 'https://login.example.com'\naudience = 'mcdewey'";
        assert_eq!(refusal(folder.path(), issuer), None);
        let new = keys::NewKey { name: "portal".to_owned(), ..keys::NewKey::default() };
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
            assert_eq!(is_personal(&settings(folder.path(), file)), expected, "{file}");
        }
    }

    #[test]
    fn a_broken_key_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys.toml"), "key = 7").unwrap();
        let keys = format!("keys_file = '{}'", folder.path().join("keys.toml").display());
        assert!(refusal(folder.path(), &keys).unwrap().contains("keys.toml"));
    }
}
