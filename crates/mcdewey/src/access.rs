//! The settings of access control, from flags and `mcdewey.toml`. What they mean is up to
//! `mcdewey_auth`.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use mcdewey_auth::startup::Exposure;
use mcdewey_auth::{AccessSettings, OidcSettings, is_secure_url};
use mcdewey_query::is_origin;

use crate::cli::SettingFlags;
use crate::secret;
use crate::settings::Settings;

/// The access part of `mcdewey.toml`, at its top level.
#[derive(Debug, Default)]
pub(crate) struct AccessTable {
    pub(crate) access_key_file: Option<PathBuf>,
    pub(crate) keys_file: Option<PathBuf>,
    pub(crate) allow_anonymous: Option<bool>,
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) audit_log: Option<PathBuf>,
    pub(crate) oidc: Option<OidcSettings>,
}

/// How clients reach the server of these settings.
pub(crate) fn exposure(settings: &Settings) -> Exposure<'_> {
    Exposure {
        listen: settings.listen,
        public_url: settings.public_url.as_deref(),
        allowed_hosts: &settings.allowed_hosts,
    }
}

/// Merges flags, environment and file.
pub(crate) fn resolve(
    flags: &SettingFlags,
    file: AccessTable,
    data_dir: &Path,
) -> Result<AccessSettings> {
    let key_file = flags.access_key_file.clone().or(file.access_key_file);
    for origin in &file.allowed_origins {
        ensure!(
            is_origin(origin),
            "{origin:?} in allowed_origins is not an origin; write it as \
             https://portal.example.com"
        );
    }

    if let Some(OidcSettings {
        issuer, jwks_url, ..
    }) = &file.oidc
    {
        for url in [Some(issuer), jwks_url.as_ref()].into_iter().flatten() {
            ensure!(
                is_secure_url(url),
                "{url:?} in [oidc] must be an https:// URL, or an http:// URL on this machine"
            );
        }
    }

    let defaults = AccessSettings::in_data_dir(data_dir);
    let default_keys_file = file.keys_file.clone().unwrap_or(defaults.keys_file);
    let configured_keys_file = flags.keys_file.clone().or(file.keys_file);

    Ok(AccessSettings {
        key: key_file.map(|path| secret::read(&path)).transpose()?,
        is_keys_file_configured: configured_keys_file.is_some(),
        is_default_keys_file: flags
            .keys_file
            .as_ref()
            .is_none_or(|file| is_same_file(file, &default_keys_file)),
        keys_file: configured_keys_file.unwrap_or(default_keys_file),
        state_file: defaults.state_file,
        allow_anonymous: flags.allow_anonymous || file.allow_anonymous.unwrap_or(false),
        requests_per_minute: flags.requests_per_minute.or(file.requests_per_minute),
        origins: file.allowed_origins,
        audit_log: flags.audit_log.clone().or(file.audit_log),
        oidc: file.oidc,
    })
}

/// Reports whether two paths name the same file, which need not exist.
fn is_same_file(a: &Path, b: &Path) -> bool {
    resolve_path(a) == resolve_path(b)
}

/// The canonical path, or the absolute one if there is no file.
fn resolve_path(path: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(path)
        .or_else(|_| std::path::absolute(path))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_urls_and_origins_are_errors_that_name_the_setting() {
        let resolve = |file| resolve(&SettingFlags::default(), file, Path::new("data"));
        let origins = |origin: &str| AccessTable {
            allowed_origins: vec![origin.to_owned()],
            ..AccessTable::default()
        };

        for bad in [
            "portal.example.com",
            "https://",
            "https://portal.example.com/",
            "https://portal.example.com:99999",
            "http://localhost:*",
            "https://*.example.com",
            "null",
            "*",
        ] {
            assert!(
                resolve(origins(bad))
                    .unwrap_err()
                    .to_string()
                    .contains("allowed_origins"),
                "{bad}"
            );
        }

        assert!(resolve(origins("https://portal.example.com")).is_ok());
        let oidc: OidcSettings =
            toml::from_str("issuer = 'http://login.example.com'\naudience = 'x'").unwrap();
        let file = AccessTable {
            oidc: Some(oidc),
            ..AccessTable::default()
        };

        assert!(resolve(file).unwrap_err().to_string().contains("https://"));
    }

    #[test]
    fn a_keys_file_in_the_settings_is_a_configured_one() {
        let resolve = |file| resolve(&SettingFlags::default(), file, Path::new("data")).unwrap();
        let default = resolve(AccessTable::default());
        assert!(!default.is_keys_file_configured && default.is_default_keys_file);

        let configured = resolve(AccessTable {
            keys_file: Some(PathBuf::from("keys-of-all.toml")),
            ..AccessTable::default()
        });
        assert!(configured.is_keys_file_configured && configured.is_default_keys_file);
        assert_eq!(configured.keys_file, Path::new("keys-of-all.toml"));
    }
}
