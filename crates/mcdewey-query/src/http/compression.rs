//! Compresses responses for clients that accept it. Images and originals are compressed already,
//! and streams must not wait until a block is full.

use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::response::Response;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, Predicate, SizeAbove};

/// Below this size the header costs more than compression saves.
const MIN_BYTES: u64 = 1024;
/// Content types that compress well. Images, originals and event streams are left out on purpose.
const COMPRESSIBLE_TYPES: [&str; 8] = [
    "application/json",
    "application/problem+json",
    "application/yaml",
    "text/css",
    "text/html",
    "text/javascript",
    "text/markdown",
    "text/plain",
];

type CompressionPredicate = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// Uses gzip only: every client supports it, and the program contains its implementation anyway.
pub(crate) fn compression() -> CompressionLayer<And<SizeAbove, CompressionPredicate>> {
    let predicate = SizeAbove::new(MIN_BYTES).and(is_compressible as CompressionPredicate);
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(predicate)
}

fn is_compressible(
    _status: StatusCode,
    _version: Version,
    headers: &HeaderMap,
    _extensions: &Extensions,
) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();

    let essence = content_type.split(';').next().unwrap_or_default().trim();
    COMPRESSIBLE_TYPES
        .iter()
        .any(|compressible| compressible.eq_ignore_ascii_case(essence))
}

/// Makes the `ETag` of a compressed response weak: a strong one promises the same bytes.
pub(crate) async fn weaken_etag(mut response: Response) -> Response {
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
    use crate::testing::{SampleService, request};

    /// Requests `path` as a client that accepts compressed responses.
    async fn get_compressed(service: &SampleService, path: &str, tag: Option<&str>) -> Response {
        let mut request = request(Method::GET, path).header(header::ACCEPT_ENCODING, "gzip, br");
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }

        service
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    fn header_text(response: &Response, name: header::HeaderName) -> &str {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    #[tokio::test]
    async fn responses_are_compressed_for_clients_that_accept_it() {
        let service = SampleService::new().await;
        for path in ["/api/v1/search?q=barge", "/api/v1/library"] {
            let plain = service.get(path).await;
            assert!(
                !plain.headers.contains_key(header::CONTENT_ENCODING),
                "{path}"
            );
            assert_eq!(plain.header(header::VARY), "accept-encoding", "{path}");
            let response = get_compressed(&service, path, None).await;
            assert_eq!(
                header_text(&response, header::CONTENT_ENCODING),
                "gzip",
                "{path}"
            );
            assert_eq!(
                header_text(&response, header::VARY),
                "accept-encoding",
                "{path}"
            );
            let tag = header_text(&response, header::ETAG).to_owned();
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
    async fn an_etag_matches_with_and_without_compression() {
        let service = SampleService::new().await;
        for path in ["/api/v1/library", "/api/v1/search?q=barge"] {
            let tag =
                header_text(&get_compressed(&service, path, None).await, header::ETAG).to_owned();
            assert_eq!(
                get_compressed(&service, path, Some(&tag)).await.status(),
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
    fn compressed_formats_and_streams_are_not_compressed() {
        let is_compressible = |content_type: &'static str| {
            let headers = HeaderMap::from_iter([(
                header::CONTENT_TYPE,
                HeaderValue::from_static(content_type),
            )]);
            is_compressible(
                StatusCode::OK,
                Version::HTTP_11,
                &headers,
                &Extensions::new(),
            )
        };

        for content_type in [
            "application/json",
            "text/html; charset=utf-8",
            "text/css; charset=utf-8",
        ] {
            assert!(is_compressible(content_type), "{content_type}");
        }

        for content_type in [
            "image/png",
            "image/svg+xml",
            "application/pdf",
            "application/octet-stream",
        ] {
            assert!(!is_compressible(content_type), "{content_type}");
        }

        assert!(!is_compressible("application/x-ndjson") && !is_compressible("text/event-stream"));
    }

    #[tokio::test]
    async fn a_short_response_is_not_compressed() {
        let service = SampleService::new().await;
        assert!(
            !get_compressed(&service, "/healthz", None)
                .await
                .headers()
                .contains_key(header::CONTENT_ENCODING)
        );
    }
}
