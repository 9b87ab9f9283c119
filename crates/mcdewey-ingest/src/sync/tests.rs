//! Whole synchronisations of small folders into an index in memory.

use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use mcdewey_core::testing::{FakeEmbed, MemoryIndex};
use mcdewey_core::{
    AttachmentRole, ConvertError, Converted, EmbedError, Format, ImageFile, ModelInfo,
    QuestionEmbedding, RootName, Scope, SourcePath, SyncEvent, SyncHandle, SyncRequest,
};
use tempfile::TempDir;

use super::*;
use crate::{LibraryFile, resolve_root};

/// An embedder that keeps what it was asked, and can be busy or broken.
struct WatchedEmbed {
    inner: FakeEmbed,
    texts: Mutex<Vec<String>>,
    busy: AtomicUsize,
    panics_at: &'static str,
}

#[async_trait]
impl Embed for WatchedEmbed {
    fn model(&self) -> &ModelInfo {
        self.inner.model()
    }

    async fn question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        self.inner.question(text).await
    }

    async fn passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        if self.busy.load(Ordering::Relaxed) > 0 {
            self.busy.fetch_sub(1, Ordering::Relaxed);
            return Err(EmbedError::Overloaded);
        }

        self.texts.lock().unwrap().extend(texts.iter().cloned());
        self.inner.passages(texts).await
    }

    fn tokens(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        assert!(
            self.panics_at.is_empty() || !text.contains(self.panics_at),
            "told to fail"
        );
        self.inner.tokens(text)
    }
}

/// A folder, an index and an embedder.
struct Desk {
    folder: TempDir,
    index: Arc<MemoryIndex>,
    embed: Arc<WatchedEmbed>,
}

impl Desk {
    fn new(files: &[(&str, &str)]) -> Self {
        Self::failing_at("", files)
    }

    fn failing_at(panics_at: &'static str, files: &[(&str, &str)]) -> Self {
        let inner = FakeEmbed::new(&["barge", "monitor"]);
        let embed = WatchedEmbed {
            inner,
            texts: Mutex::default(),
            busy: AtomicUsize::new(0),
            panics_at,
        };

        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            index: Arc::new(MemoryIndex::new()),
            embed: Arc::new(embed),
        };

        for (path, text) in files {
            desk.write(path, text);
        }

        desk
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        std::fs::remove_file(self.folder.path().join(path)).unwrap();
    }

    fn path(&self, path: &str) -> &Path {
        Box::leak(self.folder.path().join(path).into_boxed_path())
    }

    fn ingester(&self) -> Ingester {
        Ingester::new(
            Arc::clone(&self.index) as Arc<dyn Index>,
            Arc::clone(&self.embed) as Arc<dyn Embed>,
        )
    }

    fn corpus(&self) -> Root {
        Root::new(RootName::default(), self.folder.path())
    }

    async fn try_sync(&self, roots: &[Root]) -> Result<SyncReport, IngestError> {
        self.ingester().sync(roots, &|_| {}).await
    }

    /// A synchronisation of the whole folder, its report checked.
    async fn sync(&self) -> SyncReport {
        let report = self.try_sync(&[self.corpus()]).await.unwrap();
        assert_eq!(
            report.files,
            report.unchanged + report.written + report.skipped.len() as u64,
            "{report:?}"
        );

        report
    }

    async fn sources(&self) -> Vec<String> {
        let documents = self.index.documents(&Scope::everything()).await.unwrap();
        documents
            .into_iter()
            .map(|document| document.meta.source.to_string())
            .collect()
    }

    fn embedded(&self) -> Vec<String> {
        std::mem::take(&mut *self.embed.texts.lock().unwrap())
    }
}

#[tokio::test]
async fn a_second_run_finds_nothing_to_do() {
    let desk = Desk::new(&[
        ("library.toml", "[[alias]]\nnames = ['CCX', 'UCCX']\n"),
        (
            "finesse/v12.5/guide/a.md",
            "# Guide\n\nBarge ends the call.\n",
        ),
        (
            "finesse/v15/guide/a.md",
            "<!-- page: 3 -->\nMonitor first.\n",
        ),
        ("b.pdf", "%PDF"),
    ]);

    let first = desk.sync().await;
    assert_eq!(
        (first.files, first.parsed, first.written, first.chunks),
        (3, 2, 2, 2)
    );
    assert_eq!(
        (first.embedded, first.reused, first.tokens),
        (2, 0, desk.embedded().iter().map(|t| tokens(t)).sum())
    );
    assert_eq!(first.skipped[0].path, "b.pdf");
    assert_eq!(desk.index.description().await.unwrap().aliases.len(), 1);
    let second = desk.sync().await;

    assert_eq!(
        (
            second.unchanged,
            second.parsed,
            second.embedded,
            second.written,
            second.removed
        ),
        (2, 0, 0, 0, 0)
    );
    assert_eq!(
        (second.revision, second.generation),
        (first.revision, first.generation)
    );
}

