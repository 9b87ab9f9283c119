//! What every request meets first: the time its body has, and whether there is room for it.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, header};
use axum::response::Response;
use futures::stream::{self, StreamExt};
use tower::ServiceExt;

use super::{OverCapacity, Telemetry, TelemetrySettings};
use crate::app::testing::{Service, TOKEN, documents, request};

/// A body of which one byte comes, and then nothing.
fn endless() -> Body {
    let first = stream::iter([Ok::<_, std::io::Error>("{")]);
    Body::from_stream(first.chain(stream::pending()))
}

/// A body that goes on for ever, a byte at a time.
fn trickling() -> Body {
    Body::from_stream(stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((Ok::<_, std::io::Error>(" "), ()))
    }))
}

async fn post(service: &Service, path: &str, body: Body) -> Response {
    let request = request(Method::POST, path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let answer = service.router.clone().oneshot(request.body(body).unwrap());
    tokio::time::timeout(Duration::from_secs(10), answer)
        .await
        .expect("nobody waits for the body")
        .unwrap()
}

#[tokio::test]
async fn nobody_waits_for_a_body_that_does_not_end() {
    let settings = TelemetrySettings {
        body_timeout: Duration::from_millis(50),
        ..TelemetrySettings::default()
    };

    let service = Service::with(&documents(), |state| {
        state.with_telemetry(Telemetry::new(settings))
    })
    .await;

    // Work on the library has no deadline, but its body has.
    for (path, kind) in [
        ("/api/v1/search", "application/problem+json"),
        ("/api/v1/sync", "application/problem+json"),
        ("/api/v1/removals", "application/problem+json"),
        ("/mcp", "application/problem+json"),
        ("/feedback", "text/html; charset=utf-8"),
    ] {
        for body in [endless(), trickling()] {
            let late = post(&service, path, body).await;
            assert_eq!(late.status().as_u16(), 408, "{path}");
            assert_eq!(late.headers()[header::CONTENT_TYPE], kind, "{path}");
            assert!(late.headers().contains_key("x-request-id"), "{path}");
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
async fn beyond_capacity_only_operators_are_answered() {
    let service = Service::new().await;
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
        let answer = service.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(
            answer.headers.contains_key(header::RETRY_AFTER),
            status == 503,
            "{path}"
        );
        assert!(answer.headers.contains_key("x-request-id"), "{path}");
    }
}
