//! Tests of the REST API through the whole service.

mod admin;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, header};
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{AttachmentRole, Index, OwnerHandle, PageBoxes, PageNumber, Rectangle, WordBox};
use mcdewey_search::{Library, LiveLibrary};
use serde_json::{Value, json};

use crate::testing::{GUIDE, HOSTILE, NOTE, SampleService, TOKEN, plain_pages, request};
use crate::{AppState, app};

/// Removes the timings, which differ between responses.
fn without_timings(mut answer: Value) -> Value {
    answer["timings_ms"] = Value::Null;
    answer
}

#[tokio::test]
async fn get_and_post_return_the_same_answer() {
    let service = SampleService::new().await;
    let got = service
        .get("/api/v1/search?q=monitoring+state&product=finesse&version=v12.5&limit=2&explain=1")
        .await;
    let body = json!({
        "q": "monitoring state",
        "product": ["finesse"],
        "version": "v12.5",
        "limit": 2,
        "explain": true,
    });
    let posted = service.post("/api/v1/search", &body.to_string()).await;

    assert_eq!(
        (got.status.as_u16(), posted.status.as_u16()),
        (200, 200),
        "{} {}",
        got.body,
        posted.body
    );
    assert_eq!(without_timings(got.json()), without_timings(posted.json()));
    let hit = &got.json()["hits"][0];
    assert_eq!(hit["source"], GUIDE);
    assert_eq!(
        (&hit["page"], &hit["page_label"]),
        (&json!(118), &json!("102"))
    );
    assert!(hit["explain"].is_object());
}

