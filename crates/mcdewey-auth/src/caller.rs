//! The sender of a request, and what they may do and see.

use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use mcdewey_core::Visibility;
use serde::{Deserialize, Serialize};

/// What a caller may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Search and read.
    #[default]
    Read,
    /// Also change the library.
    Admin,
}

impl Role {
    /// The role's name in settings and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

/// The authenticated sender of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name in logs: that of the key, or the subject of the token.
    pub name: Arc<str>,
    /// What they may do.
    pub role: Role,
    /// What they may see.
    pub visibility: Visibility,
    /// Overrides the server's rate limit for this caller.
    pub requests_per_minute: Option<NonZeroU32>,
}

impl Caller {
    /// A caller without a key, on a server that does not require one.
    pub fn anonymous() -> Self {
        Self::new("anonymous", Role::Read, Visibility::Everything)
    }

    /// The process that owns the library, and everyone who has its token.
    pub fn owner() -> Self {
        Self::new("owner", Role::Admin, Visibility::Everything)
    }

    /// An unauthenticated caller, who may see nothing.
    pub fn nobody() -> Self {
        let nothing = Visibility::Only {
            vendors: Vec::new(),
            products: Vec::new(),
        };
        Self::new("nobody", Role::Read, nothing)
    }

    /// A caller without a rate limit of their own.
    pub fn new(name: &str, role: Role, visibility: Visibility) -> Self {
        Self {
            name: name.into(),
            role,
            visibility,
            requests_per_minute: None,
        }
    }
}

/// A token cannot be verified because its issuer's keys cannot be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the token issuer cannot be fetched now")]
pub struct IssuerUnavailable;

/// Verifies keys and tokens.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The caller who holds this key or token; `None` if it is not valid or no longer so.
    async fn caller(&self, secret: &str) -> Result<Option<Caller>, IssuerUnavailable>;

    /// Whether callers must send a key. Stays true once keys have been required, even if no valid
    /// key is left.
    fn required(&self) -> bool;
}

/// Whether callers without a key are admitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AnonymousAccess {
    /// Never; a key is needed even before the first one is created.
    Never,
    /// Until keys are required for the first time, as for a library on one's own machine.
    #[default]
    UntilKeys,
    /// Always, in addition to callers with keys.
    Always,
}
