//! Conditional requests: entity tags made of generation, revision and the epoch of the vectors, and
//! `If-None-Match`.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::{ContentHash, Generation, Revision, VectorEpoch, Visibility};
use serde::Serialize;

/// Returns the entity tag of any response that does not depend on vectors, at one state of the
/// library, for callers with this visibility. The tag is weak because timings differ between
/// responses.
pub(super) fn tag(generation: &Generation, revision: Revision, visibility: &Visibility) -> String {
    weak_tag(&[
        generation.to_string(),
        revision.to_string(),
        format!("{visibility:?}"),
    ])
}

/// Returns the entity tag of the results of a search.
pub(super) fn search_tag(
    generation: &Generation,
    revision: Revision,
    epoch: VectorEpoch,
    visibility: &Visibility,
) -> String {
    weak_tag(&[
        generation.to_string(),
        revision.to_string(),
        format!("{visibility:?}"),
        epoch.to_string(),
    ])
}

fn weak_tag(state: &[String]) -> String {
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let parts = std::iter::once(program).chain(state.iter().cloned());
    format!("W/\"{}\"", ContentHash::of_parts(parts).short(16))
}

/// Responds with the answer as JSON, or with 304 if the client already has it.
pub(super) fn json<T: Serialize>(headers: &HeaderMap, tag: &str, answer: &T) -> Response {
    let mut response = if is_fresh(headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        axum::Json(answer).into_response()
    };

    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));

    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }

    response
}

/// Reports whether `If-None-Match` lists the tag. The comparison is weak: `W/"a"` equals `"a"`.
pub fn is_fresh(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|sent| sent.trim() == "*" || opaque(sent) == opaque(tag))
}

/// The tag without its weakness indicator.
fn opaque(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag_for(generation: &str, revision: u64, visibility: &Visibility) -> String {
        tag(
            &Generation(generation.to_owned()),
            Revision(revision),
            visibility,
        )
    }

    fn fresh(if_none_match: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::IF_NONE_MATCH,
            HeaderValue::from_static(if_none_match),
        );

        is_fresh(&headers, "W/\"abc\"")
    }

    #[test]
    fn a_tag_identifies_one_state_of_the_library_and_one_visibility() {
        let everything = Visibility::Everything;
        assert_eq!(tag_for("a", 1, &everything), tag_for("a", 1, &everything));
        assert_ne!(tag_for("a", 1, &everything), tag_for("a", 2, &everything));
        assert_ne!(tag_for("a", 1, &everything), tag_for("b", 1, &everything));

        let one_product = Visibility::Only {
            vendors: Vec::new(),
            products: vec!["finesse".to_owned()],
        };

        assert_ne!(tag_for("a", 1, &everything), tag_for("a", 1, &one_product));

        let search = |epoch| {
            let generation = Generation("a".to_owned());
            search_tag(&generation, Revision(1), VectorEpoch(epoch), &everything)
        };
        assert_eq!(search(1), search(1));
        assert_ne!(search(1), search(2), "vectors change the results");
    }

    #[test]
    fn a_client_may_send_several_tags() {
        assert!(fresh("W/\"abc\"") && fresh("\"abc\"") && fresh("\"x\", W/\"abc\"") && fresh("*"));
        assert!(!fresh("\"x\"") && !fresh("abc") && !is_fresh(&HeaderMap::new(), "W/\"abc\""));
    }
}
