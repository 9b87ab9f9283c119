//! Helpers for tests of telemetry: a log in memory, and a model that answers on demand.

use std::io::Write;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use axum::Router;
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{Embed, EmbedError, Index, ModelInfo, OwnerHandle, QuestionEmbedding};
use mcdewey_search::Library;
use serde_json::Value;
use tokio::sync::Semaphore;
use tracing_subscriber::fmt::MakeWriter;

use super::{Telemetry, TelemetrySettings};
use crate::testing::plain_pages;
use crate::{AppState, app};

/// The log of all tests: they run in parallel, and the subscriber is global.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .json()
        .with_current_span(true)
        .with_span_list(false)
        .finish();

    tracing::subscriber::set_global_default(subscriber).expect("no other subscriber is set");

    // Call sites that other threads passed before are cached as disabled.
    tracing::callsite::rebuild_interest_cache();
    log
});

impl Log {
    /// Starts to log, in the format of `--log-format json`.
    pub(super) fn start() -> Self {
        LOG.clone()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The last line that contains this text.
    pub(super) fn last_line_with(&self, needle: &str) -> Value {
        let text = self.text();
        let line = text.lines().rfind(|line| line.contains(needle));
        serde_json::from_str(line.unwrap_or_else(|| panic!("no line with {needle} in {text}")))
            .unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A model that embeds only as many questions as a test permits.
pub(super) struct SlowModel {
    inner: FakeEmbed,
    pub(super) permits: Semaphore,
    /// Questions so far.
    pub(super) questions: AtomicUsize,
    pub(super) is_broken: AtomicBool,
    concurrent: AtomicUsize,
    pub(super) max_concurrent: AtomicUsize,
}

impl SlowModel {
    /// A model that never waits.
    pub(super) fn unlimited() -> Self {
        let model = Self::blocked();
        model.permits.add_permits(1_000_000);
        model
    }

    /// A model without any permits.
    pub(super) fn blocked() -> Self {
        Self {
            inner: FakeEmbed::new(&["barge"]),
            permits: Semaphore::new(0),
            questions: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
            concurrent: AtomicUsize::new(0),
            max_concurrent: AtomicUsize::new(0),
        }
    }

    pub(super) async fn library(self: &Arc<Self>) -> Library {
        let index = MemoryIndex::new();
        let document = SampleDocument::new("a.md")
            .page(1, &["Barge in."])
            .build(&self.inner);
        index.commit(document).await.unwrap();
        Library::new(Arc::new(index), Arc::clone(self) as _)
    }

    pub(super) async fn service(self: &Arc<Self>, settings: TelemetrySettings) -> Router {
        let (owner, _requests) = OwnerHandle::channel(1);
        let library = Arc::new(self.library().await);
        let state = AppState::new(library, "http://localhost", owner, "")
            .with_telemetry(Telemetry::new(settings));

        app(state, plain_pages())
    }
}

#[async_trait]
impl Embed for SlowModel {
    fn model(&self) -> &ModelInfo {
        self.inner.model()
    }

    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(EmbedError::Closed);
        }

        let now = self.concurrent.fetch_add(1, Ordering::SeqCst) + 1;
        self.max_concurrent.fetch_max(now, Ordering::SeqCst);
        let permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| EmbedError::Closed)?;

        tokio::task::yield_now().await;
        permit.forget();
        self.concurrent.fetch_sub(1, Ordering::SeqCst);
        self.inner.embed_question(text).await
    }

    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.inner.embed_chunks(texts).await
    }

    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        self.inner.token_ranges(text)
    }
}
