//! A document that was taken out for good leaves no byte in the data directory: not in the live generation, not in a
//! retained one, whatever was written of it before.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{
    CandidateQuery, Embed, GenerationRemoval, Index, Scope, SourcePath, WeightedText,
};
use mcdewey_store::{EmbeddedIndex, Generations};

/// Stands in the text, the title, the headings and the name of the document that goes.
const GOES: &str = "zyxgoesxyz";
/// And in those of its neighbour.
const STAYS: &str = "qwvstaysvwq";

/// Enough neighbours for several pages of every file.
fn library(edition: &str) -> Vec<SampleDocument> {
    let mut documents: Vec<SampleDocument> = (0..6)
        .map(|number| {
            SampleDocument::new(&format!("filler/{number}.md")).page(1, &["canine feline", edition])
        })
        .collect();

    for marker in [GOES, STAYS] {
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

/// A generation that was filled, filled anew, and settled: its files hold what was replaced, too.
async fn made(generations: &Generations, chunker: &str) -> Arc<EmbeddedIndex> {
    let generation = generations.want(embedder().model(), None, chunker).unwrap();
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

    generations.complete(&index.state().await.unwrap()).unwrap();
    index
}

/// The files of a folder and below that hold these bytes.
fn files_with(folder: &Path, marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, marker));
        } else if holds(&fs::read(&path).unwrap(), marker.as_bytes())
            || path.to_string_lossy().contains(marker)
        {
            found.push(path.display().to_string());
        }
    }

    found
}

/// Whether the bytes hold the marker. The engine's files are mostly holes, which are passed over.
fn holds(bytes: &[u8], marker: &[u8]) -> bool {
    const HOLE: [u8; 4096] = [0; 4096];

    let mut piece: Vec<u8> = Vec::new();
    for block in bytes.chunks(HOLE.len()) {
        if block == &HOLE[..block.len()] {
            piece.clear();
            continue;
        }

        piece.extend_from_slice(block);
        if piece.windows(marker.len()).any(|window| window == marker) {
            return true;
        }

        piece.drain(..piece.len().saturating_sub(marker.len()));
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
        .candidates(&query, &Scope::everything())
        .await
        .unwrap()
        .keyword
        .unwrap()
        .len()
}

#[tokio::test]
async fn nothing_of_an_erased_document_is_left_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let generations = Arc::new(Generations::open(dir.path(), 0).unwrap());
    let retained = made(&generations, "old")
        .await
        .state()
        .await
        .unwrap()
        .generation;

    assert!(generations.wait_until_unused(&retained));
    let live = made(&generations, "new").await;

    let before = files_with(dir.path(), GOES);
    for place in ["catalogue.sqlite", "shard-1"] {
        assert_eq!(
            before
                .iter()
                .filter(|path| path.contains(place))
                .count()
                .min(2),
            2,
            "{place}: {before:?}"
        );
    }

    assert!(live.remove(&[source(GOES)]).await.is_ok());
    assert_eq!(hits(&live, GOES).await, 0);
    assert!(
        !files_with(dir.path(), GOES).is_empty(),
        "an ordinary removal leaves traces"
    );

    // In the live one the rows are gone already: the traces go all the same.
    let erased = generations.erase_everywhere(&[source(GOES)]).await.unwrap();
    let documents: Vec<u64> = erased.iter().map(|erasure| erasure.documents).collect();
    assert_eq!(documents, [1, 0], "{erased:?}");
    assert_eq!(files_with(dir.path(), GOES), Vec::<String>::new());
    assert!(files_with(dir.path(), STAYS).len() > 2);
    assert_eq!(
        (hits(&live, STAYS).await, hits(&live, "canine").await),
        (30, 36)
    );

    let retained = generations.open_index(&retained).unwrap();
    assert_eq!(
        (hits(&retained, GOES).await, hits(&retained, STAYS).await),
        (0, 30)
    );
    assert_eq!(
        files_with(dir.path(), GOES),
        Vec::<String>::new(),
        "nor is it back once the old one is opened"
    );

    drop((live, retained, generations));
    assert_eq!(
        files_with(dir.path(), GOES),
        Vec::<String>::new(),
        "nor once all is closed"
    );
}

#[tokio::test]
async fn readers_go_on_while_documents_are_erased() {
    let dir = tempfile::tempdir().unwrap();
    let generations = Arc::new(Generations::open(dir.path(), 0).unwrap());
    let live = made(&generations, "new").await;
    let (stop, stopped) = tokio::sync::watch::channel(false);

    let reader = tokio::spawn({
        let live = Arc::clone(&live);
        async move {
            let mut asked = 0;
            while !*stopped.borrow() {
                assert_eq!(hits(&live, STAYS).await, 30);
                asked += 1;
            }
            asked
        }
    });

    generations.erase_everywhere(&[source(GOES)]).await.unwrap();
    stop.send(true).unwrap();
    assert!(reader.await.unwrap() > 0);
    assert_eq!(files_with(dir.path(), GOES), Vec::<String>::new());
}

#[tokio::test]
async fn an_erasure_that_was_interrupted_is_finished_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let generations = Generations::open(dir.path(), 0).unwrap();
    let live = made(&generations, "new").await;
    live.remove(&[source(GOES)]).await.unwrap();
    let generation = live.state().await.unwrap().generation;
    drop((live, generations));
    assert!(!files_with(dir.path(), GOES).is_empty());

    // What a process that died after the rows were out leaves.
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
        files_with(dir.path(), GOES),
        Vec::<String>::new(),
        "before anybody opens the generation"
    );

    let live = generations.open_index(&generation).unwrap();
    assert_eq!(hits(&live, STAYS).await, 30);
}

#[tokio::test]
async fn a_generation_that_nothing_can_be_taken_out_of_goes_whole() {
    let dir = tempfile::tempdir().unwrap();
    let generations = Arc::new(Generations::open(dir.path(), 0).unwrap());
    let old = made(&generations, "old")
        .await
        .state()
        .await
        .unwrap()
        .generation;

    drop(made(&generations, "new").await);
    drop(generations);
    let record = dir.path().join("generations.json");

    let of_another_form =
        fs::read_to_string(&record)
            .unwrap()
            .replacen("\"schema\": ", "\"schema\": 9", 1);
    fs::write(&record, of_another_form).unwrap();
    let generations = Arc::new(Generations::open(dir.path(), 0).unwrap());

    assert!(
        generations
            .open_index(&old)
            .unwrap_err()
            .to_string()
            .contains("tables")
    );

    let erased = generations.erase_everywhere(&[source(GOES)]).await.unwrap();
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
    assert_eq!(files_with(dir.path(), GOES), Vec::<String>::new());
    assert!(!files_with(dir.path(), STAYS).is_empty());
}