fn tokens(text: &str) -> u64 {
    FakeEmbed::new(&[]).tokens(text).unwrap().len() as u64
}

#[tokio::test]
async fn a_document_keeps_its_facets_and_pages() {
    let desk = Desk::new(&[(
        "finesse/v12.5/guide/a.md",
        "---\nsource_url: https://docs.example.com/a\nupdated: 2024-05-01\n---\n<!-- page: 118 label: 102 -->\n# Barge\n\nEnds.\n",
    )]);
    desk.sync().await;
    let source: SourcePath = "finesse/v12.5/guide/a.md".parse().unwrap();

    let document = desk
        .index
        .document(&source, &Scope::everything())
        .await
        .unwrap()
        .unwrap();

    assert_eq!(document.meta.facets.product.as_deref(), Some("finesse"));
    assert_eq!(
        document.meta.facets.version_label().as_deref(),
        Some("v12.5")
    );
    assert_eq!(document.meta.updated.as_deref(), Some("2024-05-01"));
    assert_eq!(
        (
            document.pages[0].number.0,
            document.pages[0].label.as_deref()
        ),
        (118, Some("102"))
    );
    assert_eq!(document.outline[0].title, "Barge");

    let chunks = desk
        .index
        .passages(&source, 0..9, &Scope::everything())
        .await
        .unwrap();

    assert_eq!(chunks[0].text, "# Barge\n\nEnds.");
}

#[tokio::test]
async fn changes_removals_and_new_rules_are_followed() {
    let desk = Desk::new(&[
        ("p/1.0/g/a.md", "Barge one"),
        ("p/1.0/g/b.md", "Barge two"),
        ("c.md", "Barge three"),
    ]);

    desk.sync().await;
    desk.write("p/1.0/g/a.md", "Monitor one");
    desk.remove("p/1.0/g/b.md");
    let report = desk.sync().await;

    assert_eq!(
        (report.written, report.removed, report.unchanged),
        (1, 1, 1)
    );
    assert_eq!(desk.sources().await, ["c.md", "p/1.0/g/a.md"]);
    desk.embedded();

    desk.write(
        "library.toml",
        "[[rule]]\npath = '.'\nset = { vendor = 'Acme' }\n",
    );
    let report = desk.sync().await;
    assert_eq!(
        (
            report.parsed,
            report.written,
            report.embedded,
            report.reused
        ),
        (2, 2, 0, 2)
    );
    assert!(
        desk.embedded().is_empty(),
        "the text is the same, so are the vectors"
    );
}

#[tokio::test]
async fn nothing_outside_the_walked_folder_is_removed() {
    let desk = Desk::new(&[
        ("main/x/a.md", "a"),
        ("main/x/a2.md", "a"),
        ("main/y/b.md", "b"),
        ("vendor/c.md", "c"),
    ]);

    let main = Root::new(RootName::default(), desk.path("main"));
    let vendor = Root::new("vendor".parse().unwrap(), desk.path("vendor"));
    desk.try_sync(&[main.clone(), vendor]).await.unwrap();
    desk.remove("main/x/a2.md");
    desk.remove("main/y/b.md");
    desk.remove("vendor/c.md");

    let part = Root {
        below: Some("x".to_owned()),
        ..main.clone()
    };
    assert_eq!(desk.try_sync(&[part]).await.unwrap().removed, 1);
    assert_eq!(desk.sources().await, ["vendor/c.md", "x/a.md", "y/b.md"]);
    desk.try_sync(&[main]).await.unwrap();

    assert_eq!(desk.sources().await, ["vendor/c.md", "x/a.md"]);
}

