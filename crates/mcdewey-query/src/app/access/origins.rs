//! Pages of other sites: those that are named may call the server from a browser, all others may not change anything.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::Service;
use crate::rest::Problem;

/// What a page may send.
const ALLOWED_HEADERS: HeaderValue =
    HeaderValue::from_static("accept, authorization, content-type, if-none-match, x-request-id");
const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
/// What a page may read beside the body.
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static("etag, retry-after, server-timing, x-request-id");
/// How long a browser may remember that, in seconds.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("3600");

/// Judges the `Origin` that browsers send. MCP's endpoint has rules of its own.
pub(crate) async fn guard(State(service): State<Service>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else { return next.run(request).await };
    if request.uri().path().starts_with("/mcp") {
        return next.run(request).await;
    }
    let ours = is_ours(&origin, request.headers(), &service);
    let named = is_named(&origin, service.access.origins());
    if named && request.method() == Method::OPTIONS {
        return permit(StatusCode::NO_CONTENT.into_response(), origin, true);
    }
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !ours && !named && !safe {
        return refusal().into_response();
    }
    let response = next.run(request).await;
    if named { permit(response, origin, false) } else { response }
}

fn is_named(origin: &HeaderValue, origins: &[String]) -> bool {
    origins.iter().any(|named| named.as_bytes() == origin.as_bytes())
}

/// A page of this server itself: its host is the one that was asked.
fn is_ours(origin: &HeaderValue, headers: &HeaderMap, service: &Service) -> bool {
    let Some((_, host)) = origin.to_str().ok().and_then(|origin| origin.split_once("://")) else { return false };
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let public = service.public_url();
    let public = public.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    asked.is_some_and(|asked| asked.eq_ignore_ascii_case(host)) || public == Some(host)
}

fn refusal() -> Problem {
    let detail = "pages of other sites may not change anything here; name the site in allowed_origins if it may";
    Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)
}

fn permit(mut response: Response, origin: HeaderValue, preflight: bool) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from(header::ORIGIN));
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
    } else {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    }
    response
}
