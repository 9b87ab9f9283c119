//! Which caller a key or token stands for, and how often they may send requests.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::ContentHash;

use crate::caller::{Caller, IssuerUnavailable};
use crate::policy::AccessPolicy;
use crate::rate_limits::BucketKey;

/// Why a request has no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthError {
    /// A key is required and none was sent.
    MissingKey,
    /// The key or token is not valid.
    WrongKey,
    /// The token may be valid, but it cannot be verified now.
    Unverified,
}

impl AccessPolicy {
    /// The caller who sent this key or token, or none. `owner_token` is the secret of the process
    /// that owns the library; an empty one matches nothing.
    pub async fn authenticate(
        &self,
        secret: Option<&str>,
        owner_token: &str,
    ) -> Result<Caller, AuthError> {
        let Some(secret) = secret else {
            return self.caller_without_key();
        };

        if matches_key(secret, owner_token) {
            return Ok(Caller::owner());
        }

        match &self.credentials {
            Some(credentials) if credentials.required() => {
                match credentials.caller(secret).await {
                    Ok(Some(caller)) => Ok(caller),
                    // An empty key is not a guess and does not count as one, but it does not admit
                    // anyone either.
                    Ok(None) if secret.is_empty() => Err(AuthError::MissingKey),
                    Ok(None) => Err(AuthError::WrongKey),
                    Err(IssuerUnavailable) => Err(AuthError::Unverified),
                }
            }
            // Clients send the key they were configured with, even where none is required.
            _ => self.caller_without_key(),
        }
    }

    /// Counts a request of this caller, who sent it from this address. The error is how long to
    /// wait if there were too many.
    pub fn check_request(&self, caller: &Caller, remote: Option<IpAddr>) -> Result<(), Duration> {
        self.limits
            .check_request(&bucket_key(caller, remote), caller.requests_per_minute)
    }

    /// Counts a wrong key sent from this address, [`WRONG_KEYS_PER_MINUTE`] at most. The error is
    /// how long to wait if there were too many.
    ///
    /// [`WRONG_KEYS_PER_MINUTE`]: crate::WRONG_KEYS_PER_MINUTE
    pub fn check_wrong_key(&self, remote: Option<IpAddr>) -> Result<(), Duration> {
        self.limits.check_wrong_key(&BucketKey::for_network(remote))
    }

    /// Whether to write another rejected request from this address to the audit log. The limit
    /// keeps strangers from filling the disk.
    pub fn audits_rejection(&self, remote: Option<IpAddr>) -> bool {
        self.limits
            .audits_rejection(&BucketKey::for_network(remote))
    }

    fn caller_without_key(&self) -> Result<Caller, AuthError> {
        self.without_key().ok_or(AuthError::MissingKey)
    }
}

/// Callers without a key are told apart by their network.
fn bucket_key(caller: &Caller, remote: Option<IpAddr>) -> BucketKey {
    if *caller == Caller::anonymous() {
        BucketKey::for_network(remote)
    } else {
        BucketKey::Caller(Arc::clone(&caller.name))
    }
}

/// Whether a secret equals this key; an empty key matches nothing.
///
/// Compares hashes, and always all of their bytes, so that the time it takes reveals nothing.
fn matches_key(sent: &str, key: &str) -> bool {
    let (sent, expected) = (ContentHash::of(sent), ContentHash::of(key));
    let difference = sent
        .as_bytes()
        .iter()
        .zip(expected.as_bytes())
        .fold(0, |sum, (a, b)| sum | (a ^ b));

    !key.is_empty() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnonymousAccess;

    #[tokio::test]
    async fn an_empty_key_matches_nothing() {
        assert!(matches_key("key", "key") && !matches_key("", ""));

        let policy = AccessPolicy::default().with_anonymous(AnonymousAccess::Never);
        assert_eq!(
            policy.authenticate(None, "key").await,
            Err(AuthError::MissingKey)
        );
        assert_eq!(
            policy.authenticate(Some(""), "").await,
            Err(AuthError::MissingKey)
        );
        assert_eq!(
            policy.authenticate(Some("key"), "key").await,
            Ok(Caller::owner())
        );
    }
}
