//! The endpoint on HTTP: streamable, stateless, JSON answers, for clients of the 2026-07-28 and the 2025-11-25 era.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;

use super::access::Access;
use super::connector::Connector;
use super::server::DocServer;
use crate::LiveLibrary;
use crate::app::is_json;

/// Largest request in bytes; a question is at most 8 KiB.
const MAX_REQUEST_BYTES: usize = 256 * 1024;
/// What a web page may send.
const ALLOWED_HEADERS: &str = "accept, authorization, content-type, last-event-id, mcp-method, mcp-name, \
                               mcp-protocol-version, mcp-session-id";
/// How long a browser may remember that, in seconds.
const PREFLIGHT_SECONDS: &str = "3600";

/// The endpoint at `/mcp`. Each call is answered by the library that is live when it comes.
pub fn router(library: impl Into<LiveLibrary>, access: &Access) -> Router {
    let library = library.into();
    let tools = library.clone();
    let pair = service(move || Connector::new(library.now()), access);
    Router::new()
        .nest_service("/mcp/openai", pair)
        .layer(middleware::from_fn(adapt))
        .merge(serving(move || DocServer::new(tools.now()), access))
}

/// The endpoint of a handler, made anew for each call.
pub(super) fn serving<S: ServerHandler>(handler: impl Fn() -> S + Send + Sync + 'static, access: &Access) -> Router {
    Router::new().nest_service("/mcp", service(handler, access)).layer(middleware::from_fn(adapt))
}

fn service<S: ServerHandler>(
    handler: impl Fn() -> S + Send + Sync + 'static,
    access: &Access,
) -> StreamableHttpService<S, NeverSessionManager> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MAX_REQUEST_BYTES)
        .with_allowed_hosts(&access.hosts)
        .with_allowed_origins(&access.origins)
        .enforce_origin_validation();
    StreamableHttpService::new(move || Ok(handler()), Arc::new(NeverSessionManager::default()), config)
}

/// Answers what the protocol's own service leaves open: the browser's question before a call, and bodies that are no
/// message. The service judges host and origin, so a refused origin never gets the permitting headers.
async fn adapt(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = request.method() == Method::OPTIONS;
    let json = is_json(request.headers());
    let mut response = next.run(request).await;
    if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE && json {
        response = parse_error();
    }
    if response.status() == StatusCode::FORBIDDEN {
        return response;
    }
    if preflight && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = preflight_answer();
    }
    if let Some(origin) = origin {
        permit(response.headers_mut(), origin);
    }
    response
}

/// JSON-RPC's own answer to a body that cannot be read.
fn parse_error() -> Response {
    let message = "the body is not a JSON-RPC message";
    let body = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": message}});
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}

fn preflight_answer() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_SECONDS));
    response
}

fn permit(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from(header::ORIGIN));
}
