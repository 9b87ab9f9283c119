//! The life of generations: adopted, built beside, live, gone back to, retained, taken away.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{CandidateQuery, Embed, Generation, Index, IndexError, Scope};

use super::{GenerationStatus, Generations};
use crate::embedded::catalogue;
use crate::embedded::layout::{self, Layout};
use crate::{EmbeddedIndex, EmbeddedOptions};

fn open(dir: &Path) -> Arc<Generations> {
    Arc::new(Generations::open(dir, 0).unwrap())
}

/// A generation of another splitter, with one document; complete.
async fn made(generations: &Generations, chunker: &str) -> (Generation, Arc<EmbeddedIndex>) {
    let generation = generations.want(embedder().model(), None, chunker).unwrap();
    let index = generations.open_index(&generation).unwrap();
    let document = SampleDocument::new("a.md").page(1, &[&format!("canine {chunker}")]);
    index.commit(document.build(&embedder())).await.unwrap();
    assert!(generations.complete(&index.state().await.unwrap()).unwrap());

    (generation, index)
}

fn states(dir: &Path) -> Vec<(String, &'static str)> {
    let listed = Generations::look(dir).unwrap();
    listed
        .into_iter()
        .map(|GenerationStatus { chunker, state, .. }| (chunker.unwrap_or_default(), state))
        .collect()
}

fn states_are(dir: &Path, expected: &[(&str, &str)]) {
    let found = states(dir);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(chunker, state)| (chunker.as_str(), *state))
        .collect();

    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_directory_without_a_record_is_adopted() {
    let dir = tempfile::tempdir().unwrap();
    let options = |chunker: &str| EmbeddedOptions {
        dir: dir.path().to_owned(),
        model: embedder().model().clone(),
        chunker: chunker.to_owned(),
        min_free_bytes: 0,
    };

    let old = EmbeddedIndex::open(options("old")).unwrap();
    old.commit(
        SampleDocument::new("a.md")
            .page(1, &["canine"])
            .build(&embedder()),
    )
    .await
    .unwrap();

    let name = old.state().await.unwrap().generation;
    drop((old, EmbeddedIndex::open(options("never filled")).unwrap()));
    let generations = open(dir.path());
    let live = generations.live().unwrap();

    assert_eq!(
        (&live.generation, live.documents, live.model),
        (&name, 1, None)
    );

    // Its name tells nothing to a program with another splitter; the key of a vector does.
    generations.identify(embedder().model(), "new").unwrap();
    let live = generations.live().unwrap();
    assert_eq!(live.usable().unwrap(), embedder().model());
    assert!(!live.is_kept_up("new") && live.is_kept_up("old"));
    assert_eq!(
        generations
            .open_index(&name)
            .unwrap()
            .state()
            .await
            .unwrap()
            .documents,
        1
    );
}

#[tokio::test]
async fn what_is_complete_becomes_live_and_the_record_survives() {
    let dir = tempfile::tempdir().unwrap();
    let generations = open(dir.path());
    let (first, index) = made(&generations, "one").await;
    let second = generations.want(embedder().model(), None, "two").unwrap();
    drop(generations.open_index(&second).unwrap());

    assert_eq!(
        generations.live().unwrap().generation,
        first,
        "what is being built does not answer"
    );

    states_are(dir.path(), &[("one", "live"), ("two", "building")]);
    drop((generations, index));
    let generations = open(dir.path());
    assert_eq!(generations.live().unwrap().generation, first);
    assert_eq!(generations.entry(&second).unwrap().completed_at, None);
    let (second, _index) = made(&generations, "two").await;
    assert_eq!(generations.live().unwrap().generation, second);
    assert_eq!(generations.live().unwrap().documents, 1);
    states_are(dir.path(), &[("one", "retained"), ("two", "live")]);
}

#[tokio::test]
async fn a_generation_whose_tables_or_words_are_of_another_form_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (first, index) = made(&open(dir.path()), "one").await;
    drop(index);
    let record = layout::record(dir.path());
    let written = fs::read_to_string(&record).unwrap();

    let current = format!("\"schema\": {}", catalogue::SCHEMA);
    for (from, to, word) in [
        (current.as_str(), "\"schema\": 2", "tables"),
        ("bm25 k1", "bm25 k2", "words"),
    ] {
        fs::write(&record, written.replace(from, to)).unwrap();
        let generations = open(dir.path());
        let reason = generations.live().unwrap().usable().unwrap_err();
        assert!(reason.contains(word), "{reason}");
        assert!(
            generations
                .open_index(&first)
                .unwrap_err()
                .to_string()
                .contains(&reason)
        );

        let listed = Generations::look(dir.path()).unwrap();
        assert_eq!(listed[0].unusable, Some(reason));
    }
}

