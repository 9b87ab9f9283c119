//! Verifies tokens of an OpenID Connect issuer (signature, audience, validity period) and maps
//! their claims to a caller.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use mcdewey_core::Visibility;
use mcdewey_query::{Caller, IssuerUnavailable, Role};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::jwks::{KeySet, SigningKeys};
use super::settings::{OidcSettings, is_secure_url};

/// Asymmetric algorithms only: verification needs no shared secret.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// Accepted values of `typ`. Other tokens that an issuer signs, such as logout notices, grant no
/// access.
const TOKEN_TYPES: [&str; 2] = ["jwt", "at+jwt"];
/// Longer tokens are rejected without being parsed.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// How many keys with the same id are tried.
const MAX_KEYS_TRIED: usize = 4;
/// Timeout of one request to the issuer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer responses of the issuer are an error.
const MAX_RESPONSE_BYTES: u64 = 1024 * 1024;
/// How many rejected tokens are logged per minute: anyone can send them.
const MAX_LOGGED_PER_MINUTE: u32 = 60;

/// An issuer and the keys it signs with.
pub(super) struct Issuer {
    settings: OidcSettings,
    keys: SigningKeys,
    rejections: Mutex<Option<RejectionCount>>,
}

/// Rejected tokens since the start of a minute.
#[derive(Clone, Copy)]
struct RejectionCount {
    start: Instant,
    count: u32,
}

/// The required fields of an issuer's discovery document.
#[derive(Deserialize)]
struct DiscoveryDocument {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    pub(super) fn new(settings: OidcSettings) -> Result<Self> {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .max_redirects(0);
        let agent = ureq::Agent::from(config.build());

        let fetch_settings = settings.clone();
        let keys = SigningKeys::new(
            &settings.issuer,
            Box::new(move || fetch_keys(&agent, &fetch_settings)),
        )?;

        Ok(Self {
            settings,
            keys,
            rejections: Mutex::default(),
        })
    }

    /// The issuer as its tokens name it.
    pub(super) fn identifier(&self) -> &str {
        &self.settings.issuer
    }

    /// Returns the caller a token stands for, or `None` if it is not valid; the reason is only
    /// logged.
    pub(super) async fn verify(&self, token: &str) -> Result<Option<Caller>, IssuerUnavailable> {
        match self.check(token).await {
            Ok(caller) => Ok(Some(caller)),
            Err(error) => {
                self.log_rejection(&error);
                error.downcast::<IssuerUnavailable>().map_or(Ok(None), Err)
            }
        }
    }

    async fn check(&self, token: &str) -> Result<Caller> {
        let header = parse_header(token)?;
        let mut keys = self.keys.find(header.kid.as_deref()).await?;
        keys.retain(|key| key.supports(header.alg));

        ensure!(
            !keys.is_empty(),
            "the issuer's key is not for signatures with {:?}",
            header.alg
        );
        ensure!(
            header.kid.is_some() || keys.len() == 1,
            "the token names no key, and the issuer has several that match"
        );

        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;

        let mut last_error = None;
        for key in keys.iter().take(MAX_KEYS_TRIED) {
            match decode::<Value>(token, &key.key, &validation) {
                Ok(token) => {
                    // Unlike an audience, an issuer is a single string and never a list (RFC 7519,
                    // section 4.1.1).
                    ensure!(
                        token.claims["iss"].is_string(),
                        "the issuer is not a string"
                    );
                    return Ok(caller_from_claims(&token.claims, &self.settings));
                }
                Err(error) => last_error = Some(error),
            }
        }

        match last_error {
            Some(error) => Err(error.into()),
            None => bail!("no key was tried"),
        }
    }

    /// Logs in one line why a token was rejected, up to [`MAX_LOGGED_PER_MINUTE`].
    fn log_rejection(&self, error: &anyhow::Error) {
        let count = self.count_rejection();
        if count < MAX_LOGGED_PER_MINUTE {
            let reason: String = format!("{error:#}")
                .chars()
                .filter(|c| !c.is_control())
                .take(200)
                .collect();
            tracing::info!("rejected a token: {reason}");
        } else if count == MAX_LOGGED_PER_MINUTE {
            tracing::warn!(
                "rejected more than {MAX_LOGGED_PER_MINUTE} tokens within a minute; the rest are \
                 not logged"
            );
        }
    }

    /// Counts a rejection and returns how many came before it in the same minute.
    fn count_rejection(&self) -> u32 {
        let mut rejections = self
            .rejections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);

