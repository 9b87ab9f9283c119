//! Fetches the keys of an issuer, from the address in its OpenID Connect discovery document.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::jwks::KeySet;
use crate::secure_url::is_secure_url;
use crate::settings::OidcSettings;

/// Timeout of one request to the issuer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer responses of the issuer are an error.
const MAX_RESPONSE_BYTES: u64 = 1024 * 1024;

/// The required fields of an issuer's discovery document.
#[derive(Deserialize)]
struct DiscoveryDocument {
    issuer: String,
    jwks_uri: String,
}

/// Why the keys of an issuer cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(transparent)]
    Request(#[from] ureq::Error),
    #[error("{url} returned {status}")]
    Status {
        url: String,
        status: ureq::http::StatusCode,
    },
    #[error("the issuer identifies itself as {0}")]
    OtherIssuer(String),
    #[error("the issuer's keys are at {0}, which is not an https:// URL")]
    InsecureKeysUrl(String),
}

/// An agent for requests to an issuer. It does not follow redirects.
pub(crate) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(REQUEST_TIMEOUT))
        .max_redirects(0);
    ureq::Agent::from(config.build())
}

pub(crate) fn fetch_keys(
    agent: &ureq::Agent,
    settings: &OidcSettings,
) -> Result<KeySet, FetchError> {
    let url = match &settings.jwks_url {
        Some(url) => url.clone(),
        None => discover_jwks_url(agent, settings)?,
    };

    get_json(agent, &url)
}

fn discover_jwks_url(agent: &ureq::Agent, settings: &OidcSettings) -> Result<String, FetchError> {
    let url = format!(
        "{}/.well-known/openid-configuration",
        settings.issuer.trim_end_matches('/')
    );
    let document: DiscoveryDocument = get_json(agent, &url)?;

    if document.issuer != settings.issuer {
        return Err(FetchError::OtherIssuer(document.issuer));
    }
    if !is_secure_url(&document.jwks_uri) {
        return Err(FetchError::InsecureKeysUrl(document.jwks_uri));
    }

    Ok(document.jwks_uri)
}

/// Fetches JSON. Redirects are not followed, and a server on this machine is not reached through a
/// proxy.
fn get_json<T: DeserializeOwned>(agent: &ureq::Agent, url: &str) -> Result<T, FetchError> {
    let request = agent.get(url);
    let mut response = match url.starts_with("https:") {
        true => request.call()?,
        // Other schemes are accepted for this machine only, see `is_secure_url`.
        false => request.config().proxy(None).build().call()?,
    };

    if response.status() != 200 {
        return Err(FetchError::Status {
            url: url.to_owned(),
            status: response.status(),
        });
    }

    Ok(response
        .body_mut()
        .with_config()
        .limit(MAX_RESPONSE_BYTES)
        .read_json()?)
}
