//! Pages and conditional requests of clients that accept compressed responses.

use axum::body::{Body, to_bytes};
use axum::http::{Method, Response, header};

use crate::testing::{SampleService, request, service};

/// Requests `path` as a client that accepts compressed responses.
async fn get_compressed(service: &SampleService, path: &str, tag: Option<&str>) -> Response<Body> {
    let mut request = request(Method::GET, path).header(header::ACCEPT_ENCODING, "gzip, br");
    if let Some(tag) = tag {
        request = request.header(header::IF_NONE_MATCH, tag);
    }

    service.respond(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn pages_are_compressed_for_clients_that_accept_it() {
    let service = service().await;
    let plain = service.get("/?q=barge").await;
    assert!(!plain.headers.contains_key(header::CONTENT_ENCODING));
    assert_eq!(plain.header(header::VARY), "accept-encoding");

    let response = get_compressed(&service, "/?q=barge", None).await;
    for (name, value) in [
        (header::CONTENT_ENCODING, "gzip"),
        (header::VARY, "accept-encoding"),
    ] {
        assert_eq!(response.headers()[&name], value, "{name}");
    }

    let tag = response.headers()[header::ETAG].to_str().unwrap();
    assert!(tag.starts_with("W/\""), "{tag}");
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(
        bytes.starts_with(&[0x1f, 0x8b]) && bytes.len() < plain.body.len(),
        "{}",
        bytes.len()
    );
}

#[tokio::test]
async fn the_etag_of_a_page_matches_with_and_without_compression() {
    let service = service().await;
    let first = get_compressed(&service, "/library", None).await;
    let tag = first.headers()[header::ETAG].to_str().unwrap();

    let compressed = get_compressed(&service, "/library", Some(tag)).await;
    assert_eq!(compressed.status(), 304);
    assert_eq!(service.get_if_none_match("/library", tag).await.status, 304);
}
