//! What is written, reused and removed when files or rules change.

use mcdewey_core::SourcePath;

use super::*;
use crate::LibraryFile;

fn count_tokens(text: &str) -> u64 {
    FakeEmbed::new(&[]).token_ranges(text).unwrap().len() as u64
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let fixture = Fixture::new(&[
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

    let first = fixture.sync().await;
    assert_eq!(
        (first.files, first.parsed, first.written, first.chunks),
        (3, 2, 2, 2)
    );
    assert_eq!(
        (first.embedded, first.reused, first.tokens),
        (
            2,
            0,
            fixture
                .embedded()
                .iter()
                .map(|text| count_tokens(text))
                .sum()
        )
    );
    assert_eq!(first.skipped[0].path, "b.pdf");
    assert_eq!(
        fixture
            .index
            .reader()
            .await
            .unwrap()
            .description()
            .await
            .unwrap()
            .aliases
            .len(),
        1
    );

    let second = fixture.sync().await;
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

#[tokio::test]
async fn facets_pages_and_headings_are_stored() {
    let fixture = Fixture::new(&[(
        "finesse/v12.5/guide/a.md",
        "---\nsource_url: https://docs.example.com/a\nupdated: 2024-05-01\n---\n\
         <!-- page: 118 label: 102 -->\n# Barge\n\nEnds.\n",
    )]);
    fixture.sync().await;

    let source: SourcePath = "finesse/v12.5/guide/a.md".parse().unwrap();
    let document = fixture.document(source.as_str()).await;
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

    let chunks = fixture
        .index
        .reader()
        .await
        .unwrap()
        .document_chunks(&source, 0..9, &Scope::everything())
        .await
        .unwrap();
    assert_eq!(chunks[0].text, "# Barge\n\nEnds.");
}

#[tokio::test]
async fn changed_files_removed_files_and_new_rules_update_the_index() {
    let fixture = Fixture::new(&[
        ("p/1.0/g/a.md", "Barge one"),
        ("p/1.0/g/b.md", "Barge two"),
        ("c.md", "Barge three"),
    ]);

    fixture.sync().await;

    fixture.write("p/1.0/g/a.md", "Monitor one");
    fixture.remove("p/1.0/g/b.md");
    let report = fixture.sync().await;
    assert_eq!(
        (report.written, report.removed, report.unchanged),
        (1, 1, 1)
    );
    assert_eq!(fixture.sources().await, ["c.md", "p/1.0/g/a.md"]);

    fixture.embedded();
    fixture.write(
        "library.toml",
        "[[rule]]\npath = '.'\nset = { vendor = 'Acme' }\n",
    );
    let report = fixture.sync().await;
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
        fixture.embedded().is_empty(),
        "the texts are unchanged, so their vectors are reused"
    );
}

#[tokio::test]
async fn a_page_of_numbers_is_a_chunk() {
    let fixture = Fixture::new(&[("a.md", "<!-- page: 1 -->\n12.5 8443 5222\n")]);
    assert_eq!(fixture.sync().await.chunks, 1);
}

#[tokio::test]
async fn a_renamed_file_may_reuse_the_chunk_ids() {
    let fixture = Fixture::new(&[("a.md", "Barge"), ("b.md", "Hold")]);
    fixture.sync().await;

    fixture.remove("a.md");
    fixture.write("a.txt", "Barge");
    let report = fixture.sync().await;
    assert_eq!((report.written, report.removed), (1, 1));
    assert_eq!(fixture.sources().await, ["a.txt", "b.md"]);
}

#[tokio::test]
async fn rules_in_the_settings_take_precedence() {
    let fixture = Fixture::new(&[
        ("a.md", "a"),
        (
            "library.toml",
            "[[rule]]\npath='.'\nset={vendor='File',guide='g'}",
        ),
    ]);

    let rules =
        LibraryFile::parse("[[rule]]\npath='.'\nset={vendor='Settings'}", "settings").unwrap();
    fixture
        .try_sync(&[Root {
            rules,
            ..fixture.corpus()
        }])
        .await
        .unwrap();

    let facets = fixture
        .index
        .reader()
        .await
        .unwrap()
        .documents(&Scope::everything())
        .await
        .unwrap()[0]
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
    let fixture = Fixture::new(&[
        ("p/1.0/g/a.md", text),
        ("p/2.0/g/a.md", text),
        ("p/3.0/g/a.md", text),
    ]);

    let report = fixture.sync().await;
    assert_eq!((report.embedded, report.reused, report.written), (1, 2, 3));
    assert_eq!(fixture.embedded().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_model_queue_is_retried() {
    let fixture = Fixture::new(&[("a.md", "Barge")]);
    fixture.embed.overloaded.store(5, Ordering::Relaxed);
    assert_eq!(fixture.sync().await.written, 1);
}

#[tokio::test]
async fn the_last_progress_counts_every_file() {
    let fixture = Fixture::new(&[("a.md", "Barge"), ("b.md", ""), ("c.pdf", "x")]);
    let last = Mutex::new(SyncProgress::default());
    let record = |progress: SyncProgress| *last.lock().unwrap() = progress;

    let report = fixture
        .ingester()
        .sync(&[fixture.corpus()], &record)
        .await
        .unwrap();
    let last = last.into_inner().unwrap();
    assert_eq!(
        (last.files, last.done, last.chunks, last.tokens),
        (3, 3, report.chunks, report.tokens)
    );
}
