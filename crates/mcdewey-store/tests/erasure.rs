//! An erased document leaves no byte in the data directory: neither in the live generation nor in a
//! retained one, whatever was written before.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{
    CandidateQuery, Embed, GenerationRemoval, Index, Scope, SourcePath, WeightedText,
};
use mcdewey_store::{EmbeddedIndex, Generations};

/// Occurs in the text, title, context and name of the document that is erased.
const ERASED: &str = "zyxgoesxyz";
/// Occurs in the same places of a document that is kept.
const KEPT: &str = "qwvstaysvwq";

/// The two documents and enough others for several pages in every file.
fn library(edition: &str) -> Vec<SampleDocument> {
    let mut documents: Vec<SampleDocument> = (0..6)
        .map(|number| {
            SampleDocument::new(&format!("filler/{number}.md")).page(1, &["canine feline", edition])
        })
        .collect();

    for marker in [ERASED, KEPT] {
        let texts: Vec<String> = (0..30)
            .map(|part| format!("canine {marker} {edition} {part}"))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let document =
            SampleDocument::new(&format!("guides/{marker}.md")).title(&format!("On {marker}"));

        documents.push(
            document
                .context(&format!("{marker} guide"))
                .product(marker)
                .page(1, &texts),
        );
    }

    documents
}

fn source(marker: &str) -> SourcePath {
    format!("guides/{marker}.md").parse().unwrap()
}

/// Fills a generation twice and optimises it, so that its files also hold replaced data.
async fn build_generation(generations: &Generations, chunker: &str) -> Arc<EmbeddedIndex> {
    let generation = generations
        .register(embedder().model(), None, chunker)
        .unwrap();
    let index = generations.open_index(&generation).unwrap();
    for edition in ["first", "second"] {
        let commits: Vec<_> = library(edition)
            .into_iter()
            .map(|document| {
                let index = Arc::clone(&index);
                tokio::spawn(
                    async move { index.commit(document.build(&embedder())).await.unwrap() },
                )
            })
            .collect();

        for commit in commits {
            commit.await.unwrap();
        }

        index.optimize().await.unwrap();
    }

    generations
        .mark_complete(&index.state().await.unwrap())
        .unwrap();
    index
}

/// Lists the files below a folder whose content or path contains the marker.
fn files_with(folder: &Path, marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, marker));
        } else if contains(&fs::read(&path).unwrap(), marker.as_bytes())
            || path.to_string_lossy().contains(marker)
        {
            found.push(path.display().to_string());
        }
    }

    found
}

/// Reports whether the bytes contain the marker. Skips holes, which the engine's files mostly
/// consist of.
fn contains(bytes: &[u8], marker: &[u8]) -> bool {
    const HOLE: [u8; 4096] = [0; 4096];

    let mut window: Vec<u8> = Vec::new();
    for block in bytes.chunks(HOLE.len()) {
        if block == &HOLE[..block.len()] {
            window.clear();
            continue;
        }

        window.extend_from_slice(block);
        if window.windows(marker.len()).any(|bytes| bytes == marker) {
            return true;
        }

        // Keep the end, because the marker may span two blocks.
        window.drain(..window.len().saturating_sub(marker.len()));
    }

    false
}

async fn hits(index: &EmbeddedIndex, word: &str) -> usize {
    let query = CandidateQuery {
        keyword: vec![WeightedText {
            text: word.to_owned(),
            weight: 1.0,
        }],
        depth: 100,
        ..CandidateQuery::default()
    };

    index
        .reader()
        .await
        .unwrap()
        .candidates(&query, &Scope::everything())
        .await
        .unwrap()
        .keyword
        .unwrap()
        .len()
}

#[tokio::test]
async fn an_erased_document_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let generations = Arc::new(Generations::open(dir.path(), 0).unwrap());
    let retained = build_generation(&generations, "old")
        .await
        .state()
        .await
        .unwrap()
        .generation;

    assert!(generations.wait_until_unused(&retained));
    let live = build_generation(&generations, "new").await;

    let before = files_with(dir.path(), ERASED);
    for part in ["catalogue.sqlite", "shard-1"] {
        assert_eq!(
            before
                .iter()
                .filter(|path| path.contains(part))
                .count()
                .min(2),
            2,
            "{part}: {before:?}"
        );
    }

    assert!(live.remove(&[source(ERASED)]).await.is_ok());
    assert_eq!(hits(&live, ERASED).await, 0);
    assert!(
        !files_with(dir.path(), ERASED).is_empty(),
        "an ordinary removal leaves traces"
    );

    // The rows are already gone from the live generation; its traces must go as well.
    let erased = generations
        .erase_everywhere(&[source(ERASED)])
        .await
        .unwrap();
    let documents: Vec<u64> = erased.iter().map(|erasure| erasure.documents).collect();
    assert_eq!(documents, [1, 0], "{erased:?}");
    assert_eq!(files_with(dir.path(), ERASED), Vec::<String>::new());
    assert!(files_with(dir.path(), KEPT).len() > 2);
    assert_eq!(
        (hits(&live, KEPT).await, hits(&live, "canine").await),
        (30, 36)
    );

    let retained = generations.open_index(&retained).unwrap();
    assert_eq!(
        (hits(&retained, ERASED).await, hits(&retained, KEPT).await),
        (0, 30)
    );
    assert_eq!(
        files_with(dir.path(), ERASED),
        Vec::<String>::new(),
        "opening the retained generation does not bring it back"
    );

    drop((live, retained, generations));
    assert_eq!(
        files_with(dir.path(), ERASED),
        Vec::<String>::new(),
        "nor does closing everything"
    );
}

