//! OAuth protected-resource metadata (RFC 9728), from which MCP clients learn whose tokens are
//! accepted.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::Service;
use crate::rest::Problem;

/// The path of the metadata of the whole server; that of `/mcp` is below it.
pub(crate) const PATH: &str = "/.well-known/oauth-protected-resource";

pub(crate) async fn get(State(service): State<Service>) -> Response {
    let issuers = &service.access.issuers;
    if issuers.is_empty() {
        let detail = "this server accepts no tokens from an issuer";
        return Problem::new(StatusCode::NOT_FOUND, "not_found", detail).into_response();
    }

    let body = json!({
        "resource": format!("{}/mcp", service.public_url()),
        "resource_name": "McDewey",
        "authorization_servers": issuers.as_ref(),
        "bearer_methods_supported": ["header"],
    });

    axum::Json(body).into_response()
}

/// The `WWW-Authenticate` challenge, which sends clients that can fetch a token to the metadata.
pub(super) fn challenge(public_url: &str, issuers: &[String]) -> Option<HeaderValue> {
    if issuers.is_empty() {
        return Some(HeaderValue::from_static("Bearer"));
    }
    HeaderValue::try_from(format!("Bearer resource_metadata=\"{public_url}{PATH}\"")).ok()
}
