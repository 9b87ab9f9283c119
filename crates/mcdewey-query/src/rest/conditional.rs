//! Answers that need not be sent twice: tags made of generation and revision, and what a client says it has.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::{ContentHash, Generation, Revision, Visibility};
use serde::Serialize;

/// The tag of whatever an address answers at one state of the library to those who may see this much of it. Weak:
/// timings differ from answer to answer.
pub(super) fn tag(generation: &Generation, revision: Revision, visibility: &Visibility) -> String {
    let program = env!("CARGO_PKG_VERSION");
    let parts = [
        generation.to_string(),
        revision.to_string(),
        program.to_owned(),
        format!("{visibility:?}"),
    ];

    format!("W/\"{}\"", ContentHash::of_parts(parts).short(16))
}

/// The answer as JSON, or 304 when the client has it already.
pub(super) fn json<T: Serialize>(headers: &HeaderMap, tag: &str, answer: &T) -> Response {
    let mut response = match is_fresh(headers, tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => axum::Json(answer).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));

    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }

    response
}

/// Whether `If-None-Match` names the tag; weak and strong tags compare alike.
pub(crate) fn is_fresh(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let sent = headers
        .get_all(header::IF_NONE_MATCH)
        .into_iter()
        .filter_map(|value| value.to_str().ok());

    sent.flat_map(|list| list.split(','))
        .any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_for_one_state_of_the_library() {
        let seen_by = |visibility: &Visibility, generation: &str, revision| {
            tag(
                &Generation(generation.to_owned()),
                Revision(revision),
                visibility,
            )
        };

        let of =
            |generation: &str, revision| seen_by(&Visibility::Everything, generation, revision);
        assert_eq!(of("a", 1), of("a", 1));
        assert_ne!(of("a", 1), of("a", 2));
        assert_ne!(of("a", 1), of("b", 1));

        let part = Visibility::Only {
            vendors: Vec::new(),
            products: vec!["finesse".to_owned()],
        };

        assert_ne!(of("a", 1), seen_by(&part, "a", 1));
    }

    #[test]
    fn a_client_may_have_one_of_several() {
        let fresh = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            is_fresh(&headers, "W/\"abc\"")
        };

        assert!(fresh("W/\"abc\"") && fresh("\"abc\"") && fresh("\"x\", W/\"abc\"") && fresh("*"));
        assert!(!fresh("\"x\"") && !fresh("abc") && !is_fresh(&HeaderMap::new(), "W/\"abc\""));
    }
}
