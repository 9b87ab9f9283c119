//! Who sends a request, and what they may.

use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use mcdewey_core::Visibility;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Ask and read.
    Read,
    /// Change the library, too.
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

/// Whoever sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// What they are called in logs: a key's name, the subject of a token.
    pub name: Arc<str>,
    /// What they may do.
    pub role: Role,
    /// What they may see.
    pub visibility: Visibility,
    /// How often they may ask, where that differs from what the server allows everybody.
    pub requests_per_minute: Option<NonZeroU32>,
}

impl Caller {
    /// Somebody who sent no key where none is needed.
    pub fn anonymous() -> Self {
        Self::new("anonymous", Role::Read, Visibility::Everything)
    }

    /// The process that owns the library, and whoever it told its token.
    pub fn owner() -> Self {
        Self::new("owner", Role::Admin, Visibility::Everything)
    }

    /// Somebody who may see nothing.
    pub(crate) fn nobody() -> Self {
        Self::new(
            "nobody",
            Role::Read,
            Visibility::Only {
                vendors: Vec::new(),
                products: Vec::new(),
            },
        )
    }

    /// Somebody without a limit of their own.
    pub fn new(name: &str, role: Role, visibility: Visibility) -> Self {
        Self {
            name: name.into(),
            role,
            visibility,
            requests_per_minute: None,
        }
    }
}

/// A token cannot be checked, for its issuer's keys cannot be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the tokens' issuer cannot be fetched now")]
pub struct IssuerUnavailable;

/// Knows keys and tokens.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Who sent this key or token; nobody when it is not good (any more).
    async fn caller(&self, secret: &str) -> Result<Option<Caller>, IssuerUnavailable>;

    /// Whether callers without a key are to be kept out: keys were asked for once, even if none is left that opens
    /// anything.
    fn required(&self) -> bool;
}

/// Whether somebody without a key may ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Anonymous {
    /// Never.
    Never,
    /// As long as keys were never asked for: a library on one's own machine.
    #[default]
    UntilKeys,
    /// Always, beside those who send keys.
    Always,
}
