//! Many at once, with a model that answers when the test lets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use futures::stream::{FuturesUnordered, StreamExt};
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{Embed, EmbedError, Index, ModelInfo, QuestionEmbedding, SyncHandle};
use std::ops::Range;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::{Telemetry, TelemetrySettings};
use crate::app::testing::request;
use crate::{AppState, Library, app};

const CLIENTS: usize = 64;

/// A model that answers as many questions as it is let.
pub(super) struct SlowModel {
    inner: FakeEmbed,
    let_go: Semaphore,
    pub(super) asked: AtomicUsize,
    pub(super) broken: AtomicBool,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl SlowModel {
    /// One that answers at once.
    pub(super) fn open() -> Self {
        let model = Self::closed();
        model.let_go.add_permits(1_000_000);
        model
    }

    fn closed() -> Self {
        Self {
            inner: FakeEmbed::new(&["barge"]),
            let_go: Semaphore::new(0),
            asked: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        }
    }

    pub(super) async fn library(self: &Arc<Self>) -> Library {
        let index = MemoryIndex::new();
        let document = SampleDocument::new("a.md")
            .page(1, &["Barge in."])
            .build(&self.inner);
        index.commit(document).await.unwrap();
        Library::new(Arc::new(index), Arc::clone(self) as _, "http://localhost")
    }

    async fn service(self: &Arc<Self>, settings: TelemetrySettings) -> Router {
        let (sync, _jobs) = SyncHandle::channel(1);
        app(AppState::new(Arc::new(self.library().await), sync, "")
            .with_telemetry(Telemetry::new(settings)))
    }
}

#[async_trait]
impl Embed for SlowModel {
    fn model(&self) -> &ModelInfo {
        self.inner.model()
    }

    async fn question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            return Err(EmbedError::Closed);
        }

        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let one = self
            .let_go
            .acquire()
            .await
            .map_err(|_| EmbedError::Closed)?;

        tokio::task::yield_now().await;
        one.forget();
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        self.inner.question(text).await
    }

    async fn passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.inner.passages(texts).await
    }

    fn tokens(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        self.inner.tokens(text)
    }
}

async fn ask(router: &Router, path: &str) -> axum::response::Response {
    router
        .clone()
        .oneshot(request(Method::GET, path).body(Body::empty()).unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn in_a_burst_some_are_answered_and_the_others_told_to_come_back() {
    let model = Arc::new(SlowModel::closed());
    let longest_wait = Duration::from_millis(20);
    let settings = TelemetrySettings {
        searches_at_once: 4,
        longest_wait,
        ..TelemetrySettings::default()
    };

    let router = model.service(settings).await;
    let mut answers: FuturesUnordered<_> = (0..CLIENTS)
        .map(|_| ask(&router, "/api/v1/search?q=barge"))
        .collect();

    for _ in 4..CLIENTS {
        let refused = answers.next().await.unwrap();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
    }

    model.let_go.add_permits(CLIENTS);
    while let Some(answer) = answers.next().await {
        assert_eq!(answer.status(), StatusCode::OK);
    }

    assert_eq!(
        model.asked.load(Ordering::SeqCst),
        4,
        "who was refused cost the model nothing"
    );
}

#[tokio::test]
async fn who_waits_long_enough_is_answered() {
    let model = Arc::new(SlowModel::open());
    let longest_wait = Duration::from_secs(60);
    let settings = TelemetrySettings {
        searches_at_once: 4,
        longest_wait,
        ..TelemetrySettings::default()
    };

    let router = model.service(settings).await;
    let answers = (0..CLIENTS).map(|number| {
        ask(
            &router,
            if number % 2 == 0 {
                "/?q=barge"
            } else {
                "/api/v1/search?q=barge"
            },
        )
    });

    let answers = futures::future::join_all(answers).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status() == StatusCode::OK)
    );
    assert!(model.most_at_once.load(Ordering::SeqCst) <= 4);
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let model = Arc::new(SlowModel::closed());
    let settings = TelemetrySettings {
        deadline: Duration::from_millis(20),
        ..TelemetrySettings::default()
    };

    let router = model.service(settings).await;
    for (path, kind) in [
        ("/api/v1/search?q=barge", "application/problem+json"),
        ("/?q=barge", "text/html; charset=utf-8"),
    ] {
        let late = ask(&router, path).await;
        assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(late.headers()[header::RETRY_AFTER], "1", "{path}");
        assert_eq!(late.headers()[header::CONTENT_TYPE], kind, "{path}");
        assert!(late.headers().contains_key("x-request-id"), "{path}");
    }
}
