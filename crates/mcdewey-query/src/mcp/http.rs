//! The endpoint on HTTP: streamable, stateless, JSON answers, for clients of the 2026-07-28 and the 2025-11-25 era.
//!
//! Which hosts and pages may ask is judged in front of every face (`app/hosts`, `app/access/origins`), so the protocol's
//! own service is told to judge neither: there is one rule, in one place.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use rmcp::ServerHandler;
use rmcp::model::ErrorCode;
use rmcp::transport::common::http_header::HEADER_MCP_PROTOCOL_VERSION;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;

use super::connector::Connector;
use super::message::{self, Fault};
use super::server::DocServer;
use crate::LiveLibrary;
use crate::app::{Accept, JSON, is_json};

/// Largest request in bytes; a question is at most 8 KiB.
const MAX_REQUEST_BYTES: usize = 256 * 1024;
/// More of a refusal of the protocol's own service is not repeated.
const MAX_REFUSAL_BYTES: usize = 4 * 1024;
const MAX_REFUSAL_CHARS: usize = 300;
/// The two kinds of answers that the protocol has; its service wants both named.
const BOTH_KINDS: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// The endpoint at `/mcp`. Each call is answered by the library that is live when it comes.
pub(crate) fn router(library: impl Into<LiveLibrary>) -> Router {
    let library = library.into();
    let tools = library.clone();
    Router::new()
        .nest_service(
            "/mcp/openai",
            service(move || Connector::new(library.now())),
        )
        .layer(middleware::from_fn(|request, next| {
            adapt(&message::TOOLS_ONLY, request, next)
        }))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .merge(serving(move || DocServer::new(tools.now())))
}

/// The endpoint of a handler, made anew for each call.
pub(super) fn serving<S: ServerHandler>(handler: impl Fn() -> S + Send + Sync + 'static) -> Router {
    Router::new()
        .nest_service("/mcp", service(handler))
        .layer(middleware::from_fn(|request, next| {
            adapt(&message::ALL, request, next)
        }))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
}

fn service<S: ServerHandler>(
    handler: impl Fn() -> S + Send + Sync + 'static,
) -> StreamableHttpService<S, NeverSessionManager> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MAX_REQUEST_BYTES)
        .disable_allowed_hosts()
        .disable_allowed_origins();

    StreamableHttpService::new(
        move || Ok(handler()),
        Arc::new(NeverSessionManager::default()),
        config,
    )
}

/// Reads a message before the protocol's own service does, so that whatever is wrong with it is said in JSON-RPC.
async fn adapt(methods: &'static [message::Method], request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return in_json(next.run(request).await, Value::Null).await;
    }

    match read(methods, request).await {
        Ok((request, id)) => in_json(next.run(request).await, id).await,
        Err((status, fault)) => refusal(status, &fault),
    }
}

/// The request, with its body whole and an `Accept` that the service understands, and the id of its message.
async fn read(
    methods: &[message::Method],
    request: Request,
) -> Result<(Request, Value), (StatusCode, Fault)> {
    let (mut parts, body) = request.into_parts();

    // Nothing here is sent as a stream unless a handler speaks before it answers, and none of ours does.
    if !Accept::of(&parts.headers).takes(JSON) {
        let message =
            "answers here are application/json; send that as Accept, or leave the header out";
        return Err((
            StatusCode::NOT_ACCEPTABLE,
            Fault::new(ErrorCode::INVALID_REQUEST, message),
        ));
    }

    if !is_json(&parts.headers) {
        let message = "a message is JSON; send it with Content-Type: application/json";
        return Err((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Fault::new(ErrorCode::INVALID_REQUEST, message),
        ));
    }

    let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let body = whole.map_err(|rejection| unread(&rejection))?;
    let revision = parts
        .headers
        .get(HEADER_MCP_PROTOCOL_VERSION)
        .and_then(|revision| revision.to_str().ok());
    let message =
        message::read(&body, methods, revision).map_err(|fault| (status(&fault), fault))?;
    parts.headers.insert(header::ACCEPT, BOTH_KINDS);

    Ok((
        Request::from_parts(parts, Body::from(body)),
        message::id_of(&message),
    ))
}

fn unread(rejection: &BytesRejection) -> (StatusCode, Fault) {
    let message = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            format!("the message is too long; at most {MAX_REQUEST_BYTES} bytes are read")
        }
        _ => "the body could not be read".to_owned(),
    };

    (
        rejection.status(),
        Fault::new(ErrorCode::INVALID_REQUEST, message),
    )
}

/// A message that can be read is answered in JSON-RPC's own terms; one that cannot is a bad request of HTTP too. The
/// revision without sessions has a status for methods that do not exist.
fn status(fault: &Fault) -> StatusCode {
    match fault.code {
        ErrorCode::METHOD_NOT_FOUND if fault.is_stateless => StatusCode::NOT_FOUND,
        ErrorCode::INVALID_PARAMS | ErrorCode::METHOD_NOT_FOUND if fault.is_awaited => {
            StatusCode::OK
        }
        _ => StatusCode::BAD_REQUEST,
    }
}

fn refusal(status: StatusCode, fault: &Fault) -> Response {
    (status, axum::Json(fault.answer())).into_response()
}

/// Puts a refusal of the protocol's own service, which is plain text, in JSON-RPC, with the id of what is refused.
async fn in_json(response: Response, id: Value) -> Response {
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();

    let is_refusal = response.status().is_client_error() || response.status().is_server_error();
    if !is_refusal || kind.contains("json") {
        return response;
    }

    let (mut parts, body) = response.into_parts();
    let code = if parts.status.is_server_error() {
        ErrorCode::INTERNAL_ERROR
    } else {
        ErrorCode::INVALID_REQUEST
    };

    let text = to_bytes(body, MAX_REFUSAL_BYTES).await.unwrap_or_default();
    let said: String = match parts.status {
        StatusCode::METHOD_NOT_ALLOWED => {
            "messages are sent with POST; there is no stream to GET".to_owned()
        }
        status if text.is_empty() => status.canonical_reason().unwrap_or("refused").to_owned(),
        _ => String::from_utf8_lossy(&text)
            .chars()
            .take(MAX_REFUSAL_CHARS)
            .collect(),
    };

    let (json, body) = axum::Json(Fault::new(code, said).of(id).answer())
        .into_response()
        .into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(json.headers);
    Response::from_parts(parts, body)
}
