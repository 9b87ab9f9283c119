//! Headers that every response carries.

use axum::http::{HeaderValue, header};
use axum::response::Response;

/// Keeps browsers from guessing types, and questions (they stand in addresses) from other people's logs.
pub(super) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
