//! Who may ask, and for what: everybody who reaches the server, or, where there are keys, who sends one. Programs send
//! it as a bearer token, browsers as the password they are asked for.

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
use self::limits::Bucket;
use super::Service;
use super::hosts::NoHost;
use crate::rest::Problem;

/// What anybody may ask: whether the server lives, and where to get a token. Says nothing about the library to those
/// who may not see it.
pub(super) const OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// When to send a token again that cannot be checked.
const UNVERIFIED_SECONDS: u64 = 10;

/// Why nobody in particular sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// No key came, and one is needed.
    NoKey,
    /// What came opens nothing.
    WrongKey,
    /// What came may be good, and nobody can say so now.
    Unverified,
}

/// Finds out who sends a request, and lets it pass with their name on it when they may ask.
pub(super) async fn guard(
    State(service): State<Service>,
    mut request: Request,
    next: Next,
) -> Response {
    let is_open =
        OPEN.contains(&request.uri().path()) || request.uri().path().starts_with(metadata::PATH);
    let remote = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let network = Bucket::network(remote);

    let caller = match request.extensions().get::<NoHost>() {
        Some(_) => Err(Refused::NoKey),
        None => service.caller(request.headers()).await,
    };

    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    let known = caller.clone().unwrap_or_else(|_| Caller::nobody());
    let response = match service.stop(&caller, is_open, &network) {
        Some(response) => response,
        None => {
            request.extensions_mut().insert(known.clone());
            next.run(request).await
        }
    };

    let is_recorded = !is_open || caller == Err(Refused::WrongKey);
    if let Some(audit) = &service.access.audit
        && is_recorded
        && (caller.is_ok() || service.access.limits.records_refusal(&network))
    {
        let (remote, status) = (
            remote.map(|address| address.to_string()),
            response.status().as_u16(),
        );
        audit.record(AuditEntry::new(&known, remote, &method, &path, status));
    }

    if service.access.is_on() {
        vary(response)
    } else {
        response
    }
}

impl Service {
    /// Who sends these headers, if they may ask.
    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refused> {
        let without_key = || self.access.without_key().ok_or(Refused::NoKey);
        let Some(secret) = sent(headers) else {
            return without_key();
        };

        if is_key(Some(&secret), &self.admin_token) {
            return Ok(Caller::owner());
        }

        // Nothing is guessed by sending nothing; it is still no way around a key.
        let wrong = if secret.is_empty() {
            Refused::NoKey
        } else {
            Refused::WrongKey
        };

        match &self.access.credentials {
            // Clients send what they were set up with, whether or not it is needed here.
            Some(credentials) if credentials.required() => {
                match credentials.caller(&secret).await {
                    Ok(caller) => caller.ok_or(wrong),
                    Err(IssuerUnavailable) => Err(Refused::Unverified),
                }
            }
            _ => without_key(),
        }
    }

    /// The answer to whoever may not come in. What is open is so for everybody, as often as they like, but it is no place
    /// to try keys at.
    fn stop(
        &self,
        caller: &Result<Caller, Refused>,
        is_open: bool,
        network: &Bucket,
    ) -> Option<Response> {
        let limits = &self.access.limits;
        match caller {
            Err(Refused::WrongKey) => match limits.wrong_key(network) {
                Err(wait) => Some(too_often("too many wrong keys from this address", wait)),
                Ok(()) => (!is_open).then(|| self.refusal()),
            },
            _ if is_open => None,
            Err(Refused::NoKey) => Some(self.refusal()),
            Err(Refused::Unverified) => Some(unverified()),
            Ok(caller) => {
                let outcome = limits.request(&bucket(caller, network), caller.requests_per_minute);
                outcome
                    .err()
                    .map(|wait| too_often("too many requests for this key", wait))
            }
        }
    }

    fn refusal(&self) -> Response {
        let detail = "an access key is needed; send it as Authorization: Bearer …, or as the password a browser asks for";
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

/// Lets only those pass who may change the library.
pub(crate) fn admin(caller: &Caller) -> Result<(), Problem> {
    if caller.role == Role::Admin {
        return Ok(());
    }

    Err(if *caller == Caller::anonymous() {
        let detail =
            "an admin key or the owner's token is needed; send it as Authorization: Bearer …";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    } else {
        Problem::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "this key may read only; an admin key is needed",
        )
    })
}

/// People without a key are told apart by where they come from.
fn bucket(caller: &Caller, network: &Bucket) -> Bucket {
    match *caller == Caller::anonymous() {
        true => network.clone(),
        false => Bucket::Caller(Arc::clone(&caller.name)),
    }
}

fn too_often(what: &str, wait: Duration) -> Response {
    let seconds = wait.as_secs().saturating_add(1);
    let detail = format!("{what}; ask again in {seconds} s");
    let mut response =
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).into_response();

    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn unverified() -> Response {
    let detail = format!(
        "{IssuerUnavailable}, so that this token cannot be checked; ask again in {UNVERIFIED_SECONDS} s"
    );
    let mut response =
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(UNVERIFIED_SECONDS));
    response
}

/// What one may see another may not.
fn vary(mut response: Response) -> Response {
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from(header::AUTHORIZATION));
    response
}

/// Whether what was sent is this key; no key at all is nobody's. Hashes are compared, every byte of them: the time taken
/// tells nothing.
fn is_key(sent: Option<&str>, key: &str) -> bool {
    let Some(sent) = sent else { return false };
    let (sent, expected) = (ContentHash::of(sent), ContentHash::of(key));
    let difference = sent
        .as_bytes()
        .iter()
        .zip(expected.as_bytes())
        .fold(0, |sum, (a, b)| sum | (a ^ b));

    !key.is_empty() && difference == 0
}

/// The bearer token of a request, or the password of a browser that was asked for one.
fn sent(headers: &HeaderMap) -> Option<String> {
    credentials(headers, "bearer")
        .map(str::to_owned)
        .or_else(|| {
            let encoded = credentials(headers, "basic")?;
            let decoded = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
            decoded
                .split_once(':')
                .map(|(_, password)| password.to_owned())
        })
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (given, credentials) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;

    given
        .eq_ignore_ascii_case(scheme)
        .then_some(credentials.trim())
}
