//! How often each route reads the index: one reader a request, and the fewest reads that answer it.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::json;

use crate::testing::{GUIDE, SampleService, request, service};

/// A chunk with a neighbour before and after it, percent-encoded.
const CHUNK: &str = "finesse%3A%3Av12.5%3A%3Adeveloper-guide%3A%3Adeveloper-guide%3A%3A1";

/// The calls of one request, by name.
type Calls<'a> = &'a [(&'a str, usize)];

/// Asks once beforehand, because the first request of a caller also reads the list of documents, which
/// is kept until the library changes.
async fn warm_service() -> SampleService {
    let service = service().await;
    assert_eq!(service.get("/?q=barge").await.status.as_u16(), 200);
    service.counting.take_counts();
    service
}

fn assert_calls(service: &SampleService, expected: Calls<'_>, what: &str) {
    let expected: BTreeMap<&str, usize> = expected.iter().copied().collect();
    let counted: BTreeMap<&str, usize> = service.counting.take_counts();
    assert_eq!(counted, expected, "{what}");
}

#[tokio::test]
async fn pages_and_rest_read_the_index_as_seldom_as_they_can() {
    let service = warm_service().await;
    let search: Calls<'_> = &[("reader", 1), ("candidates", 1), ("chunks", 1)];
    let chunk = format!("/c/{CHUNK}");
    let rest_chunk = format!("/api/v1/chunks/{CHUNK}?context=1");
    let (page, rest_page) = (
        format!("/d/{GUIDE}?page=118"),
        format!("/api/v1/documents/{GUIDE}?page=118"),
    );
    let rest_document = format!("/api/v1/documents/{GUIDE}");

    let routes: [(&str, Calls<'_>); 14] = [
        ("/?q=barge", search),
        ("/api/v1/search?q=barge", search),
        ("/", &[("reader", 1)]),
        ("/library", &[("reader", 1)]),
        ("/api/v1/library", &[("reader", 1)]),
        (
            &chunk,
            &[
                ("reader", 1),
                ("chunks_around", 1),
                ("candidates", 1),
                ("page_with_document", 1),
            ],
        ),
        (
            &rest_chunk,
            &[("reader", 1), ("chunks_around", 1), ("candidates", 1)],
        ),
        (
            &page,
            &[
                ("reader", 1),
                ("document", 1),
                ("page", 1),
                ("chunks_on_page", 1),
            ],
        ),
        (
            &rest_page,
            &[
                ("reader", 1),
                ("document", 1),
                ("page", 1),
                ("chunks_on_page", 1),
            ],
        ),
        (&rest_document, &[("reader", 1), ("document", 1)]),
        ("/compare", &[("reader", 1)]),
        (
            "/compare?product=finesse&from=12.5&to=15.0",
            &[("reader", 1), ("document_chunks", 2)],
        ),
        ("/healthz", &[]),
        ("/openapi.json", &[]),
    ];

    for (path, calls) in routes {
        let answer = service.get(path).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.body);
        assert_calls(&service, calls, path);
    }
}

#[tokio::test]
async fn tools_read_the_index_as_seldom_as_they_can() {
    let service = warm_service().await;
    let page = json!({"source": GUIDE, "page": "118"});
    let tools: [(&str, serde_json::Value, Calls<'_>); 3] = [
        (
            "search_docs",
            json!({"query": "barge"}),
            &[("reader", 1), ("candidates", 1), ("chunks", 1)],
        ),
        (
            "read_doc",
            page,
            &[
                ("reader", 1),
                ("document", 1),
                ("page", 1),
                ("chunks_on_page", 1),
            ],
        ),
        ("list_library", json!({}), &[("reader", 1)]),
    ];

    for (name, arguments, calls) in tools {
        let message = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": name, "arguments": arguments},
        });
        let request = request(Method::POST, "/mcp")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream")
            .body(Body::from(message.to_string()))
            .unwrap();

        let answer = service.send(request).await;
        assert_eq!(answer.status.as_u16(), 200, "{name}: {}", answer.body);
        assert!(!answer.body.contains("\"isError\":true"), "{}", answer.body);
        assert_calls(&service, calls, name);
    }
}