#[tokio::test]
async fn another_folder_does_not_empty_the_library() {
    let desk = Desk::new(&[("one/a.md", "a"), ("one/b.md", "b"), ("two/c.md", "c")]);
    let named = |path: &str| resolve_root(&[], desk.path(path).to_str()).unwrap();
    desk.try_sync(&named("one")).await.unwrap();
    let report = desk.try_sync(&named("two")).await.unwrap();
    assert_eq!((report.written, report.removed), (1, 0));
    assert_eq!(desk.sources().await, ["a.md", "b.md", "c.md"]);
    desk.remove("one/b.md");
    assert_eq!(desk.try_sync(&named("one")).await.unwrap().removed, 1);
    assert_eq!(desk.sources().await, ["a.md", "c.md"]);
}

#[tokio::test]
async fn a_moved_corpus_takes_its_documents_along() {
    let desk = Desk::new(&[("one/a.md", "a"), ("one/b.md", "b")]);
    desk.try_sync(&[Root::new(RootName::default(), desk.path("one"))])
        .await
        .unwrap();
    std::fs::rename(desk.path("one"), desk.path("two")).unwrap();
    desk.remove("two/b.md");
    let moved = [Root::new(RootName::default(), desk.path("two"))];
    let report = desk.try_sync(&moved).await.unwrap();
    assert_eq!((report.written, report.embedded, report.removed), (1, 0, 1));
    assert_eq!(
        desk.try_sync(&moved).await.unwrap().unchanged,
        1,
        "the new folder is remembered"
    );
}

#[tokio::test]
async fn a_root_inside_another_is_its_own() {
    let desk = Desk::new(&[("main/a.md", "a"), ("main/inner/b.md", "b")]);
    let configured = [
        Root::new(RootName::default(), desk.path("main")),
        Root::new("inner".parse().unwrap(), desk.path("main/inner")),
    ];
    desk.try_sync(&configured[..1]).await.unwrap();
    let roots = resolve_root(&configured, None).unwrap();
    let report = desk.try_sync(&roots).await.unwrap();
    assert_eq!((report.files, report.skipped.len()), (2, 0), "{report:?}");
    assert_eq!(desk.sources().await, ["a.md", "inner/b.md"]);

    let inner = desk
        .index
        .manifest(&"inner".parse().unwrap())
        .await
        .unwrap();

    assert_eq!(inner.len(), 1);
}

#[tokio::test]
async fn a_follower_who_stands_still_holds_nobody_up() {
    let desk = Desk::new(&[("a.md", "Barge")]);
    let (jobs, waiting) = tokio::sync::mpsc::channel(2);
    let (events, mut stalled) = tokio::sync::mpsc::channel(1);

    jobs.send(mcdewey_core::SyncJob {
        request: SyncRequest::default(),
        events,
    })
    .await
    .unwrap();

    drop(jobs);
    desk.ingester()
        .serve_jobs(vec![desk.corpus()], waiting)
        .await;

    assert!(
        matches!(stalled.recv().await, Some(SyncEvent::Finished(_))),
        "the end has its place"
    );
}

#[tokio::test]
async fn a_page_of_numbers_is_a_passage() {
    let desk = Desk::new(&[("a.md", "<!-- page: 1 -->\n12.5 8443 5222\n")]);
    assert_eq!(desk.sync().await.chunks, 1);
}

#[tokio::test]
async fn unreadable_files_are_named_and_keep_their_revision() {
    let desk = Desk::new(&[("a.md", "Barge"), ("b.md", "Monitor"), ("c.md", "Hold")]);
    desk.sync().await;
    desk.write("a.md", b"\xff broken");
    desk.write("b.mdx", "Monitor");
    let report = desk.sync().await;

    let skipped: Vec<&str> = report
        .skipped
        .iter()
        .map(|file| file.path.as_str())
        .collect();

    assert_eq!(skipped, ["a.md", "b.md", "b.mdx"]);
    assert!(
        report.skipped[0].reason.contains("byte 0"),
        "{:?}",
        report.skipped
    );
    assert!(
        report
            .warnings
            .iter()
            .any(|warning| warning.contains("kept the revision of a.md")),
        "{report:?}"
    );
    assert!(
        report
            .warnings
            .iter()
            .any(|warning| warning.contains("kept the revision of b.md")),
        "{report:?}"
    );
    assert_eq!((report.unchanged, report.removed), (1, 0));
    assert_eq!(desk.sources().await, ["a.md", "b.md", "c.md"]);
}

