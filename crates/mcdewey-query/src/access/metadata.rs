//! OAuth protected-resource metadata (RFC 9728), from which MCP clients learn whose tokens are
//! accepted.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::paths::RESOURCE_METADATA;
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) async fn get(State(state): State<AppState>) -> Response {
    let issuers = state.access().issuers();
    if issuers.is_empty() {
        let detail = "this server accepts no tokens from an issuer";
        return Problem::new(StatusCode::NOT_FOUND, "not_found", detail).into_response();
    }

    let body = json!({
        "resource": format!("{}/mcp", state.public_url()),
        "resource_name": "McDewey",
        "authorization_servers": issuers,
        "bearer_methods_supported": ["header"],
    });

    axum::Json(body).into_response()
}

/// The `WWW-Authenticate` challenge, which sends clients that can fetch a token to the metadata.
pub(super) fn challenge(public_url: &str, issuers: &[String]) -> Option<HeaderValue> {
    if issuers.is_empty() {
        return Some(HeaderValue::from_static("Bearer"));
    }
    HeaderValue::try_from(format!(
        "Bearer resource_metadata=\"{public_url}{RESOURCE_METADATA}\""
    ))
    .ok()
}