        let current = rejections
            .filter(|current| current.start.elapsed() < Duration::from_secs(60))
            .unwrap_or_else(|| RejectionCount {
                start: Instant::now(),
                count: 0,
            });

        *rejections = Some(RejectionCount {
            count: current.count.saturating_add(1),
            ..current
        });

        current.count
    }
}

/// Parses the header of a token and checks everything in it that must be understood.
fn parse_header(token: &str) -> Result<Header> {
    ensure!(
        token.len() <= MAX_TOKEN_BYTES,
        "the token is longer than {MAX_TOKEN_BYTES} bytes"
    );
    let header = decode_header(token).context("not a JSON web token")?;
    ensure!(
        ALGORITHMS.contains(&header.alg),
        "the token is signed with {:?}, which is not accepted",
        header.alg
    );

    // No extensions are supported, so any `crit` is rejected, whatever it lists (RFC 7515, section
    // 4.1.11).
    let encoded = token.split('.').next().unwrap_or_default();
    let fields: Map<String, Value> = serde_json::from_slice(&BASE64.decode(encoded)?)?;
    ensure!(
        !fields.contains_key("crit"),
        "the token has critical extensions (crit), which are not supported"
    );

    if let Some(name) = &header.typ {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("application/").unwrap_or(&name);
        ensure!(
            TOKEN_TYPES.contains(&name),
            "tokens of this type (typ) are not accepted"
        );
    }

    Ok(header)
}

fn fetch_keys(agent: &ureq::Agent, settings: &OidcSettings) -> Result<KeySet> {
    let url = match &settings.jwks_url {
        Some(url) => url.clone(),
        None => discover_jwks_url(agent, settings)?,
    };

    get_json(agent, &url)
}

fn discover_jwks_url(agent: &ureq::Agent, settings: &OidcSettings) -> Result<String> {
    let url = format!(
        "{}/.well-known/openid-configuration",
        settings.issuer.trim_end_matches('/')
    );
    let document: DiscoveryDocument = get_json(agent, &url)?;

    ensure!(
        document.issuer == settings.issuer,
        "the issuer identifies itself as {}",
        document.issuer
    );
    ensure!(
        is_secure_url(&document.jwks_uri),
        "the issuer's keys are at {}, which is not an https:// URL",
        document.jwks_uri
    );

    Ok(document.jwks_uri)
}

/// Fetches JSON. Redirects are not followed, and a server on this machine is not reached through a
/// proxy.
fn get_json<T: DeserializeOwned>(agent: &ureq::Agent, url: &str) -> Result<T> {
    let request = agent.get(url);
    let mut response = match url.starts_with("https:") {
        true => request.call()?,
        // Other schemes are accepted for this machine only, see `is_secure_url`.
        false => request.config().proxy(None).build().call()?,
    };

    ensure!(
        response.status() == 200,
        "{url} returned {}",
        response.status()
    );

    Ok(response
        .body_mut()
        .with_config()
        .limit(MAX_RESPONSE_BYTES)
        .read_json()?)
}

fn caller_from_claims(claims: &Value, settings: &OidcSettings) -> Caller {
    let is_admin = ["scope", "scp", "roles"]
        .iter()
        .flat_map(|name| scopes(&claims[*name]))
        .any(|scope| scope == settings.admin_scope);
    let role = if is_admin { Role::Admin } else { Role::Read };

    let is_limited = settings.products_claim.is_some() || settings.vendors_claim.is_some();
    let visibility = match is_admin || !is_limited {
        true => Visibility::Everything,
        false => Visibility::Only {
            vendors: claim_values(claims, settings.vendors_claim.as_deref()),
            products: claim_values(claims, settings.products_claim.as_deref()),
        },
    };

    // Issuers may let users choose their subject, so it is untrusted text.
    let subject: String = claims["sub"]
        .as_str()
        .unwrap_or("without a subject")
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .collect();

    Caller::new(&format!("token {subject}"), role, visibility)
}

/// The scopes or roles in a claim: scopes are one string separated by spaces, roles are a list.
fn scopes(claim: &Value) -> Vec<String> {
    match claim {
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        other => strings(other),
    }
}

/// The strings in the claim with this name; none if it is missing or no name is configured.
fn claim_values(claims: &Value, name: Option<&str>) -> Vec<String> {
    name.map(|name| strings(&claims[name])).unwrap_or_default()
}

fn strings(claim: &Value) -> Vec<String> {
    match claim {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
