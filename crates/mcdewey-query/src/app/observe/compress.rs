//! Answers made smaller on their way, for clients that say they can read them. Images and originals are small already,
//! and streams must not wait for a full block.

use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::response::Response;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, Predicate, SizeAbove};

/// Below this the header costs more than is saved.
const SMALLEST_BYTES: u64 = 1024;
/// What shrinks; images, originals and streams of events are not among it.
const SHRINKING: [&str; 8] = [
    "application/json",
    "application/problem+json",
    "application/yaml",
    "text/css",
    "text/html",
    "text/javascript",
    "text/markdown",
    "text/plain",
];

type Shrinks = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// gzip alone: every client reads it, and what it is made with is in the program anyway.
pub(in crate::app) fn compression() -> CompressionLayer<And<SizeAbove, Shrinks>> {
    let shrinking = SizeAbove::new(SMALLEST_BYTES).and(shrinks as Shrinks);
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(shrinking)
}

fn shrinks(
    _status: StatusCode,
    _version: Version,
    headers: &HeaderMap,
    _extensions: &Extensions,
) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    SHRINKING
        .iter()
        .any(|one| one.eq_ignore_ascii_case(essence))
}

/// A strong tag promises the same bytes, which a compressed answer does not have.
pub(in crate::app) async fn weaken(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(tag) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok())
        && !tag.starts_with("W/")
        && let Ok(weak) = HeaderValue::try_from(format!("W/{tag}"))
    {
        headers.insert(header::ETAG, weak);
    }

    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Method;
    use tower::ServiceExt;

    use super::*;
    use crate::app::testing::{Service, request};

    async fn asked(service: &Service, path: &str, tag: Option<&str>) -> Response {
        let mut asked = request(Method::GET, path).header(header::ACCEPT_ENCODING, "gzip, br");
        if let Some(tag) = tag {
            asked = asked.header(header::IF_NONE_MATCH, tag);
        }

        service
            .router
            .clone()
            .oneshot(asked.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    fn text(response: &Response, name: header::HeaderName) -> &str {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    #[tokio::test]
    async fn who_can_read_it_gets_less_to_read() {
        let service = Service::new().await;
        for path in ["/api/v1/search?q=barge", "/?q=barge", "/api/v1/library"] {
            let plain = service.get(path).await;
            assert!(
                !plain.headers.contains_key(header::CONTENT_ENCODING),
                "{path}"
            );
            assert_eq!(plain.header(header::VARY), "accept-encoding", "{path}");
            let response = asked(&service, path, None).await;
            assert_eq!(text(&response, header::CONTENT_ENCODING), "gzip", "{path}");
            assert_eq!(text(&response, header::VARY), "accept-encoding", "{path}");
            let tag = text(&response, header::ETAG).to_owned();
            assert!(tag.starts_with("W/\""), "{path}: {tag}");

            let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
                .await
                .unwrap();

            assert!(
                bytes.starts_with(&[0x1f, 0x8b]) && bytes.len() < plain.body.len(),
                "{path}: {}",
                bytes.len()
            );
        }
    }

    #[tokio::test]
    async fn a_tag_holds_for_both_forms() {
        let service = Service::new().await;
        for path in ["/api/v1/library", "/library"] {
            let tag = text(&asked(&service, path, None).await, header::ETAG).to_owned();
            assert_eq!(
                asked(&service, path, Some(&tag)).await.status(),
                304,
                "{path}"
            );
            assert_eq!(
                service.get_if_none_match(path, &tag).await.status,
                304,
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_small_already_or_must_not_wait_stays_as_it_is() {
        let shrinks = |kind: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
            shrinks(
                StatusCode::OK,
                Version::HTTP_11,
                &headers,
                &Extensions::new(),
            )
        };

        for kind in [
            "application/json",
            "text/html; charset=utf-8",
            "text/css; charset=utf-8",
        ] {
            assert!(shrinks(kind), "{kind}");
        }

        for kind in [
            "image/png",
            "image/svg+xml",
            "application/pdf",
            "application/octet-stream",
        ] {
            assert!(!shrinks(kind), "{kind}");
        }

        assert!(!shrinks("application/x-ndjson") && !shrinks("text/event-stream"));
    }

    #[tokio::test]
    async fn a_short_answer_stays_as_it_is() {
        let service = Service::new().await;
        assert!(
            !asked(&service, "/healthz", None)
                .await
                .headers()
                .contains_key(header::CONTENT_ENCODING)
        );
    }
}
