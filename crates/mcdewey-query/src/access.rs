//! Access control over HTTP: reads keys and tokens from headers, and answers requests that the
//! [`AccessPolicy`](mcdewey_auth::AccessPolicy) rejects.
//!
//! Without keys every caller who reaches the server is admitted. Once there are keys, programs send
//! one as a bearer token, and browsers send it as the password that they prompt for.

mod metadata;
mod origins;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mcdewey_auth::{AuditEntry, AuthError, Caller, IssuerUnavailable};

use crate::http::NoHost;
use crate::paths::{PUBLIC_PATHS, RESOURCE_METADATA};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) use metadata::get as metadata;
pub(crate) use origins::check_origin;

/// How long a client should wait before it retries a token that could not be verified.
const UNVERIFIED_RETRY_SECONDS: u64 = 10;

/// Authenticates a request, and passes it on with its [`Caller`] if the caller may send it.
pub(crate) async fn authenticate(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let is_public = PUBLIC_PATHS.contains(&request.uri().path())
        || request.uri().path().starts_with(RESOURCE_METADATA);

    let remote = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());

    let authenticated = match request.extensions().get::<NoHost>() {
        Some(_) => Err(AuthError::MissingKey),
        None => state.caller(request.headers()).await,
    };

    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    let caller = authenticated.clone().unwrap_or_else(|_| Caller::nobody());

    let response = match state.reject(&authenticated, is_public, remote) {
        Some(response) => response,
        None => {
            request.extensions_mut().insert(caller.clone());
            next.run(request).await
        }
    };

    let is_audited = !is_public || authenticated == Err(AuthError::WrongKey);
    if let Some(audit) = state.access().audit()
        && is_audited
        && (authenticated.is_ok() || state.access().audits_rejection(remote))
    {
        let (remote, status) = (
            remote.map(|address| address.to_string()),
            response.status().as_u16(),
        );
        audit.record(AuditEntry::new(&caller, remote, &method, &path, status));
    }

    if state.access().requires_keys() {
        vary_on_authorization(response)
    } else {
        response
    }
}

impl AppState {
    /// Authenticates the sender of these headers.
    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, AuthError> {
        let secret = sent_secret(headers);
        self.access()
            .authenticate(secret.as_deref(), self.admin_token())
            .await
    }

    /// The error response for a request that may not pass, or `None` if it may.
    ///
    /// Public paths are not rate limited, but wrong keys are counted there too, so that they cannot
    /// be used to guess keys.
    fn reject(
        &self,
        authenticated: &Result<Caller, AuthError>,
        is_public: bool,
        remote: Option<IpAddr>,
    ) -> Option<Response> {
        match authenticated {
            Err(AuthError::WrongKey) => match self.access().check_wrong_key(remote) {
                Err(wait) => Some(rate_limited("too many wrong keys from this address", wait)),
                Ok(()) => (!is_public).then(|| self.unauthorized()),
            },
            _ if is_public => None,
            Err(AuthError::MissingKey) => Some(self.unauthorized()),
            Err(AuthError::Unverified) => Some(unverified()),
            Ok(caller) => self
                .access()
                .check_request(caller, remote)
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
        if let Some(challenge) = metadata::challenge(self.public_url(), self.access().issuers()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }

        let basic = HeaderValue::from_static("Basic realm=\"McDewey\", charset=\"UTF-8\"");
        headers.append(header::WWW_AUTHENTICATE, basic);

        response
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
