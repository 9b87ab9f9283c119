//! Turns the settings into the access policy of a server that is about to start. A server that
//! other machines can reach does not start without a key requirement, unless the operator allows
//! anonymous access.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::audit_file::AuditFile;
use crate::caller::AnonymousAccess;
use crate::error::AccessError;
use crate::feedback_policy::FeedbackPolicy;
use crate::key_ring::{KeyRing, OPENED_WARNING};
use crate::keys;
use crate::oidc::Issuer;
use crate::policy::AccessPolicy;
use crate::requirement::{KeyRequirement, RequirementHistory, RequirementStatus};
use crate::settings::AccessSettings;

/// How a server is reached.
#[derive(Debug, Clone, Copy)]
pub struct Exposure<'a> {
    /// The address it listens on.
    pub listen: SocketAddr,
    /// The URL under which a proxy publishes it, if configured.
    pub public_url: Option<&'a str>,
    /// Configured host names under which it is reached.
    pub allowed_hosts: &'a [String],
}

impl Exposure<'_> {
    /// Reports whether only this machine can connect.
    fn is_loopback(&self) -> bool {
        self.listen.ip().is_loopback()
    }

    /// Reports whether only users of this machine are meant to reach the server. An operator who
    /// puts a proxy in front of it configures the host names under which it is reached.
    fn is_personal(&self) -> bool {
        self.is_loopback() && self.public_url.is_none() && self.allowed_hosts.is_empty()
    }
}

/// Starts watching the keys file of a server that is about to start.
pub struct KeyWatcher(Arc<KeyRing>);

impl KeyWatcher {
    /// Watches the keys file from now on, and records that keys are required. Fails if that cannot
    /// be recorded.
    ///
    /// Only the owner of the data directory may call this: the record closes the server that runs
    /// over it.
    pub fn start(&self) -> Result<(), AccessError> {
        self.0.start_watching()
    }
}

/// Returns the access policy for these settings, and the watcher that the server must
/// [start](KeyWatcher::start). Writes nothing to the data directory, except that it deletes
/// unfinished copies of the keys file and of the record.
///
/// Fails if the server must not start: if other machines can reach it and no key is required, or if
/// the keys file or the audit log cannot be used.
pub fn policy(
    settings: &AccessSettings,
    exposure: &Exposure<'_>,
    feedback: FeedbackPolicy,
) -> Result<(AccessPolicy, KeyWatcher), AccessError> {
    let requirement = KeyRequirement::from_settings(settings);
    requirement.remove_abandoned_files();

    let AccessSettings {
        key,
        keys_file,
        allow_anonymous,
        requests_per_minute,
        origins,
        audit_log,
        oidc,
        ..
    } = settings.clone();

    let issuer = oidc
        .map(Issuer::new)
        .transpose()
        .map_err(AccessError::Thread)?;
    let issuers = issuer
        .iter()
        .map(|issuer| issuer.identifier().to_owned())
        .collect();
    let key_ring = Arc::new(KeyRing::open(keys_file.clone(), key, issuer, requirement)?);

    let listen = exposure.listen;
    let status = key_ring.requirement_status();
    if !exposure.is_loopback() && !allow_anonymous && status != RequirementStatus::Required {
        return Err(AccessError::NoKeyRequired { listen, keys_file });
    }

    warn_about_access(settings, listen, &key_ring, status);

    let anonymous = match (allow_anonymous, exposure.is_loopback()) {
        (true, _) => AnonymousAccess::Always,
        (false, true) => AnonymousAccess::UntilKeys,
        (false, false) => AnonymousAccess::Never,
    };

    let mut policy = AccessPolicy::default()
        .with_credentials(Arc::<KeyRing>::clone(&key_ring))
        .with_anonymous(anonymous)
        .with_requests_per_minute(requests_per_minute)
        .with_issuers(issuers)
        .with_origins(origins)
        .with_feedback(feedback)
        .with_personal(exposure.is_personal());

    if let Some(path) = audit_log {
        policy = policy.with_audit(Arc::new(AuditFile::open(&path)?));
    }

    Ok((policy, KeyWatcher(key_ring)))
}

/// Warns at startup about access that an operator may not expect: open to everyone, or to no one.
fn warn_about_access(
    settings: &AccessSettings,
    listen: SocketAddr,
    key_ring: &KeyRing,
    status: RequirementStatus,
) {
    if settings.allow_anonymous {
        tracing::warn!(
            "allow_anonymous is set: anyone who can reach {listen}, directly or through a proxy, \
             may read the whole library without a key"
        );
    } else if matches!(status, RequirementStatus::Opened(_)) {
        tracing::warn!("{OPENED_WARNING}");
    } else if status == RequirementStatus::Required && !key_ring.has_valid_credentials() {
        tracing::warn!(
            "keys are required, but {} contains no valid key: only commands on this machine are \
             answered; create a key with `mcdewey keys create NAME`, or stop requiring keys with \
             `mcdewey keys open`",
            settings.keys_file.display()
        );
    }
}

/// The state of access control, as `mcdewey doctor` reports it.
#[derive(Debug, Serialize)]
pub struct AccessSummary {
    /// Keys in the file that are valid now.
    pub valid_keys: usize,
    /// Keys in the file that have expired.
    pub expired_keys: usize,
    /// Whether requests without a key are rejected.
    pub keys_required: bool,
    /// Whether the settings accept requests without a key regardless.
    pub allow_anonymous: bool,
    /// When `mcdewey keys open` was run, if that is still in effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<Timestamp>,
}

/// Summarises keys and settings of a server that listens on this address, without changing
/// anything. Fails if the keys file cannot be used.
pub fn summary(
    settings: &AccessSettings,
    listen: SocketAddr,
) -> Result<AccessSummary, AccessError> {
    let entries = keys::read(&settings.keys_file)?;
    let valid_keys = entries
        .iter()
        .filter(|entry| entry.is_valid(Timestamp::now()))
        .count();

    let has_credentials = !entries.is_empty() || settings.key.is_some() || settings.oidc.is_some();
    let status = KeyRequirement::from_settings(settings)
        .status(has_credentials, &mut RequirementHistory::default());

    Ok(AccessSummary {
        valid_keys,
        expired_keys: entries.len() - valid_keys,
        keys_required: status == RequirementStatus::Required
            || (!listen.ip().is_loopback() && !settings.allow_anonymous),
        allow_anonymous: settings.allow_anonymous,
        opened: match status {
            RequirementStatus::Opened(at) => Some(at),
            RequirementStatus::NeverRequired | RequirementStatus::Required => None,
        },
    })
}

#[cfg(test)]
mod tests;
