//! Where clients of MCP learn which issuer's tokens are taken (RFC 9728).

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::{Service, not_here};

/// Where the description of the whole server lies; the one of `/mcp` lies below it.
pub(crate) const PATH: &str = "/.well-known/oauth-protected-resource";

pub(crate) async fn get(State(service): State<Service>) -> Response {
    let issuers = &service.access.issuers;
    if issuers.is_empty() {
        return not_here("this server takes no tokens of an issuer");
    }

    let body = json!({
        "resource": format!("{}/mcp", service.public_url()),
        "resource_name": "McDewey",
        "authorization_servers": issuers.as_ref(),
        "bearer_methods_supported": ["header"],
    });

    axum::Json(body).into_response()
}

/// What a refusal says to clients that can fetch a token.
pub(super) fn challenge(public_url: &str, issuers: &[String]) -> Option<HeaderValue> {
    if issuers.is_empty() {
        return Some(HeaderValue::from_static("Bearer"));
    }
    HeaderValue::try_from(format!("Bearer resource_metadata=\"{public_url}{PATH}\"")).ok()
}
