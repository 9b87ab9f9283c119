//! Access control: who may use a library, and for what.
//!
//! An [`AccessPolicy`] identifies the [`Caller`] who holds a key or a token, limits how often they
//! may send requests, and names the audit log. [`startup::policy`] makes one from
//! [`AccessSettings`]: the keys file ([`keys`]), the tokens of an OpenID Connect issuer, and the
//! record of whether keys are required ([`KeyRequirement`]).
//!
//! This crate knows no web server. What a request's headers say, and what a rejection looks like,
//! is up to the service that asks the policy.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod audit;
mod audit_file;
mod authentication;
mod caller;
mod discovery;
mod error;
mod error_chain;
mod feedback_policy;
mod jwks;
mod key_ring;
pub mod keys;
mod lock;
mod oidc;
mod policy;
mod private_file;
mod rate_limits;
mod requirement;
mod secure_url;
mod settings;
pub mod startup;

pub use audit::{Audit, AuditEntry};
pub use authentication::AuthError;
pub use caller::{AnonymousAccess, Caller, Credentials, IssuerUnavailable, Role};
pub use error::AccessError;
pub use feedback_policy::FeedbackPolicy;
pub use keys::KeysError;
pub use lock::LockError;
pub use policy::AccessPolicy;
pub use rate_limits::WRONG_KEYS_PER_MINUTE;
pub use requirement::{KeyRequirement, RequirementError, RequirementHistory, RequirementStatus};
pub use secure_url::is_secure_url;
pub use settings::{AccessSettings, OidcSettings};
