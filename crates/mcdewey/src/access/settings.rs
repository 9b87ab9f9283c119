//! The settings of who may ask, as flags and `mcdewey.toml` write them.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use mcdewey_query::is_origin;
use serde::Deserialize;
use ureq::http::Uri;

use super::requirement;
use crate::cli::SettingFlags;
use crate::secret;

/// Who may ask.
#[derive(Debug, Clone)]
pub(crate) struct AccessSettings {
    /// One key for everybody, if there is one.
    pub(crate) key: Option<String>,
    /// Where the keys of `mcdewey keys` are kept.
    pub(crate) keys_file: PathBuf,
    /// Whether the operator says where that is: who names a keys file asks for keys.
    pub(crate) keys_file_named: bool,
    /// Whether it is the file of the data directory or of `mcdewey.toml`, and not another one that a flag or the
    /// environment names.
    pub(crate) keys_file_is_own: bool,
    /// Where it is recorded whether keys are required.
    pub(crate) state_file: PathBuf,
    pub(crate) allow_anonymous: bool,
    /// Of every caller without a limit of their own.
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    /// Pages of other sites that may call the server.
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

/// `[oidc]`: an issuer whose tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OidcSettings {
    /// As it stands in the tokens; its keys are found below it.
    pub(crate) issuer: String,
    /// What the tokens must be meant for.
    pub(crate) audience: String,
    /// Where the issuer's keys are, when they are not where its description says.
    pub(crate) jwks_url: Option<String>,
    /// The scope or role that makes an admin.
    #[serde(default = "admin_scope")]
    pub(crate) admin_scope: String,
    /// The claim that lists the products a caller may see; where it is named, a token without it shows nothing.
    pub(crate) products_claim: Option<String>,
    /// The same for vendors.
    pub(crate) vendors_claim: Option<String>,
}

fn admin_scope() -> String {
    "mcdewey:admin".to_owned()
}

impl AccessSettings {
    /// Puts flags, environment and file together.
    pub(crate) fn resolve(
        flags: &SettingFlags,
        file: AccessTable,
        data_dir: &Path,
    ) -> Result<Self> {
        let key_file = flags.access_key_file.clone().or(file.access_key_file);
        for origin in &file.allowed_origins {
            ensure!(
                is_origin(origin),
                "{origin:?} in allowed_origins is no origin; write it as https://portal.example.com"
            );
        }

        if let Some(OidcSettings {
            issuer, jwks_url, ..
        }) = &file.oidc
        {
            for url in [Some(issuer), jwks_url.as_ref()].into_iter().flatten() {
                ensure!(
                    is_safe(url),
                    "{url:?} in [oidc] must begin with https://, or with http:// on this machine"
                );
            }
        }

        let own = file
            .keys_file
            .clone()
            .unwrap_or_else(|| data_dir.join("keys.toml"));
        let named = flags.keys_file.clone().or(file.keys_file);
        Ok(Self {
            key: key_file.map(|path| secret::read(&path)).transpose()?,
            keys_file_named: named.is_some(),
            keys_file_is_own: flags
                .keys_file
                .as_ref()
                .is_none_or(|file| is_same(file, &own)),
            keys_file: named.unwrap_or(own),
            state_file: data_dir.join(requirement::FILE),
            allow_anonymous: flags.allow_anonymous || file.allow_anonymous.unwrap_or(false),
            requests_per_minute: flags.requests_per_minute.or(file.requests_per_minute),
            origins: file.allowed_origins,
            audit_log: flags.audit_log.clone().or(file.audit_log),
            oidc: file.oidc,
        })
    }
}

/// Whether two paths name one file, which need not exist.
fn is_same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| {
        std::fs::canonicalize(path)
            .or_else(|_| std::path::absolute(path))
            .ok()
    };
    whole(one) == whole(other)
}

/// Keys that come over the open network without TLS are anybody's.
pub(super) fn is_safe(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else {
        return false;
    };

    // What stands before an @ looks like a host and is none.
    let (Some(authority), Some(host)) = (url.authority(), url.host()) else {
        return false;
    };
    let here = ["127.0.0.1", "localhost", "[::1]"].contains(&host);
    !authority.as_str().contains('@')
        && (url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_safely() {
        for good in [
            "https://a.example",
            "http://127.0.0.1:9/x",
            "http://localhost",
            "http://[::1]:80",
        ] {
            assert!(is_safe(good), "{good}");
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
            assert!(!is_safe(bad), "{bad}");
        }
    }

    #[test]
    fn mistakes_are_named() {
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
