//! Settings of access control, from flags and `mcdewey.toml`.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use mcdewey_query::is_origin;
use serde::Deserialize;
use ureq::http::Uri;

use super::requirement;
use crate::cli::SettingFlags;
use crate::secret;

#[derive(Debug, Clone)]
pub(crate) struct AccessSettings {
    /// The key that all users share, if there is one.
    pub(crate) key: Option<String>,
    /// The file that stores the keys of `mcdewey keys`.
    pub(crate) keys_file: PathBuf,
    /// Whether the operator configured `keys_file`, which alone requires keys.
    pub(crate) is_keys_file_configured: bool,
    /// Whether `keys_file` is the one in the data directory or in `mcdewey.toml`, rather than a
    /// different one given by a flag or the environment.
    pub(crate) is_default_keys_file: bool,
    /// The file that records whether keys are required.
    pub(crate) state_file: PathBuf,
    pub(crate) allow_anonymous: bool,
    /// The limit for each caller without a limit of its own.
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    /// Origins of other sites whose pages may call the server.
    pub(crate) origins: Vec<String>,
    pub(crate) audit_log: Option<PathBuf>,
    pub(crate) oidc: Option<OidcSettings>,
}

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

/// `[oidc]`: an issuer whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OidcSettings {
    /// The issuer as its tokens name it. Its discovery document is below this URL.
    pub(crate) issuer: String,
    /// The audience that tokens must have.
    pub(crate) audience: String,
    /// Where the issuer publishes its keys, if not at the URL in its discovery document.
    pub(crate) jwks_url: Option<String>,
    /// The scope or role that grants the admin role.
    #[serde(default = "admin_scope")]
    pub(crate) admin_scope: String,
    /// The claim that lists the products a caller may see. If it is configured, a token without it
    /// grants access to nothing.
    pub(crate) products_claim: Option<String>,
    /// The claim that lists the vendors a caller may see, likewise.
    pub(crate) vendors_claim: Option<String>,
}

fn admin_scope() -> String {
    "mcdewey:admin".to_owned()
}

impl AccessSettings {
    /// Merges flags, environment and file.
    pub(crate) fn resolve(
        flags: &SettingFlags,
        file: AccessTable,
        data_dir: &Path,
    ) -> Result<Self> {
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

        let default_keys_file = file
            .keys_file
            .clone()
            .unwrap_or_else(|| data_dir.join("keys.toml"));
        let configured_keys_file = flags.keys_file.clone().or(file.keys_file);
        Ok(Self {
            key: key_file.map(|path| secret::read(&path)).transpose()?,
            is_keys_file_configured: configured_keys_file.is_some(),
            is_default_keys_file: flags
                .keys_file
                .as_ref()
                .is_none_or(|file| is_same_file(file, &default_keys_file)),
            keys_file: configured_keys_file.unwrap_or(default_keys_file),
            state_file: data_dir.join(requirement::FILE),
            allow_anonymous: flags.allow_anonymous || file.allow_anonymous.unwrap_or(false),
            requests_per_minute: flags.requests_per_minute.or(file.requests_per_minute),
            origins: file.allowed_origins,
            audit_log: flags.audit_log.clone().or(file.audit_log),
            oidc: file.oidc,
        })
    }
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

/// Reports whether a URL uses TLS or stays on this machine. Keys fetched over the network without
/// TLS could be forged.
pub(super) fn is_secure_url(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else {
        return false;
    };

    // Anything before an @ can look like a host name but is not part of it, so such URLs are
    // rejected.
    let (Some(authority), Some(host)) = (url.authority(), url.host()) else {
        return false;
    };
    let is_local = ["127.0.0.1", "localhost", "[::1]"].contains(&host);
    !authority.as_str().contains('@')
        && (url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && is_local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_local_urls_are_secure() {
        for good in [
            "https://a.example",
            "http://127.0.0.1:9/x",
            "http://localhost",
            "http://[::1]:80",
        ] {
            assert!(is_secure_url(good), "{good}");
        }

        for bad in [
            "http://a.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "ftp://x",
        ]
        .into_iter()
        .chain([
            "http://127.0.0.1:80@evil.example/",
            "https://login.example.com@evil.example/",
            "https://",
            "here",
        ]) {
            assert!(!is_secure_url(bad), "{bad}");
        }
    }

    #[test]
    fn invalid_urls_and_origins_are_errors_that_name_the_setting() {
        let resolve =
            |file| AccessSettings::resolve(&SettingFlags::default(), file, Path::new("data"));
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
}