#[cfg(unix)]
#[tokio::test]
async fn what_became_a_link_out_of_the_root_keeps_its_revision() {
    use std::os::unix::fs::symlink;

    let files = ["a.md", "x/b.md", "v1/c.md", "old/d.md", "e.md"].map(|path| (path, "Barge"));
    let desk = Desk::new(&files);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("b.md"), "Secret").unwrap();
    desk.sync().await;
    std::fs::remove_file(desk.path("a.md")).unwrap();
    symlink(outside.path().join("b.md"), desk.path("a.md")).unwrap();
    std::fs::remove_dir_all(desk.path("x")).unwrap();
    symlink(outside.path(), desk.path("x")).unwrap();

    // This one leads to a folder that was read, so what it held before is gone indeed.
    std::fs::remove_dir_all(desk.path("old")).unwrap();
    symlink("v1", desk.path("old")).unwrap();
    let report = desk.sync().await;

    let skipped: Vec<&str> = report
        .skipped
        .iter()
        .map(|file| file.path.as_str())
        .collect();

    assert_eq!(skipped, ["a.md", "old", "x"]);
    assert_eq!((report.unchanged, report.removed), (2, 1), "{report:?}");
    for kept in ["a.md", "x/b.md"] {
        assert!(
            report.warnings.iter().any(|warning| warning.contains(kept)),
            "{report:?}"
        );
    }

    assert_eq!(desk.sources().await, ["a.md", "e.md", "v1/c.md", "x/b.md"]);
    assert!(!desk.embedded().concat().contains("Secret"));
}

#[tokio::test]
async fn a_failing_reader_skips_one_file() {
    let desk = Desk::failing_at(
        "poison",
        &[("a.md", "Barge"), ("b.md", "poison"), ("c.md", "Hold")],
    );
    let report = desk.sync().await;
    assert_eq!((report.written, report.skipped.len()), (2, 1));
    assert!(
        report.skipped[0].reason.contains("the reader failed"),
        "{:?}",
        report.skipped
    );
}

#[tokio::test]
async fn what_the_index_refuses_is_skipped() {
    let desk = Desk::new(&[
        ("main/g/b.md", "Barge"),
        ("other/b.txt", "Hold"),
        ("other/c.md", "Monitor"),
    ]);

    desk.try_sync(&[Root::new(RootName::default(), desk.path("main"))])
        .await
        .unwrap();
    let other = Root::new("g".parse().unwrap(), desk.path("other"));
    let report = desk.try_sync(&[other]).await.unwrap();

    assert_eq!(
        (report.files, report.written, report.skipped.len()),
        (2, 1, 1)
    );
    assert!(
        report.skipped[0].reason.contains("g/b.md"),
        "{:?}",
        report.skipped
    );
}

#[tokio::test]
async fn a_renamed_file_may_claim_the_chunk_ids() {
    let desk = Desk::new(&[("a.md", "Barge"), ("b.md", "Hold")]);
    desk.sync().await;
    desk.remove("a.md");
    desk.write("a.txt", "Barge");
    let report = desk.sync().await;
    assert_eq!((report.written, report.removed), (1, 1));
    assert_eq!(desk.sources().await, ["a.txt", "b.md"]);
}

#[tokio::test]
async fn missing_and_empty_roots_change_nothing() {
    let desk = Desk::new(&[("main/a.md", "a"), ("vendor/c.md", "c")]);
    let main = Root::new(RootName::default(), desk.path("main"));
    let vendor = Root::new("vendor".parse().unwrap(), desk.path("vendor"));
    let roots = [main, vendor.clone()];
    let before = desk.try_sync(&roots).await.unwrap().revision;
    desk.write("main/new.md", "new");
    desk.remove("vendor/c.md");
    let error = desk.try_sync(&roots).await.unwrap_err();

    assert!(
        matches!(error, IngestError::EmptyRoot { held: 1, .. }),
        "{error}"
    );
    std::fs::remove_dir(desk.path("vendor")).unwrap();
    let error = desk.try_sync(&roots).await.unwrap_err();

    assert!(
        matches!(error, IngestError::UnreadableRoot { .. }),
        "{error}"
    );
    let error = desk.try_sync(&[vendor.clone(), vendor]).await.unwrap_err();
    assert!(
        matches!(
            error,
            IngestError::UnreadableRoot { .. } | IngestError::DoubleRoot(_)
        ),
        "{error}"
    );
    assert_eq!(desk.index.state().await.unwrap().revision, before);
}

#[tokio::test]
async fn broken_rules_are_an_error_before_anything_changes() {
    let desk = Desk::new(&[("a.md", "a"), ("library.toml", "[[rule]]\ntitel = 'x'")]);
    let error = desk
        .try_sync(&[desk.corpus()])
        .await
        .unwrap_err()
        .to_string();

    assert!(
        error.contains("library.toml") && error.contains("titel"),
        "{error}"
    );
    assert!(desk.sources().await.is_empty());
}

