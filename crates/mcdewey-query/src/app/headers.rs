//! Headers that every response carries, and what a request's say about its body.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

/// Keeps browsers from guessing types, and questions (they stand in addresses) from other people's logs. Pages of this
/// site may tell each other where they come from: else browsers send forms from nowhere, as pages of strangers do.
pub(super) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );

    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );

    response
}

/// Whether a body is said to be JSON, whatever parameters stand behind the type.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_may_have_parameters() {
        let said = |value: &'static str| {
            is_json(&HeaderMap::from_iter([(
                header::CONTENT_TYPE,
                HeaderValue::from_static(value),
            )]))
        };

        assert!(said("application/json") && said("Application/JSON ; charset=utf-8"));
        assert!(!said("text/plain") && !said("application/jsonl") && !is_json(&HeaderMap::new()));
    }
}
