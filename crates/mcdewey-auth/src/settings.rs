//! The settings of access control, as the program resolved them.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::requirement;

/// The name of the keys file in the data directory.
const KEYS_FILE: &str = "keys.toml";

/// How access to a library is controlled.
#[derive(Debug, Clone)]
pub struct AccessSettings {
    /// The key that all users share, if there is one.
    pub key: Option<String>,
    /// The file that stores the keys of `mcdewey keys`.
    pub keys_file: PathBuf,
    /// Whether the operator configured `keys_file`, which alone requires keys.
    pub is_keys_file_configured: bool,
    /// Whether `keys_file` is the one in the data directory or in `mcdewey.toml`, rather than a
    /// different one given by a flag or the environment.
    pub is_default_keys_file: bool,
    /// The file that records whether keys are required.
    pub state_file: PathBuf,
    /// Whether callers without a key are admitted even when keys are required.
    pub allow_anonymous: bool,
    /// The limit for each caller without a limit of its own.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Origins of other sites whose pages may call the server.
    pub origins: Vec<String>,
    /// The file that requests are recorded in, if any.
    pub audit_log: Option<PathBuf>,
    /// The issuer whose tokens are accepted, if any.
    pub oidc: Option<OidcSettings>,
}

/// `[oidc]`: an issuer whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The issuer as its tokens name it. Its discovery document is below this URL.
    pub issuer: String,
    /// The audience that tokens must have.
    pub audience: String,
    /// Where the issuer publishes its keys, if not at the URL in its discovery document.
    pub jwks_url: Option<String>,
    /// The scope or role that grants the admin role.
    #[serde(default = "admin_scope")]
    pub admin_scope: String,
    /// The claim that lists the products a caller may see. If it is configured, a token without it
    /// grants access to nothing.
    pub products_claim: Option<String>,
    /// The claim that lists the vendors a caller may see, likewise.
    pub vendors_claim: Option<String>,
}

impl AccessSettings {
    /// The settings of a library for which the operator set nothing: its keys are in the data
    /// directory, and none is required before the first one is created.
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self {
            key: None,
            keys_file: data_dir.join(KEYS_FILE),
            is_keys_file_configured: false,
            is_default_keys_file: true,
            state_file: data_dir.join(requirement::FILE),
            allow_anonymous: false,
            requests_per_minute: None,
            origins: Vec::new(),
            audit_log: None,
            oidc: None,
        }
    }
}

fn admin_scope() -> String {
    "mcdewey:admin".to_owned()
}