#[tokio::test]
async fn rules_in_the_settings_go_first() {
    let desk = Desk::new(&[
        ("a.md", "a"),
        (
            "library.toml",
            "[[rule]]\npath='.'\nset={vendor='File',guide='g'}",
        ),
    ]);

    let rules =
        LibraryFile::parse("[[rule]]\npath='.'\nset={vendor='Settings'}", "settings").unwrap();
    desk.try_sync(&[Root {
        rules,
        ..desk.corpus()
    }])
    .await
    .unwrap();

    let facets = desk.index.documents(&Scope::everything()).await.unwrap()[0]
        .meta
        .facets
        .clone();

    assert_eq!(
        (facets.vendor.as_deref(), facets.guide.as_deref()),
        (Some("Settings"), Some("g"))
    );
}

#[tokio::test]
async fn equal_texts_are_embedded_once() {
    let text = "# Guide\n\nBarge ends the call.\n";
    let desk = Desk::new(&[
        ("p/1.0/g/a.md", text),
        ("p/2.0/g/a.md", text),
        ("p/3.0/g/a.md", text),
    ]);

    let report = desk.sync().await;
    assert_eq!((report.embedded, report.reused, report.written), (1, 2, 3));
    assert_eq!(desk.embedded().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_busy_model_is_waited_for() {
    let desk = Desk::new(&[("a.md", "Barge")]);
    desk.embed.busy.store(5, Ordering::Relaxed);
    assert_eq!(desk.sync().await.written, 1);
}

#[tokio::test]
async fn a_run_that_was_dropped_is_finished_by_the_next() {
    let files: Vec<(String, String)> = (0..60)
        .map(|n| (format!("d{n:02}.md"), format!("Barge number {n}")))
        .collect();

    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let desk = Desk::new(&files);
    let (ingester, root) = (desk.ingester(), desk.corpus());
    let (written, seen) = tokio::sync::oneshot::channel();
    let written = Mutex::new(Some(written));

    let tell = |progress: SyncProgress| {
        if progress.done > 5 {
            written.lock().unwrap().take().map(|tell| tell.send(()));
        }
    };

    let roots = [root];
    tokio::select! {
        biased;
        _ = seen => {}
        done = ingester.sync(&roots, &tell) => panic!("it was to be dropped: {done:?}"),
    }

    let report = desk.sync().await;
    assert_eq!(report.unchanged + report.written, 60);
    assert!(
        report.unchanged > 5,
        "what was done before was kept: {report:?}"
    );
    assert_eq!(desk.sources().await.len(), 60);
}

#[tokio::test]
async fn progress_ends_with_every_file_dealt_with() {
    let desk = Desk::new(&[("a.md", "Barge"), ("b.md", ""), ("c.pdf", "x")]);
    let last = Mutex::new(SyncProgress::default());
    let tell = |progress: SyncProgress| *last.lock().unwrap() = progress;
    let report = desk.ingester().sync(&[desk.corpus()], &tell).await.unwrap();
    let last = last.into_inner().unwrap();

    assert_eq!(
        (last.files, last.done, last.chunks, last.tokens),
        (3, 3, report.chunks, report.tokens)
    );
}

#[tokio::test]
async fn jobs_are_served_one_after_another() {
    let desk = Desk::new(&[("a.md", "Barge")]);
    let (handle, jobs) = SyncHandle::channel(4);
    let owner = tokio::spawn(desk.ingester().serve_jobs(vec![desk.corpus()], jobs));
    let gone = handle.request(SyncRequest::default()).unwrap();
    drop(gone);

    let last = |root: Option<&str>| {
        let mut events = handle
            .request(SyncRequest {
                root: root.map(str::to_owned),
            })
            .unwrap();

        async move {
            let mut last = None;
            while let Some(event) = events.recv().await {
                last = Some(event);
            }
            last
        }
    };

    let Some(SyncEvent::Finished(report)) = last(None).await else {
        panic!("it should have finished")
    };

    assert_eq!(
        (report.unchanged, report.roots),
        (1, vec![RootName::default()])
    );

    let Some(SyncEvent::Failed { message }) = last(Some("nowhere")).await else {
        panic!("it should have failed")
    };
    assert!(message.contains("nowhere"), "{message}");
    drop(handle);
    owner.await.unwrap();
}

/// A converter that makes Markdown of what it is given, with one image; it refuses what says so.
struct Upper;

impl Convert for Upper {
    fn fingerprint(&self, _: Format) -> &'static str {
        "upper-1"
    }

    fn may_be(&self, _: Format, head: &[u8]) -> bool {
        head.len() > 2
    }

    fn convert(&self, format: Format, bytes: &[u8]) -> Result<Converted, ConvertError> {
        let text = String::from_utf8_lossy(bytes);
        if text.contains("broken") {
            return Err(ConvertError("it is broken; mend it".to_owned()));
        }

        let markdown = format!(
            "---\ntitle: From {format}\n---\n<!-- page: 1 -->\n{text}\n\n![Image 1](page-1-image-1.png)\n"
        );

        let image = |name: &str| ImageFile {
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            bytes: PNG.to_vec(),
        };

        let images = vec![image("page-1-image-1.png"), image("shown-nowhere.png")];
        Ok(Converted {
            markdown,
            images,
            warnings: vec!["a table has no header".to_owned()],
        })
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

impl Desk {
    async fn sync_converting(&self) -> SyncReport {
        let ingester = self.ingester().with_converter(Arc::new(Upper));
        let report = ingester.sync(&[self.corpus()], &|_| {}).await.unwrap();
        assert_eq!(
            report.files,
            report.unchanged + report.written + report.skipped.len() as u64,
            "{report:?}"
        );

        report
    }

    async fn document(&self, source: &str) -> mcdewey_core::Document {
        self.index
            .document(&source.parse().unwrap(), &Scope::everything())
            .await
            .unwrap()
            .unwrap()
    }
}

#[tokio::test]
async fn other_formats_are_converted_and_kept_as_originals() {
    let desk = Desk::new(&[
        ("a.pdf", "Barge"),
        ("b.html", "broken"),
        ("c.json", "{\"openapi\": \"3.1.0\"}"),
        ("d.json", "{}"),
        (
            "e.md",
            "---\nconverted_from: e.docx\n---\n<!-- page: 1 -->\nMonitor ![x](pic.png)\n",
        ),
        ("e.docx", "whatever"),
    ]);

    desk.write("pic.png", PNG);
    let report = desk.sync_converting().await;
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .map(|file| (file.path.as_str(), file.reason.as_str()))
        .collect();

    assert_eq!(skipped[0], ("b.html", "it is broken; mend it"));
    assert_eq!(
        skipped[1],
        (
            "d.json",
            "it is no OpenAPI description; convert it to Markdown, or take it away"
        )
    );
    assert_eq!(desk.sources().await, ["a.pdf", "c.json", "e.md"]);
    assert!(
        report
            .warnings
            .contains(&"a.pdf: a table has no header".to_owned()),
        "{:?}",
        report.warnings
    );

    let document = desk.document("a.pdf").await;
    assert_eq!(document.meta.title, "From PDF");
    let told = |document: &mcdewey_core::Document| {
        let told = document
            .attachments
            .iter()
            .map(|file| (file.role, file.name.clone(), file.media_type.clone()));
        told.collect::<Vec<_>>()
    };

    let [image, original] = told(&document).try_into().unwrap();
    assert_eq!(
        image,
        (
            AttachmentRole::Image,
            "page-1-image-1.png".to_owned(),
            "image/png".to_owned()
        )
    );
    assert_eq!(
        original,
        (
            AttachmentRole::Original,
            "a.pdf".to_owned(),
            "application/pdf".to_owned()
        )
    );

    let pair = told(&desk.document("e.md").await);
    assert_eq!(
        (pair[0].0, pair[0].1.as_str()),
        (AttachmentRole::Image, "pic.png")
    );
    assert_eq!(
        (pair[1].0, pair[1].1.as_str()),
        (AttachmentRole::Original, "e.docx")
    );
    assert_eq!(desk.sync_converting().await.unchanged, 3);
    desk.write("e.docx", "another original");
    assert_eq!(desk.sync_converting().await.written, 1);
    desk.write("pic.png", [PNG, b"changed"].concat());
    assert_eq!(desk.sync_converting().await.written, 1);

    let ingester = desk
        .ingester()
        .with_converter(Arc::new(Upper))
        .keep_originals(false);
    ingester.sync(&[desk.corpus()], &|_| {}).await.unwrap();
    let roles: Vec<_> = desk
        .document("a.pdf")
        .await
        .attachments
        .iter()
        .map(|file| file.role)
        .collect();

    assert_eq!(roles, [AttachmentRole::Image]);
}
