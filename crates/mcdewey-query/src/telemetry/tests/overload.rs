//! More requests than can be answered at once, with a model that answers when the test permits it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use futures::stream::{FuturesUnordered, StreamExt};
use tower::ServiceExt;

use super::super::TelemetrySettings;
use super::super::testing::SlowModel;
use crate::testing::request;

const CLIENTS: usize = 64;

async fn get(router: &Router, path: &str) -> axum::response::Response {
    router
        .clone()
        .oneshot(request(Method::GET, path).body(Body::empty()).unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn in_a_burst_some_searches_are_answered_and_the_others_rejected() {
    let model = Arc::new(SlowModel::blocked());
    let longest_wait = Duration::from_millis(20);
    let settings = TelemetrySettings {
        searches_at_once: 4,
        longest_wait,
        ..TelemetrySettings::default()
    };

    let router = model.service(settings).await;
    let mut responses: FuturesUnordered<_> = (0..CLIENTS)
        .map(|_| get(&router, "/api/v1/search?q=barge"))
        .collect();

    for _ in 4..CLIENTS {
        let rejected = responses.next().await.unwrap();
        assert_eq!(rejected.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(rejected.headers()[header::RETRY_AFTER], "1");
    }

    model.permits.add_permits(CLIENTS);
    while let Some(response) = responses.next().await {
        assert_eq!(response.status(), StatusCode::OK);
    }

    assert_eq!(
        model.questions.load(Ordering::SeqCst),
        4,
        "rejected searches do not reach the model"
    );
}

#[tokio::test]
async fn searches_that_wait_long_enough_are_answered() {
    let model = Arc::new(SlowModel::unlimited());
    let longest_wait = Duration::from_secs(60);
    let settings = TelemetrySettings {
        searches_at_once: 4,
        longest_wait,
        ..TelemetrySettings::default()
    };

    let router = model.service(settings).await;
    let responses = (0..CLIENTS).map(|number| {
        get(
            &router,
            if number % 2 == 0 {
                "/?q=barge"
            } else {
                "/api/v1/search?q=barge"
            },
        )
    });

    let responses = futures::future::join_all(responses).await;
    assert!(
        responses
            .iter()
            .all(|response| response.status() == StatusCode::OK)
    );
    assert!(model.max_concurrent.load(Ordering::SeqCst) <= 4);
}

#[tokio::test]
async fn a_request_is_given_up_at_its_deadline() {
    let model = Arc::new(SlowModel::blocked());
    let settings = TelemetrySettings {
        deadline: Duration::from_millis(20),
        ..TelemetrySettings::default()
    };

    let router = model.service(settings).await;
    for (path, kind) in [
        ("/api/v1/search?q=barge", "application/problem+json"),
        ("/?q=barge", "text/html; charset=utf-8"),
    ] {
        let response = get(&router, path).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(response.headers()[header::RETRY_AFTER], "1", "{path}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], kind, "{path}");
        assert!(response.headers().contains_key("x-request-id"), "{path}");
    }
}