#[tokio::test]
async fn questions_are_answered_during_an_erasure() {
    let dir = tempfile::tempdir().unwrap();
    let generations = Arc::new(Generations::open(dir.path(), 0).unwrap());
    let live = build_generation(&generations, "new").await;
    let (stop, stopped) = tokio::sync::watch::channel(false);

    let reader = tokio::spawn({
        let live = Arc::clone(&live);
        async move {
            let mut searches = 0;
            while !*stopped.borrow() {
                assert_eq!(hits(&live, KEPT).await, 30);
                searches += 1;
            }
            searches
        }
    });

    generations
        .erase_everywhere(&[source(ERASED)])
        .await
        .unwrap();
    stop.send(true).unwrap();
    assert!(reader.await.unwrap() > 0);
    assert_eq!(files_with(dir.path(), ERASED), Vec::<String>::new());
}

#[tokio::test]
async fn an_interrupted_erasure_is_finished_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let generations = Generations::open(dir.path(), 0).unwrap();
    let live = build_generation(&generations, "new").await;
    live.remove(&[source(ERASED)]).await.unwrap();
    let generation = live.state().await.unwrap().generation;
    drop((live, generations));
    assert!(!files_with(dir.path(), ERASED).is_empty());

    // The state after a crash between the removal of the rows and the end of the erasure.
    fs::write(
        dir.path()
            .join("generations")
            .join(&generation.0)
            .join("erasing"),
        "",
    )
    .unwrap();

    let generations = Generations::open(dir.path(), 0).unwrap();
    assert_eq!(
        files_with(dir.path(), ERASED),
        Vec::<String>::new(),
        "before the generation is opened"
    );

    let live = generations.open_index(&generation).unwrap();
    assert_eq!(hits(&live, KEPT).await, 30);
}

#[tokio::test]
async fn a_generation_that_cannot_be_opened_is_deleted_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let generations = Arc::new(Generations::open(dir.path(), 0).unwrap());
    let old = build_generation(&generations, "old")
        .await
        .state()
        .await
        .unwrap()
        .generation;

    drop(build_generation(&generations, "new").await);
    drop(generations);
    let record = dir.path().join("generations.json");

    let mut unsupported: serde_json::Value =
        serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    unsupported.as_object_mut().unwrap().remove("checksum");
    unsupported["generations"][0]["schema"] = 95.into();
    fs::write(&record, unsupported.to_string()).unwrap();
    let generations = Arc::new(Generations::open(dir.path(), 0).unwrap());

    assert!(
        generations
            .open_index(&old)
            .unwrap_err()
            .to_string()
            .contains("tables")
    );

    let erased = generations
        .erase_everywhere(&[source(ERASED)])
        .await
        .unwrap();
    let discarded: Vec<&GenerationRemoval> = erased
        .iter()
        .filter(|erasure| erasure.discarded.is_some())
        .collect();

    assert_eq!(
        discarded
            .iter()
            .map(|erasure| &erasure.generation)
            .collect::<Vec<_>>(),
        [&old]
    );
    assert_eq!(files_with(dir.path(), ERASED), Vec::<String>::new());
    assert!(!files_with(dir.path(), KEPT).is_empty());
}

/// A reader that is never dropped neither blocks an erasure nor keeps anything readable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_ends_the_readers_of_what_it_erases() {
    let dir = tempfile::tempdir().unwrap();
    let generations = Arc::new(Generations::open(dir.path(), 0).unwrap());
    let live = build_generation(&generations, "new").await;
    let everything = Scope::everything();
    let forgotten = live.reader().await.unwrap();
    let short_lived = live.reader().await.unwrap();
    let finishing = tokio::spawn(async move {
        short_lived.documents(&Scope::everything()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let chunks = short_lived
            .document_chunks(&source(ERASED), 0..1, &Scope::everything())
            .await
            .unwrap();
        assert_eq!(chunks.len(), 1, "it has a moment to finish");
    });

    generations
        .erase_everywhere(&[source(ERASED)])
        .await
        .unwrap();
    assert_eq!(files_with(dir.path(), ERASED), Vec::<String>::new());
    finishing.await.unwrap();

    let error = forgotten.documents(&everything).await.unwrap_err();
    assert!(
        matches!(error, mcdewey_core::IndexError::Unavailable(_)),
        "{error}"
    );
    let next = live.reader().await.unwrap();
    assert_eq!(next.documents(&everything).await.unwrap().len(), 7);
    assert_eq!(
        (hits(&live, ERASED).await, hits(&live, KEPT).await),
        (0, 30)
    );

    drop(forgotten);
    assert_eq!(files_with(dir.path(), ERASED), Vec::<String>::new());
}