#[tokio::test]
async fn a_rollback_pins_until_it_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let generations = open(dir.path());
    assert!(generations.earlier(None).is_err(), "there is nothing yet");
    let (first, _) = made(&generations, "one").await;

    assert!(
        generations
            .earlier(None)
            .unwrap_err()
            .to_string()
            .contains("older")
    );

    let (second, _) = made(&generations, "two").await;
    assert_eq!(generations.earlier(None).unwrap().generation, first);
    assert_eq!(
        generations
            .earlier(Some(&second.0[..6]))
            .unwrap()
            .generation,
        second
    );

    let unknown = generations.earlier(Some("zz")).unwrap_err().to_string();
    assert!(
        unknown.contains("zz") && unknown.contains(&first.0),
        "{unknown}"
    );
    generations.make_live(&first, true).unwrap();

    // Another one that is completed meanwhile waits.
    let third = generations.want(embedder().model(), None, "three").unwrap();
    let index = generations.open_index(&third).unwrap();
    assert!(!generations.complete(&index.state().await.unwrap()).unwrap());
    assert_eq!(open(dir.path()).live().unwrap().generation, first);
    let latest = generations.latest().unwrap().generation;
    assert_eq!(latest, third);
    generations.make_live(&latest, false).unwrap();

    assert!(!open(dir.path()).live().unwrap().pinned);
}

#[tokio::test]
async fn old_generations_go_and_what_is_in_use_stays() {
    let dir = tempfile::tempdir().unwrap();
    let generations = open(dir.path());
    let (first, reader) = made(&generations, "one").await;
    made(&generations, "two").await;

    let begun = generations
        .want(embedder().model(), None, "given up")
        .unwrap();
    drop(generations.open_index(&begun).unwrap());
    let (third, _) = made(&generations, "three").await;

    assert_eq!(
        generations.retire(1, &third).unwrap(),
        [begun],
        "the oldest one is being read"
    );

    states_are(
        dir.path(),
        &[("one", "retained"), ("two", "retained"), ("three", "live")],
    );
    drop(reader);
    assert!(generations.wait_until_unused(&first));
    let folder = Layout::of(dir.path(), &first).folder().to_owned();
    assert_eq!(generations.retire(1, &third).unwrap(), [first]);
    assert!(!folder.exists());
    states_are(dir.path(), &[("two", "retained"), ("three", "live")]);
    assert_eq!(generations.retire(0, &third).unwrap().len(), 1);
    assert_eq!(
        generations.retire(0, &third).unwrap(),
        [],
        "the live one never goes"
    );
}

#[tokio::test]
async fn a_removal_that_was_interrupted_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let generations = open(dir.path());
    let (first, _) = made(&generations, "one").await;
    let (second, _) = made(&generations, "two").await;
    drop(generations);
    let layout = Layout::of(dir.path(), &first);
    fs::rename(layout.folder(), layout.trash()).unwrap();
    let generations = open(dir.path());
    assert!(!layout.trash().exists() && generations.entry(&first).is_none());
    assert_eq!(generations.live().unwrap().generation, second);
    states_are(dir.path(), &[("two", "live")]);
}

#[tokio::test]
async fn too_little_space_keeps_the_live_generation_answering() {
    let dir = tempfile::tempdir().unwrap();
    let (first, index) = made(&open(dir.path()), "one").await;
    drop(index);
    let generations = Generations::open(dir.path(), u64::MAX / 2).unwrap();
    let live = generations.open_index(&first).unwrap();

    let query = CandidateQuery {
        dense: Some(embedder().vector("canine")),
        depth: 9,
        ..CandidateQuery::default()
    };

    let found = live.candidates(&query, &Scope::everything()).await.unwrap();
    assert_eq!(found.dense.unwrap().len(), 1);
    let second = generations.want(embedder().model(), None, "two").unwrap();
    let beside = generations.open_index(&second).unwrap();

    let document = SampleDocument::new("a.md")
        .page(1, &["canine"])
        .build(&embedder());
    let error = beside.commit(document).await.unwrap_err();
    assert!(matches!(error, IndexError::NoSpace(_)), "{error}");
    assert!(matches!(
        live.erase(&["a.md".parse().unwrap()]).await.unwrap_err(),
        IndexError::NoSpace(_)
    ));
    assert_eq!(
        live.state().await.unwrap().documents,
        1,
        "nothing was taken out either"
    );
    assert_eq!(generations.live().unwrap().generation, first);
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let generations = open(dir.path());

    // A folder in the record's place: no user can write a file there, not even the system's own.
    fs::create_dir(layout::record(dir.path())).unwrap();
    let error = generations
        .want(embedder().model(), None, "one")
        .unwrap_err();

    assert!(
        matches!(error, IndexError::Unavailable(_)) && error.to_string().contains("may be written"),
        "{error}"
    );
    assert!(
        Generations::open(dir.path(), 0)
            .unwrap_err()
            .to_string()
            .contains("generations.json")
    );
}