#[tokio::test]
async fn every_client_error_has_its_code() {
    let service = SampleService::new().await;
    let cases = [
        ("/api/v1/search", 400, "invalid_request"),
        ("/api/v1/search?q=x&limit=0", 400, "invalid_request"),
        ("/api/v1/search?q=x&limit=ten", 400, "invalid_request"),
        ("/api/v1/search?q=x&mode=fuzzy", 400, "invalid_request"),
        ("/api/v1/search?q=x&q=y", 400, "invalid_request"),
        ("/api/v1/search?q=x&prodct=finesse", 400, "invalid_request"),
        ("/api/v1/search?q=x&version=99", 400, "unknown_version"),
        ("/api/v1/search?q=x&product=nope", 400, "unknown_facet"),
        ("/api/v1/search?q=x&source=nope.md", 404, "not_found"),
        ("/api/v1/chunks/a::b::0", 404, "not_found"),
        ("/api/v1/chunks/nonsense", 400, "invalid_request"),
        ("/api/v1/chunks/%FF", 400, "invalid_request"),
        ("/api/v1/documents/nope.md", 404, "not_found"),
        ("/api/v1/documents/../../etc/passwd", 404, "not_found"),
        ("/api/v1/library?x=1", 400, "invalid_request"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/api/v2/search", 404, "not_found"),
    ];

    for (path, status, code) in cases {
        assert_eq!(
            service.get(path).await.code(),
            (status, code.to_owned()),
            "{path}"
        );
    }

    let unknown = service
        .get("/api/v1/search?q=x&prodct=finesse&foo=1")
        .await
        .json();
    let detail = unknown["detail"].as_str().unwrap_or_default().to_owned();
    assert!(
        detail.contains("prodct") && detail.contains("foo") && detail.contains("product"),
        "{detail}"
    );

    let version = service
        .get("/api/v1/search?q=x&product=finesse&version=99")
        .await
        .json();

    assert_eq!(version["known"], json!(["finesse v12.5", "finesse v15.0"]));
}

#[tokio::test]
async fn invalid_bodies_and_methods_are_rejected() {
    let service = SampleService::new().await;
    let search = "/api/v1/search";
    assert_eq!(
        service.post(search, "{").await.code(),
        (400, "invalid_request".to_owned())
    );
    assert_eq!(
        service.post(search, r#"{"q": "x", "foo": 1}"#).await.code(),
        (400, "invalid_request".to_owned())
    );
    let large = format!(r#"{{"q": "{}"}}"#, "x".repeat(70_000));

    assert_eq!(
        service.post(search, &large).await.code(),
        (413, "payload_too_large".to_owned())
    );

    let form = request(Method::POST, search)
        .body(Body::from("q=x"))
        .unwrap();

    assert_eq!(
        service.send(form).await.code(),
        (415, "unsupported_media_type".to_owned())
    );
    let delete = request(Method::DELETE, search).body(Body::empty()).unwrap();
    let rejected = service.send(delete).await;
    assert_eq!(rejected.code(), (405, "method_not_allowed".to_owned()));
    assert_eq!(rejected.header(header::ALLOW), "GET,HEAD,POST");
}

#[tokio::test]
async fn chunks_come_with_the_boxes_of_their_words_on_request() {
    let area = Rectangle {
        left: 72.0,
        top: 90.5,
        right: 100.0,
        bottom: 101.0,
    };
    let page = PageBoxes {
        page: PageNumber(4),
        width: 612.0,
        height: 792.0,
        words: vec![WordBox {
            start: 6,
            end: 10,
            area,
        }],
    };
    let stored = PageBoxes::attachments(&[page]).remove(0);
    let document = SampleDocument::new("a.pdf")
        .page(4, &["Barge call"])
        .attachment(
            AttachmentRole::WordBoxes,
            &stored.attachment.name,
            &stored.attachment.media_type,
            &stored.content,
        )
        .build(&FakeEmbed::new(&[]));
    let service = SampleService::with(&[document], |state| state).await;

    let with_boxes = service.get("/api/v1/chunks/a::0?boxes=1").await.json();
    assert_eq!(
        with_boxes["boxes"],
        json!({
            "page": 4,
            "width": 612.0,
            "height": 792.0,
            "words": [{
                "start": 6, "end": 10, "left": 72.0, "top": 90.5, "right": 100.0, "bottom": 101.0,
            }],
        })
    );
    let without = service.get("/api/v1/chunks/a::0").await.json();
    assert_eq!(without.get("boxes"), None);
}

#[tokio::test]
async fn chunks_are_found_by_id_and_handle_with_their_neighbours() {
    let service = SampleService::new().await;
    let id = "finesse::v12.5::developer-guide::developer-guide::2";
    let by_id = service
        .get(&format!("/api/v1/chunks/{id}?context=1"))
        .await
        .json();

    let encoded = service
        .get(&format!(
            "/api/v1/chunks/{}?context=1",
            id.replace(':', "%3A")
        ))
        .await
        .json();

    let chunks_by_handle = service
        .get(&format!(
            "/api/v1/chunks/{}?context=1",
            by_id["chunk"]["handle"].as_str().unwrap()
        ))
        .await
        .json();

    assert_eq!(by_id["chunk"]["chunk_id"], id);
    assert_eq!(by_id, encoded);
    assert_eq!(by_id, chunks_by_handle);
    assert_eq!(
        (
            by_id["before"].as_array().unwrap().len(),
            by_id["after"].as_array().unwrap().len()
        ),
        (1, 1)
    );
    assert_eq!(
        service
            .get(&format!("/api/v1/chunks/{id}?context=6"))
            .await
            .code()
            .0,
        400
    );

    let special = service
        .get("/api/v1/chunks/evil%2520corp%3A%3A50%2525%2520off%3A%3A0")
        .await
        .json();
    assert_eq!(special["chunk"]["source"], HOSTILE);
    assert_eq!(
        service
            .get("/api/v1/chunks/evil%20corp::50%25%20off::0")
            .await
            .json(),
        special
    );
}

#[tokio::test]
async fn documents_are_returned_by_page() {
    let service = SampleService::new().await;
    let document = service
        .get(&format!("/api/v1/documents/{GUIDE}"))
        .await
        .json();
    assert_eq!(document["pages"].as_array().unwrap().len(), 2);
    assert!(document.get("text").is_none());

    let by_number = service
        .get(&format!("/api/v1/documents/{GUIDE}?page=118"))
        .await
        .json();

    let by_label = service
        .get(&format!("/api/v1/documents/{GUIDE}?label=102"))
        .await
        .json();
    assert_eq!(by_number, by_label);
    assert!(
        by_number["text"]
            .as_str()
            .unwrap()
            .contains("NOT_READY while monitoring")
    );

    let section = service
        .get(&format!("/api/v1/documents/{NOTE}?section=certificates-1"))
        .await
        .json();
    assert_eq!(section["page"]["title"], "Certificates");
    assert_eq!(
        service
            .get(&format!("/api/v1/documents/{GUIDE}?page=9"))
            .await
            .code()
            .0,
        404
    );
    assert_eq!(
        service
            .get(&format!("/api/v1/documents/{GUIDE}?page=118&label=102"))
            .await
            .code()
            .0,
        400
    );
    assert_eq!(
        service
            .get("/api/v1/documents/evil%20corp/50%25%20off.md")
            .await
            .json()["source"],
        HOSTILE
    );
}

#[tokio::test]
async fn unchanged_responses_are_not_sent_again() {
    let service = SampleService::new().await;
    let paths = [
        "/api/v1/library".to_owned(),
        "/api/v1/search?q=barge".to_owned(),
        format!("/api/v1/documents/{GUIDE}?page=118"),
        format!("/api/v1/documents/{GUIDE}"),
        "/api/v1/chunks/finesse::v12.5::developer-guide::developer-guide::2".to_owned(),
    ];

    let mut tags = Vec::new();
    for path in &paths {
        let tag = service.get(path).await.header(header::ETAG).to_owned();
        let again = service.get_if_none_match(path, &tag).await;
        assert_eq!(
            (again.status.as_u16(), again.body.as_str()),
            (304, ""),
            "{path}"
        );
        assert_eq!(again.header(header::ETAG), tag);
        tags.push(tag);
    }

    service
        .index
        .remove(&[NOTE.parse().unwrap()])
        .await
        .unwrap();

    for (path, tag) in paths.iter().zip(tags) {
        assert_eq!(
            service.get_if_none_match(path, &tag).await.status.as_u16(),
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_replaced_library_gets_no_requests_and_is_dropped() {
    let empty = Arc::new(Library::new(
        Arc::new(MemoryIndex::new()),
        Arc::new(FakeEmbed::new(&["barge"])),
    ));

    let live = LiveLibrary::from(Arc::clone(&empty));
    let state = AppState::new(live.clone(), "", OwnerHandle::channel(1).0, TOKEN);
    let router = app(state, plain_pages());
    let status_of = async |path: &str| {
        let request = request(Method::GET, path).body(Body::empty()).unwrap();
        tower::ServiceExt::oneshot(router.clone(), request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };

    assert_eq!(status_of("/api/v1/chunks/a::0").await, 404);
    let index = MemoryIndex::new();
    index
        .commit(
            SampleDocument::new("a.md")
                .page(1, &["barge"])
                .build(&FakeEmbed::new(&["barge"])),
        )
        .await
        .unwrap();

    live.swap(Arc::new(Library::new(
        Arc::new(index),
        Arc::new(FakeEmbed::new(&["barge"])),
    )));

    assert_eq!(status_of("/api/v1/chunks/a::0").await, 200);
    assert_eq!(Arc::strong_count(&empty), 1);
}

#[tokio::test]
async fn unknown_host_names_are_rejected_by_every_interface() {
    let service = SampleService::new().await;
    for path in [
        "/",
        "/api/v1/library",
        "/library",
        "/mcp",
        "/healthz",
        "/nothing",
    ] {
        let request = axum::http::Request::builder()
            .uri(path)
            .header(header::HOST, "evil.example");
        let rejected = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            rejected.code(),
            (403, "host_not_allowed".to_owned()),
            "{path}"
        );
    }

    let with_more_hosts =
        SampleService::with(&[], |state| state.with_hosts(["evil.example".to_owned()])).await;
    let allowed = axum::http::Request::builder()
        .uri("/healthz")
        .header(header::HOST, "evil.example:99");

    assert_eq!(
        with_more_hosts
            .send(allowed.body(Body::empty()).unwrap())
            .await
            .status
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn health_checks_report_liveness_and_readiness() {
    let service = SampleService::new().await;
    assert_eq!(
        service.get("/healthz").await.json(),
        json!({"status": "ok"})
    );
    let ready = service.get("/readyz").await.json();

    assert_eq!(
        (&ready["status"], &ready["documents"]),
        (&json!("ready"), &json!(4))
    );
}

#[tokio::test]
async fn whole_responses_match_their_snapshots() {
    let service = SampleService::new().await;
    let path = "/api/v1/search?q=monitoring+state&version=v12.5&limit=1&explain=1";
    let mut answer = without_timings(service.get(path).await.json());
    answer["next_cursor"] = json!("[cursor]");

    assert!(
        answer["signals"]["cosine"]
            .as_f64()
            .is_some_and(|cosine| cosine > 0.5),
        "{}",
        answer["signals"]
    );

    (answer["confidence"], answer["signals"]) = (json!("[confidence]"), json!("[signals]"));
    for list in ["hits", "unversioned"] {
        for hit in answer[list].as_array_mut().into_iter().flatten() {
            (hit["score"], hit["explain"]) = (json!("[score]"), json!("[explanation]"));
        }
    }

    insta::assert_json_snapshot!("search", answer);
    let problem = service
        .get("/api/v1/search?q=x&product=finesse&version=99")
        .await;
    let id = problem.headers["x-request-id"].clone();
    let mut problem = problem.json();
    assert_eq!(problem["request_id"], id.to_str().unwrap());
    problem["request_id"] = json!("[request id]");

    insta::assert_json_snapshot!("problem", problem);
}
