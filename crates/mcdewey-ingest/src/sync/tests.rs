//! Complete synchronisations of small folders into an index in memory.

mod conversion;
mod failures;
mod roots;
mod unchanged;
mod updates;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use mcdewey_core::testing::{FakeEmbed, MemoryIndex};
use mcdewey_core::{EmbedError, ModelInfo, QuestionEmbedding, RootName, Scope};
use tempfile::TempDir;

use super::*;

/// An embedder that records the texts it embeds. It can be overloaded, or panic on a text.
struct RecordingEmbed {
    inner: FakeEmbed,
    texts: Mutex<Vec<String>>,
    /// How many of the next calls find the queue full.
    overloaded: AtomicUsize,
    /// Tokenising a text that contains this panics, unless it is empty.
    panics_at: &'static str,
}

#[async_trait]
impl Embed for RecordingEmbed {
    fn model(&self) -> &ModelInfo {
        self.inner.model()
    }

    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        self.inner.embed_question(text).await
    }

    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        if self.overloaded.load(Ordering::Relaxed) > 0 {
            self.overloaded.fetch_sub(1, Ordering::Relaxed);
            return Err(EmbedError::Overloaded);
        }

        self.texts.lock().unwrap().extend(texts.iter().cloned());
        self.inner.embed_chunks(texts).await
    }

    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        assert!(
            self.panics_at.is_empty() || !text.contains(self.panics_at),
            "the test asked for this panic"
        );
        self.inner.token_ranges(text)
    }
}

/// A folder, an index and an embedder.
struct Fixture {
    folder: TempDir,
    index: Arc<MemoryIndex>,
    embed: Arc<RecordingEmbed>,
}

impl Fixture {
    fn new(files: &[(&str, &str)]) -> Self {
        Self::panicking_at("", files)
    }

    fn panicking_at(panics_at: &'static str, files: &[(&str, &str)]) -> Self {
        let embed = RecordingEmbed {
            inner: FakeEmbed::new(&["barge", "monitor"]),
            texts: Mutex::default(),
            overloaded: AtomicUsize::new(0),
            panics_at,
        };

        let fixture = Self {
            folder: tempfile::tempdir().unwrap(),
            index: Arc::new(MemoryIndex::new()),
            embed: Arc::new(embed),
        };

        for (path, text) in files {
            fixture.write(path, text);
        }

        fixture
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn ingester(&self) -> Ingester {
        Ingester::new(
            Arc::clone(&self.index) as Arc<dyn Index>,
            Arc::clone(&self.embed) as Arc<dyn Embed>,
        )
    }

    /// The whole folder as the default root.
    fn corpus(&self) -> Root {
        Root::new(RootName::default(), self.folder.path())
    }

    async fn try_sync(&self, roots: &[Root]) -> Result<SyncReport, IngestError> {
        self.ingester().sync(roots, &|_| {}).await
    }

    /// Ingests the whole folder.
    async fn sync(&self) -> SyncReport {
        self.sync_with(self.ingester()).await
    }

    /// Ingests the whole folder and checks that the report accounts for every file.
    async fn sync_with(&self, ingester: Ingester) -> SyncReport {
        let report = ingester.sync(&[self.corpus()], &|_| {}).await.unwrap();
        assert_eq!(
            report.files,
            report.unchanged + report.written + report.skipped.len() as u64,
            "{report:?}"
        );

        report
    }

    async fn sources(&self) -> Vec<String> {
        let documents = self
            .index
            .reader()
            .await
            .unwrap()
            .documents(&Scope::everything())
            .await
            .unwrap();
        documents
            .into_iter()
            .map(|document| document.meta.source.to_string())
            .collect()
    }

    async fn document(&self, source: &str) -> mcdewey_core::Document {
        self.index
            .reader()
            .await
            .unwrap()
            .document(&source.parse().unwrap(), &Scope::everything())
            .await
            .unwrap()
            .unwrap()
    }

    /// Returns the texts that were embedded since the last call.
    fn embedded(&self) -> Vec<String> {
        std::mem::take(&mut *self.embed.texts.lock().unwrap())
    }
}

fn skipped_paths(report: &SyncReport) -> Vec<&str> {
    report
        .skipped
        .iter()
        .map(|file| file.path.as_str())
        .collect()
}

fn has_warning(report: &SyncReport, part: &str) -> bool {
    report.warnings.iter().any(|warning| warning.contains(part))
}
