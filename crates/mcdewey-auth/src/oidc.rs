//! Verifies tokens of an OpenID Connect issuer (signature, audience, validity period) and maps
//! their claims to a caller.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use mcdewey_core::Visibility;
use serde_json::{Map, Value};

use crate::caller::{Caller, IssuerUnavailable, Role};
use crate::discovery::{agent, fetch_keys};
use crate::error_chain::ErrorChain;
use crate::jwks::{FindKeyError, SigningKeys};
use crate::settings::OidcSettings;

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
/// How many rejected tokens are logged per minute: anyone can send them.
const MAX_LOGGED_PER_MINUTE: u32 = 60;

/// An issuer and the keys it signs with.
pub(crate) struct Issuer {
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

/// Why a token is rejected.
#[derive(Debug, thiserror::Error)]
enum TokenError {
    #[error("the token is longer than {} bytes", MAX_TOKEN_BYTES)]
    TooLong,
    #[error("not a JSON web token")]
    Header(#[source] jsonwebtoken::errors::Error),
    #[error("the token is signed with {0:?}, which is not accepted")]
    Algorithm(Algorithm),
    #[error(transparent)]
    HeaderEncoding(#[from] base64::DecodeError),
    #[error(transparent)]
    HeaderFields(#[from] serde_json::Error),
    #[error("the token has critical extensions (crit), which are not supported")]
    CriticalExtensions,
    #[error("tokens of this type (typ) are not accepted")]
    Type,
    #[error(transparent)]
    FindKey(#[from] FindKeyError),
    #[error("the issuer's key is not for signatures with {0:?}")]
    KeyForOtherAlgorithm(Algorithm),
    #[error("the token names no key, and the issuer has several that match")]
    AmbiguousKey,
    #[error(transparent)]
    Invalid(#[from] jsonwebtoken::errors::Error),
    #[error("the issuer is not a string")]
    IssuerIsNotAString,
    #[error("no key was tried")]
    NoKeyTried,
}

impl Issuer {
    /// Starts the thread that fetches the issuer's keys. Nothing is fetched before there is a
    /// token.
    pub(crate) fn new(settings: OidcSettings) -> io::Result<Self> {
        let agent = agent();
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
    pub(crate) fn identifier(&self) -> &str {
        &self.settings.issuer
    }

    /// Returns the caller a token stands for, or `None` if it is not valid; the reason is only
    /// logged.
    pub(crate) async fn verify(&self, token: &str) -> Result<Option<Caller>, IssuerUnavailable> {
        match self.check(token).await {
            Ok(caller) => Ok(Some(caller)),
            Err(error) => {
                self.log_rejection(&error);
                match error {
                    TokenError::FindKey(FindKeyError::IssuerUnavailable(error)) => Err(error),
                    _ => Ok(None),
                }
            }
        }
    }

    async fn check(&self, token: &str) -> Result<Caller, TokenError> {
        let header = parse_header(token)?;
        let mut keys = self.keys.find(header.kid.as_deref()).await?;
        keys.retain(|key| key.supports(header.alg));

        if keys.is_empty() {
            return Err(TokenError::KeyForOtherAlgorithm(header.alg));
        }
        if header.kid.is_none() && keys.len() > 1 {
            return Err(TokenError::AmbiguousKey);
        }

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
                    if !token.claims["iss"].is_string() {
                        return Err(TokenError::IssuerIsNotAString);
                    }
                    return Ok(caller_from_claims(&token.claims, &self.settings));
                }
                Err(error) => last_error = Some(error),
            }
        }

        Err(last_error.map_or(TokenError::NoKeyTried, TokenError::from))
    }

    /// Logs in one line why a token was rejected, up to [`MAX_LOGGED_PER_MINUTE`].
    fn log_rejection(&self, error: &TokenError) {
        let count = self.count_rejection();
        if count < MAX_LOGGED_PER_MINUTE {
            let reason: String = ErrorChain(error)
                .to_string()
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
fn parse_header(token: &str) -> Result<Header, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::TooLong);
    }

    let header = decode_header(token).map_err(TokenError::Header)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenError::Algorithm(header.alg));
    }

    // No extensions are supported, so any `crit` is rejected, whatever it lists (RFC 7515, section
    // 4.1.11).
    let encoded = token.split('.').next().unwrap_or_default();
    let fields: Map<String, Value> = serde_json::from_slice(&BASE64.decode(encoded)?)?;
    if fields.contains_key("crit") {
        return Err(TokenError::CriticalExtensions);
    }

    if let Some(name) = &header.typ {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("application/").unwrap_or(&name);
        if !TOKEN_TYPES.contains(&name) {
            return Err(TokenError::Type);
        }
    }

    Ok(header)
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
