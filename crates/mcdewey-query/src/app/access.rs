//! Authentication and authorisation: who may send requests, and for what.
//!
//! Without keys every caller who reaches the server is admitted. Once there are keys, programs send
//! one as a bearer token, and browsers send it as the password that they prompt for.

pub(super) mod audit;
pub(super) mod caller;
mod limits;
pub(super) mod metadata;
pub(super) mod origins;
pub(super) mod policy;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mcdewey_core::ContentHash;

use self::audit::AuditEntry;
use self::caller::{Caller, IssuerUnavailable, Role};
use self::limits::BucketKey;
use super::Service;
use super::hosts::NoHost;
use crate::rest::Problem;

/// Health checks, which need no key. They reveal nothing about the library to callers who may not
/// see it. The metadata that names the token issuers ([`metadata::PATH`]) is public as well.
pub(super) const PUBLIC_PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// How long a client should wait before it retries a token that could not be verified.
const UNVERIFIED_RETRY_SECONDS: u64 = 10;

/// Why a request has no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AuthError {
    /// A key is required and none was sent.
    MissingKey,
    /// The key or token is not valid.
    WrongKey,
    /// The token may be valid, but it cannot be verified now.
    Unverified,
}

/// Authenticates a request, and passes it on with its [`Caller`] if the caller may send it.
pub(super) async fn authenticate(
    State(service): State<Service>,
    mut request: Request,
    next: Next,
) -> Response {
    let is_public = PUBLIC_PATHS.contains(&request.uri().path())
        || request.uri().path().starts_with(metadata::PATH);

    let remote = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let network = BucketKey::for_network(remote);

    let authenticated = match request.extensions().get::<NoHost>() {
        Some(_) => Err(AuthError::MissingKey),
        None => service.caller(request.headers()).await,
    };

    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    let caller = authenticated.clone().unwrap_or_else(|_| Caller::nobody());

    let response = match service.reject(&authenticated, is_public, &network) {
        Some(response) => response,
        None => {
            request.extensions_mut().insert(caller.clone());
            next.run(request).await
        }
    };

    let is_audited = !is_public || authenticated == Err(AuthError::WrongKey);
    if let Some(audit) = &service.access.audit
        && is_audited
        && (authenticated.is_ok() || service.access.limits.audits_rejection(&network))
    {
        let (remote, status) = (
            remote.map(|address| address.to_string()),
            response.status().as_u16(),
        );
        audit.record(AuditEntry::new(&caller, remote, &method, &path, status));
    }

    if service.access.requires_keys() {
        vary_on_authorization(response)
    } else {
        response
    }
}

impl Service {
    /// Authenticates the sender of these headers.
    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, AuthError> {
        let Some(secret) = sent_secret(headers) else {
            return self.caller_without_key();
        };

        if matches_key(Some(&secret), &self.admin_token) {
            return Ok(Caller::owner());
        }

        match &self.access.credentials {
            Some(credentials) if credentials.required() => {
                match credentials.caller(&secret).await {
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

    fn caller_without_key(&self) -> Result<Caller, AuthError> {
        self.access.without_key().ok_or(AuthError::MissingKey)
    }

    /// The error response for a request that may not pass, or `None` if it may.
    ///
    /// Public paths are not rate limited, but wrong keys are counted there too, so that they cannot
    /// be used to guess keys.
    fn reject(
        &self,
        authenticated: &Result<Caller, AuthError>,
        is_public: bool,
        network: &BucketKey,
    ) -> Option<Response> {
        let limits = &self.access.limits;
        match authenticated {
            Err(AuthError::WrongKey) => match limits.check_wrong_key(network) {
                Err(wait) => Some(rate_limited("too many wrong keys from this address", wait)),
                Ok(()) => (!is_public).then(|| self.unauthorized()),
            },
            _ if is_public => None,
            Err(AuthError::MissingKey) => Some(self.unauthorized()),
            Err(AuthError::Unverified) => Some(unverified()),
            Ok(caller) => limits
                .check_request(&bucket_key(caller, network), caller.requests_per_minute)
                .err()
                .map(|wait| rate_limited("too many requests for this key", wait)),
        }
    }

    fn unauthorized(&self) -> Response {
        let detail = "an access key is required; send it as Authorization: Bearer …, \
                      or as the password that a browser prompts for";
        let mut response =
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).into_response();

        let headers = response.headers_mut();
        if let Some(challenge) = metadata::challenge(&self.public_url(), &self.access.issuers) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }

        let basic = HeaderValue::from_static("Basic realm=\"McDewey\", charset=\"UTF-8\"");
        headers.append(header::WWW_AUTHENTICATE, basic);

        response
    }
}

/// Returns an error unless the caller is an administrator.
pub(crate) fn admin(caller: &Caller) -> Result<(), Problem> {
    if caller.role == Role::Admin {
        return Ok(());
    }

    Err(if *caller == Caller::anonymous() {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "an admin key or the owner's token is needed; send it as Authorization: Bearer …",
        )
    } else {
        Problem::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "this key has read access only; an admin key is needed",
        )
    })
}

/// Callers without a key are told apart by their network.
fn bucket_key(caller: &Caller, network: &BucketKey) -> BucketKey {
    if *caller == Caller::anonymous() {
        network.clone()
    } else {
        BucketKey::Caller(Arc::clone(&caller.name))
    }
}

fn rate_limited(reason: &str, wait: Duration) -> Response {
    let seconds = wait.as_secs().saturating_add(1);
    let detail = format!("{reason}; try again in {seconds} s");
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);

    with_retry_after(problem, seconds)
}

fn unverified() -> Response {
    let detail = format!(
        "{IssuerUnavailable}, so this token cannot be verified; \
         try again in {UNVERIFIED_RETRY_SECONDS} s"
    );
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);

    with_retry_after(problem, UNVERIFIED_RETRY_SECONDS)
}

fn with_retry_after(problem: Problem, seconds: u64) -> Response {
    let mut response = problem.into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Keeps caches from sending one caller the response of another, who may see more.
fn vary_on_authorization(mut response: Response) -> Response {
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from(header::AUTHORIZATION));
    response
}

/// Whether a secret equals this key; an empty key matches nothing.
///
/// Compares hashes, and always all of their bytes, so that the time it takes reveals nothing.
fn matches_key(sent: Option<&str>, key: &str) -> bool {
    let Some(sent) = sent else { return false };
    let (sent, expected) = (ContentHash::of(sent), ContentHash::of(key));
    let difference = sent
        .as_bytes()
        .iter()
        .zip(expected.as_bytes())
        .fold(0, |sum, (a, b)| sum | (a ^ b));

    !key.is_empty() && difference == 0
}

/// The bearer token of a request, or the password that a browser prompted for.
fn sent_secret(headers: &HeaderMap) -> Option<String> {
    if let Some(token) = authorization(headers, "bearer") {
        return Some(token.to_owned());
    }

    let decoded = BASE64.decode(authorization(headers, "basic")?).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (_user, password) = decoded.split_once(':')?;

    Some(password.to_owned())
}

/// The value of the `Authorization` header behind `scheme`.
fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (sent_scheme, credentials) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;

    sent_scheme
        .eq_ignore_ascii_case(scheme)
        .then_some(credentials.trim())
}
