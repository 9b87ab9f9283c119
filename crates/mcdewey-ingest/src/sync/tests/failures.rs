//! Files and documents that cannot be ingested, and runs that are interrupted.

use std::os::unix::fs::symlink;

use mcdewey_core::{ConvertError, ConvertedDocument, Format};

use super::*;

#[tokio::test]
async fn unreadable_files_are_reported_and_keep_their_revision() {
    let fixture = Fixture::new(&[("a.md", "Barge"), ("b.md", "Monitor"), ("c.md", "Hold")]);
    fixture.sync().await;

    fixture.write("a.md", b"\xff broken");
    fixture.write("b.mdx", "Monitor");
    let report = fixture.sync().await;

    assert_eq!(skipped_paths(&report), ["a.md", "b.md", "b.mdx"]);
    assert!(
        report.skipped[0].reason.contains("byte 0"),
        "{:?}",
        report.skipped
    );
    assert!(
        has_warning(&report, "kept the indexed revision of a.md"),
        "{report:?}"
    );
    assert!(
        has_warning(&report, "kept the indexed revision of b.md"),
        "{report:?}"
    );
    assert_eq!((report.unchanged, report.removed), (1, 0));
    assert_eq!(fixture.sources().await, ["a.md", "b.md", "c.md"]);
}

#[tokio::test]
async fn documents_replaced_by_links_out_of_the_root_keep_their_revision() {
    let files = ["a.md", "x/b.md", "v1/c.md", "old/d.md", "e.md"].map(|path| (path, "Barge"));
    let fixture = Fixture::new(&files);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("b.md"), "Secret").unwrap();
    fixture.sync().await;

    std::fs::remove_file(fixture.path("a.md")).unwrap();
    symlink(outside.path().join("b.md"), fixture.path("a.md")).unwrap();
    std::fs::remove_dir_all(fixture.path("x")).unwrap();
    symlink(outside.path(), fixture.path("x")).unwrap();

    // This link leads to a folder of the root, which was listed: the document it replaced is gone.
    std::fs::remove_dir_all(fixture.path("old")).unwrap();
    symlink("v1", fixture.path("old")).unwrap();
    let report = fixture.sync().await;

    assert_eq!(skipped_paths(&report), ["a.md", "old", "x"]);
    assert_eq!((report.unchanged, report.removed), (2, 1), "{report:?}");
    for kept in ["a.md", "x/b.md"] {
        assert!(has_warning(&report, kept), "{report:?}");
    }

    assert_eq!(
        fixture.sources().await,
        ["a.md", "e.md", "v1/c.md", "x/b.md"]
    );
    assert!(!fixture.embedded().concat().contains("Secret"));
}

#[tokio::test]
async fn a_panic_while_reading_skips_one_file() {
    let fixture = Fixture::panicking_at(
        "poison",
        &[("a.md", "Barge"), ("b.md", "poison"), ("c.md", "Hold")],
    );
    let report = fixture.sync().await;
    assert_eq!((report.written, report.skipped.len()), (2, 1));
    assert!(
        report.skipped[0].reason.contains("the reader crashed"),
        "{:?}",
        report.skipped
    );
}

#[tokio::test]
async fn a_panic_in_one_of_two_files_with_the_same_name_skips_only_that_file() {
    struct PanickingConverter;

    impl Convert for PanickingConverter {
        fn fingerprint(&self, _: Format) -> &'static str {
            "panicking"
        }

        fn may_be(&self, _: Format, _: &[u8]) -> bool {
            true
        }

        fn convert(&self, _: Format, _: &[u8]) -> Result<ConvertedDocument, ConvertError> {
            panic!("the test asked for this panic")
        }
    }

    let fixture = Fixture::new(&[("a.md", "Barge"), ("a.html", "Barge")]);
    let ingester = fixture
        .ingester()
        .with_converter(Arc::new(PanickingConverter));
    let report = fixture.sync_with(ingester).await;

    assert_eq!(fixture.sources().await, ["a.md"]);
    assert!(
        report.skipped[0].reason.contains("the reader crashed"),
        "{report:?}"
    );
}

#[tokio::test]
async fn documents_that_the_index_rejects_are_skipped() {
    let fixture = Fixture::new(&[
        ("main/g/b.md", "Barge"),
        ("other/b.txt", "Hold"),
        ("other/c.md", "Monitor"),
    ]);

    fixture
        .try_sync(&[Root::new(RootName::default(), fixture.path("main"))])
        .await
        .unwrap();
    let other = Root::new("g".parse().unwrap(), fixture.path("other"));
    let report = fixture.try_sync(&[other]).await.unwrap();

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
async fn the_next_run_completes_an_aborted_one() {
    let files: Vec<(String, String)> = (0..60)
        .map(|n| (format!("d{n:02}.md"), format!("Barge number {n}")))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();

    let fixture = Fixture::new(&files);
    let (ingester, roots) = (fixture.ingester(), [fixture.corpus()]);
    let (sender, partly_done) = tokio::sync::oneshot::channel();
    let sender = Mutex::new(Some(sender));

    let notify = |progress: SyncProgress| {
        if progress.done > 5 {
            sender.lock().unwrap().take().map(|sender| sender.send(()));
        }
    };

    tokio::select! {
        biased;
        _ = partly_done => {}
        done = ingester.sync(&roots, &notify) => panic!("the run was not dropped: {done:?}"),
    }

    let report = fixture.sync().await;
    assert_eq!(report.unchanged + report.written, 60);
    assert!(
        report.unchanged > 5,
        "the documents written before are kept: {report:?}"
    );
    assert_eq!(fixture.sources().await.len(), 60);
}
