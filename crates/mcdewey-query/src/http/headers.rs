//! Headers that every response carries, and the content type of a request's body.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

/// Keeps browsers from guessing content types, and keeps questions, which are part of URLs, out of
/// the logs of other sites.
///
/// The referrer policy is `same-origin` rather than `no-referrer`: with the latter, browsers send
/// this site's own forms with `Origin: null`, which looks like a form on a foreign page.
pub(crate) async fn add_security_headers(mut response: Response) -> Response {
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

/// Whether the content type is JSON, whatever its parameters.
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

    fn is_json_type(value: &'static str) -> bool {
        is_json(&HeaderMap::from_iter([(
            header::CONTENT_TYPE,
            HeaderValue::from_static(value),
        )]))
    }

    #[test]
    fn a_json_content_type_may_have_parameters() {
        assert!(is_json_type("application/json"));
        assert!(is_json_type("Application/JSON ; charset=utf-8"));

        assert!(!is_json_type("text/plain"));
        assert!(!is_json_type("application/jsonl"));
        assert!(!is_json(&HeaderMap::new()));
    }
}
