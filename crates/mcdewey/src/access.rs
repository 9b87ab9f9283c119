//! Access control: turns the settings into an access policy. A server that other machines can reach
//! does not start without a key requirement, unless the operator allows anonymous access.

mod audit;
mod jwks;
mod key_ring;
pub(crate) mod keys;
mod lock;
mod oidc;
mod private_file;
pub(crate) mod requirement;
pub(crate) mod settings;

use std::sync::Arc;

use anyhow::{Result, bail};
use jiff::Timestamp;
use mcdewey_query::{AccessPolicy, AnonymousAccess};
use serde::Serialize;

use self::audit::AuditFile;
use self::key_ring::KeyRing;
use self::oidc::Issuer;
use self::requirement::{KeyRequirement, RequirementHistory, RequirementStatus};
use self::settings::AccessSettings;
use crate::settings::Settings;

/// Starts watching the keys file of a server that is about to start.
pub(crate) struct KeyWatcher(Arc<KeyRing>);

impl KeyWatcher {
    /// Watches the keys file from now on, and records that keys are required.
    ///
    /// Only the owner of the data directory may call this: the record closes the server that runs
    /// over it.
    pub(crate) fn start(&self) -> Result<()> {
        self.0.start_watching()
    }
}

/// Returns the access policy for these settings, and the watcher that the server must
/// [start](KeyWatcher::start). Writes nothing to the data directory.
pub(crate) fn policy(settings: &Settings) -> Result<(AccessPolicy, KeyWatcher)> {
    let requirement = KeyRequirement::from_settings(&settings.access);
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
    } = settings.access.clone();

    let issuer = oidc.map(Issuer::new).transpose()?;
    let issuers = issuer
        .iter()
        .map(|issuer| issuer.identifier().to_owned())
        .collect();
    let key_ring = Arc::new(KeyRing::open(keys_file.clone(), key, issuer, requirement)?);

    let listen = settings.listen;
    let is_loopback = listen.ip().is_loopback();
    let status = key_ring.requirement_status();

    if !is_loopback && !allow_anonymous && status != RequirementStatus::Required {
        bail!(
            "other machines can reach {listen}, and no key is required yet; create one with \
             `mcdewey keys create NAME` (stored in {}), pass --allow-anonymous, or listen on \
             127.0.0.1",
            keys_file.display()
        );
    }

    warn_about_access(settings, &key_ring, status);

    let anonymous = match (allow_anonymous, is_loopback) {
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
        .with_feedback(settings.feedback)
        .with_personal(is_personal(settings));

    if let Some(path) = audit_log {
        policy = policy.with_audit(Arc::new(AuditFile::open(&path)?));
    }

    Ok((policy, KeyWatcher(key_ring)))
}

/// Warns at startup about access that an operator may not expect: open to everyone, or to no one.
fn warn_about_access(settings: &Settings, key_ring: &KeyRing, status: RequirementStatus) {
    if settings.access.allow_anonymous {
        tracing::warn!(
            "allow_anonymous is set: anyone who can reach {}, directly or through a proxy, may \
             read the whole library without a key",
            settings.listen
        );
    } else if matches!(status, RequirementStatus::Opened(_)) {
        tracing::warn!("{}", key_ring::OPENED_WARNING);
    } else if status == RequirementStatus::Required && !key_ring.has_valid_credentials() {
        tracing::warn!(
            "keys are required, but {} contains no valid key: only commands on this machine are \
             answered; create a key with `mcdewey keys create NAME`, or stop requiring keys with \
             `mcdewey keys open`",
            settings.access.keys_file.display()
        );
    }
}

/// The state of access control, as `mcdewey doctor` reports it.
#[derive(Debug, Serialize)]
pub(crate) struct AccessSummary {
    /// Keys in the file that are valid now.
    pub(crate) valid_keys: usize,
    /// Keys in the file that have expired.
    pub(crate) expired_keys: usize,
    /// Whether requests without a key are rejected.
    pub(crate) keys_required: bool,
    /// Whether the settings accept requests without a key regardless.
    pub(crate) allow_anonymous: bool,
    /// When `mcdewey keys open` was run, if that is still in effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) opened: Option<Timestamp>,
}

/// Summarises keys and settings without changing anything.
pub(crate) fn summary(settings: &Settings) -> Result<AccessSummary> {
    let access = &settings.access;
    let entries = keys::read(&access.keys_file)?;
    let valid_keys = entries
        .iter()
        .filter(|entry| entry.is_valid(Timestamp::now()))
        .count();

    let has_credentials = !entries.is_empty() || access.key.is_some() || access.oidc.is_some();
    let status = KeyRequirement::from_settings(access)
        .status(has_credentials, &mut RequirementHistory::default());

    Ok(AccessSummary {
        valid_keys,
        expired_keys: entries.len() - valid_keys,
        keys_required: status == RequirementStatus::Required
            || (!settings.listen.ip().is_loopback() && !access.allow_anonymous),
        allow_anonymous: access.allow_anonymous,
        opened: match status {
            RequirementStatus::Opened(at) => Some(at),
            RequirementStatus::NeverRequired | RequirementStatus::Required => None,
        },
    })
}

/// Reports whether only users of this machine are meant to reach the server. An operator who puts a
/// proxy in front of it configures the host names under which it is reached.
fn is_personal(settings: &Settings) -> bool {
    settings.listen.ip().is_loopback()
        && settings.public_url.is_none()
        && settings.allowed_hosts.is_empty()
}

#[cfg(test)]
mod tests;
