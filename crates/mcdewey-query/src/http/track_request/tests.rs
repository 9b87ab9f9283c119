//! The time limit of a body, and requests beyond the capacity of the server.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, header};
use axum::response::Response;
use futures::stream::{self, StreamExt};
use tower::ServiceExt;

use crate::testing::{SampleService, TOKEN, documents, request};
use crate::{OverCapacity, Telemetry, TelemetrySettings};

/// A body that stops after one byte.
fn stalled() -> Body {
    let first = stream::iter([Ok::<_, std::io::Error>("{")]);
    Body::from_stream(first.chain(stream::pending()))
}

/// A body that never ends, a byte at a time.
fn trickling() -> Body {
    Body::from_stream(stream::unfold((), |()| async {
        // The pace of a slow client; nothing waits for this to pass.
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((Ok::<_, std::io::Error>(" "), ()))
    }))
}

async fn post(service: &SampleService, path: &str, body: Body) -> Response {
    let request = request(Method::POST, path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let response = service.router.clone().oneshot(request.body(body).unwrap());
    tokio::time::timeout(Duration::from_secs(10), response)
        .await
        .expect("the body is cut off in time")
        .unwrap()
}

#[tokio::test]
async fn a_body_that_does_not_end_is_cut_off() {
    let settings = TelemetrySettings {
        body_timeout: Duration::from_millis(50),
        ..TelemetrySettings::default()
    };

    let service = SampleService::with(&documents(), |state| {
        state.with_telemetry(Telemetry::new(settings))
    })
    .await;

    // Changes to the library have no deadline, but their bodies have.
    for (path, kind) in [
        ("/api/v1/search", "application/problem+json"),
        ("/api/v1/sync", "application/problem+json"),
        ("/api/v1/removals", "application/problem+json"),
        ("/mcp", "application/problem+json"),
        ("/feedback", "text/html; charset=utf-8"),
    ] {
        for body in [stalled(), trickling()] {
            let response = post(&service, path, body).await;
            assert_eq!(response.status().as_u16(), 408, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], kind, "{path}");
            assert!(response.headers().contains_key("x-request-id"), "{path}");
        }
    }

    assert_eq!(
        post(&service, "/api/v1/search", Body::from("{\"q\": \"barge\"}"))
            .await
            .status()
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn beyond_capacity_only_operator_paths_are_answered() {
    let service = SampleService::new().await;
    for (path, status) in [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/api/v1/search?q=barge", 503),
        ("/?q=barge", 503),
        ("/mcp", 503),
    ] {
        let mut request = request(Method::GET, path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(OverCapacity);
        let response = service.send(request).await;
        assert_eq!(response.status.as_u16(), status, "{path}");
        assert_eq!(
            response.headers.contains_key(header::RETRY_AFTER),
            status == 503,
            "{path}"
        );
        assert!(response.headers.contains_key("x-request-id"), "{path}");
    }
}
