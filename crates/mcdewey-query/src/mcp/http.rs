//! The HTTP endpoints `/mcp` and `/mcp/openai`: streamable HTTP, stateless, with JSON responses,
//! for clients of protocol versions 2026-07-28 and 2025-11-25.
//!
//! Hosts and origins are checked by middleware in front of all interfaces (`http/hosts`,
//! `access/origins`), so rmcp's own checks are disabled: there is one rule, in one place.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use mcdewey_search::LiveLibrary;
use rmcp::ServerHandler;
use rmcp::model::ErrorCode;
use rmcp::transport::common::http_header::HEADER_MCP_PROTOCOL_VERSION;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::Value;

use super::connector::Connector;
use super::message::{self, MessageError};
use super::server::DocServer;
use crate::ServedLibrary;
use crate::http::{Accept, JSON, is_json};

/// Largest request body in bytes; a question is at most 32 KiB (`MAX_QUESTION_BYTES`).
const MAX_REQUEST_BYTES: usize = 256 * 1024;
/// How much of an error body of rmcp's service is read, in bytes.
const MAX_TRANSPORT_ERROR_BYTES: usize = 4 * 1024;
/// How much of an error body of rmcp's service is repeated, in characters.
const MAX_TRANSPORT_ERROR_CHARS: usize = 300;
/// The two media types of the protocol; rmcp's service requires clients to accept both.
const BOTH_MEDIA_TYPES: HeaderValue =
    HeaderValue::from_static("application/json, text/event-stream");

/// Returns the routes of `/mcp` and `/mcp/openai`. Each request uses the library that is live when
/// it arrives.
pub(crate) fn router(live: LiveLibrary, public_url: Arc<str>) -> Router {
    let current = move || ServedLibrary::new(live.current(), Arc::clone(&public_url));
    let tools = current.clone();
    Router::new()
        .nest_service("/mcp/openai", service(move || Connector::new(current())))
        .layer(middleware::from_fn(|request, next| {
            check_message(&message::TOOL_METHODS, request, next)
        }))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .merge(endpoint(move || DocServer::new(tools())))
}

/// Returns the route of `/mcp` for a handler that is created for each request.
pub(super) fn endpoint<S: ServerHandler>(
    handler: impl Fn() -> S + Send + Sync + 'static,
) -> Router {
    Router::new()
        .nest_service("/mcp", service(handler))
        .layer(middleware::from_fn(|request, next| {
            check_message(&message::ALL_METHODS, request, next)
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

/// Validates a message before rmcp's service reads it, so that every error is a JSON-RPC error with
/// its reason.
async fn check_message(
    methods: &'static [message::Method],
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST {
        return with_json_error(next.run(request).await, Value::Null).await;
    }

    match read_request(methods, request).await {
        Ok((request, id)) => with_json_error(next.run(request).await, id).await,
        Err((status, error)) => (status, axum::Json(error.to_response())).into_response(),
    }
}

/// Returns the request with its body read and an `Accept` header that rmcp's service supports, and
/// the id of its message.
async fn read_request(
    methods: &[message::Method],
    request: Request,
) -> Result<(Request, Value), (StatusCode, MessageError)> {
    let (mut parts, body) = request.into_parts();

    // Clients need not accept event streams: a response is a stream only if a handler sends a
    // notification before it returns, and none of ours does.
    if !Accept::from_headers(&parts.headers).accepts(JSON) {
        return Err((
            StatusCode::NOT_ACCEPTABLE,
            MessageError::new(
                ErrorCode::INVALID_REQUEST,
                "responses are application/json; accept that type or omit the Accept header",
            ),
        ));
    }

    if !is_json(&parts.headers) {
        return Err((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            MessageError::new(
                ErrorCode::INVALID_REQUEST,
                "messages must be JSON; send the header Content-Type: application/json",
            ),
        ));
    }

    let body = Bytes::from_request(Request::from_parts(parts.clone(), body), &())
        .await
        .map_err(|rejection| body_error(&rejection))?;

    let protocol_version = parts
        .headers
        .get(HEADER_MCP_PROTOCOL_VERSION)
        .and_then(|version| version.to_str().ok());
    let message = message::parse(&body, methods, protocol_version)
        .map_err(|error| (http_status(&error), error))?;
    parts.headers.insert(header::ACCEPT, BOTH_MEDIA_TYPES);

    Ok((
        Request::from_parts(parts, Body::from(body)),
        message::request_id(&message),
    ))
}

fn body_error(rejection: &BytesRejection) -> (StatusCode, MessageError) {
    let error = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => message::too_long(MAX_REQUEST_BYTES),
        _ => MessageError::new(
            ErrorCode::INVALID_REQUEST,
            "the request body could not be read",
        ),
    };

    (rejection.status(), error)
}

/// Returns the HTTP status of an error. A well-formed request is answered with 200 and an error in
/// JSON-RPC; anything else is a bad request in HTTP too. The stateless protocol version requires
/// 404 for unknown methods.
fn http_status(error: &MessageError) -> StatusCode {
    match error.code {
        ErrorCode::METHOD_NOT_FOUND if error.is_stateless => StatusCode::NOT_FOUND,
        ErrorCode::INVALID_PARAMS | ErrorCode::METHOD_NOT_FOUND if error.expects_reply => {
            StatusCode::OK
        }
        _ => StatusCode::BAD_REQUEST,
    }
}

/// Turns an error of rmcp's service, which is plain text, into a JSON-RPC error for the request
/// with this id. Other responses pass unchanged.
async fn with_json_error(response: Response, id: Value) -> Response {
    let content_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|content_type| content_type.to_str().ok())
        .unwrap_or_default();

    let is_error = response.status().is_client_error() || response.status().is_server_error();
    if !is_error || content_type.contains("json") {
        return response;
    }

    let (mut parts, body) = response.into_parts();
    let code = if parts.status.is_server_error() {
        ErrorCode::INTERNAL_ERROR
    } else {
        ErrorCode::INVALID_REQUEST
    };

    let text = to_bytes(body, MAX_TRANSPORT_ERROR_BYTES)
        .await
        .unwrap_or_default();
    let message: String = match parts.status {
        StatusCode::METHOD_NOT_ALLOWED => {
            "send messages with POST; this endpoint has no event stream to GET".to_owned()
        }
        status if text.is_empty() => status
            .canonical_reason()
            .unwrap_or("request rejected")
            .to_owned(),
        _ => String::from_utf8_lossy(&text)
            .chars()
            .take(MAX_TRANSPORT_ERROR_CHARS)
            .collect(),
    };

    let error = MessageError::new(code, message).with_id(id);
    let (json, body) = axum::Json(error.to_response()).into_response().into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(json.headers);
    Response::from_parts(parts, body)
}

#[cfg(test)]
mod tests;
