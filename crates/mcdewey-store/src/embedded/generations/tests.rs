//! The life cycle of generations: adopted, built, live, rolled back to, retained, deleted.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{CandidateQuery, Embed, Generation, Index, IndexError, Scope};

use super::{GenerationStatus, Generations};
use crate::embedded::catalogue;
use crate::embedded::layout::{self, Layout};
use crate::{EmbeddedIndex, EmbeddedOptions, VectorStorage};

fn open(dir: &Path) -> Arc<Generations> {
    Arc::new(Generations::open(dir, 0).unwrap())
}

/// Builds a complete generation of this splitter, with one document.
async fn build_generation(
    generations: &Generations,
    chunker: &str,
) -> (Generation, Arc<EmbeddedIndex>) {
    let generation = generations
        .register(embedder().model(), None, chunker)
        .unwrap();
    let index = generations.open_index(&generation).unwrap();
    let document = SampleDocument::new("a.md").page(1, &[&format!("canine {chunker}")]);
    index.commit(document.build(&embedder())).await.unwrap();
    assert!(
        generations
            .mark_complete(&index.state().await.unwrap())
            .unwrap()
    );

    (generation, index)
}

fn states(dir: &Path) -> Vec<(String, &'static str)> {
    let listed = Generations::list(dir).unwrap();
    listed
        .into_iter()
        .map(|GenerationStatus { chunker, state, .. }| (chunker.unwrap_or_default(), state))
        .collect()
}

fn assert_states(dir: &Path, expected: &[(&str, &str)]) {
    let found = states(dir);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(chunker, state)| (chunker.as_str(), *state))
        .collect();

    assert_eq!(found, expected);
}

#[tokio::test]
async fn generations_without_a_record_are_adopted() {
    let dir = tempfile::tempdir().unwrap();
    let options = |chunker: &str| EmbeddedOptions {
        dir: dir.path().to_owned(),
        model: embedder().model().clone(),
        chunker: chunker.to_owned(),
        min_free_bytes: 0,
        vectors: VectorStorage::default(),
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

    // With another splitter its name does not match, but the embedding key of a chunk does.
    generations
        .identify_model(embedder().model(), "new")
        .unwrap();
    let live = generations.live().unwrap();
    assert_eq!(live.usable().unwrap(), embedder().model());
    assert!(!live.is_current("new") && live.is_current("old"));
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
async fn a_complete_generation_becomes_live_and_stays_so_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let generations = open(dir.path());
    let (first, index) = build_generation(&generations, "one").await;
    let second = generations
        .register(embedder().model(), None, "two")
        .unwrap();
    drop(generations.open_index(&second).unwrap());

    assert_eq!(
        generations.live().unwrap().generation,
        first,
        "a generation that is being built does not answer"
    );

    assert_states(dir.path(), &[("one", "live"), ("two", "building")]);
    drop((generations, index));

    let generations = open(dir.path());
    assert_eq!(generations.live().unwrap().generation, first);
    assert_eq!(generations.entry(&second).unwrap().completed_at, None);

    let (second, _index) = build_generation(&generations, "two").await;
    assert_eq!(generations.live().unwrap().generation, second);
    assert_eq!(generations.live().unwrap().documents, 1);
    assert_states(dir.path(), &[("one", "retained"), ("two", "live")]);
}

#[tokio::test]
async fn a_generation_with_unsupported_tables_or_words_reports_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let (first, index) = build_generation(&open(dir.path()), "one").await;
    drop(index);
    let record = layout::record_path(dir.path());
    let written = fs::read_to_string(&record).unwrap();

    let current = format!("\"schema\": {}", catalogue::SCHEMA);
    for (from, to, word) in [
        (current.as_str(), "\"schema\": 2", "tables"),
        ("bm25 k1", "bm25 k2", "keyword weights"),
    ] {
        let mut changed: serde_json::Value =
            serde_json::from_str(&written.replace(from, to)).unwrap();
        changed.as_object_mut().unwrap().remove("checksum");
        fs::write(&record, changed.to_string()).unwrap();
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

        let listed = Generations::list(dir.path()).unwrap();
        assert_eq!(listed[0].unusable, Some(reason));
    }
}

#[tokio::test]
async fn a_rollback_pins_the_generation_until_it_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let generations = open(dir.path());
    assert!(
        generations.rollback_target(None).is_err(),
        "there is no generation yet"
    );
    let (first, _) = build_generation(&generations, "one").await;

    assert!(
        generations
            .rollback_target(None)
            .unwrap_err()
            .to_string()
            .contains("older")
    );

    let (second, _) = build_generation(&generations, "two").await;
    assert_eq!(generations.rollback_target(None).unwrap().generation, first);
    assert_eq!(
        generations
            .rollback_target(Some(&second.0[..6]))
            .unwrap()
            .generation,
        second
    );

    let unknown = generations
        .rollback_target(Some("zz"))
        .unwrap_err()
        .to_string();
    assert!(
        unknown.contains("zz") && unknown.contains(&first.0),
        "{unknown}"
    );
    generations.make_live(&first, true).unwrap();

    // Another generation that is completed meanwhile does not become live.
    let third = generations
        .register(embedder().model(), None, "three")
        .unwrap();
    let index = generations.open_index(&third).unwrap();
    assert!(
        !generations
            .mark_complete(&index.state().await.unwrap())
            .unwrap()
    );
    assert_eq!(open(dir.path()).live().unwrap().generation, first);
    let latest = generations.latest().unwrap().generation;
    assert_eq!(latest, third);
    generations.make_live(&latest, false).unwrap();

    assert!(!open(dir.path()).live().unwrap().pinned);
}

#[tokio::test]
async fn old_generations_are_deleted_unless_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let generations = open(dir.path());
    let (first, reader) = build_generation(&generations, "one").await;
    build_generation(&generations, "two").await;

    let incomplete = generations
        .register(embedder().model(), None, "abandoned")
        .unwrap();
    drop(generations.open_index(&incomplete).unwrap());
    let (third, _) = build_generation(&generations, "three").await;

    assert_eq!(
        generations.retire(1, &third).unwrap(),
        [incomplete],
        "the oldest one is being read"
    );

    assert_states(
        dir.path(),
        &[("one", "retained"), ("two", "retained"), ("three", "live")],
    );
    drop(reader);
    assert!(generations.wait_until_unused(&first));
    let folder = Layout::new(dir.path(), &first).generation_dir().to_owned();
    assert_eq!(generations.retire(1, &third).unwrap(), [first]);
    assert!(!folder.exists());
    assert_states(dir.path(), &[("two", "retained"), ("three", "live")]);
    assert_eq!(generations.retire(0, &third).unwrap().len(), 1);
    assert_eq!(
        generations.retire(0, &third).unwrap(),
        [],
        "the live one is never deleted"
    );
}

#[tokio::test]
async fn an_interrupted_deletion_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let generations = open(dir.path());
    let (first, _) = build_generation(&generations, "one").await;
    let (second, _) = build_generation(&generations, "two").await;
    drop(generations);

    let layout = Layout::new(dir.path(), &first);
    fs::rename(layout.generation_dir(), layout.trash()).unwrap();

    let generations = open(dir.path());
    assert!(!layout.trash().exists() && generations.entry(&first).is_none());
    assert_eq!(generations.live().unwrap().generation, second);
    assert_states(dir.path(), &[("two", "live")]);
}

#[tokio::test]
async fn too_little_space_keeps_the_live_generation_answering() {
    let dir = tempfile::tempdir().unwrap();
    let (first, index) = build_generation(&open(dir.path()), "one").await;
    drop(index);
    let generations = Generations::open(dir.path(), u64::MAX / 2).unwrap();
    let live = generations.open_index(&first).unwrap();

    let query = CandidateQuery {
        dense: Some(embedder().vector("canine")),
        depth: 9,
        ..CandidateQuery::default()
    };

    let found = live
        .reader()
        .await
        .unwrap()
        .candidates(&query, &Scope::everything())
        .await
        .unwrap();
    assert_eq!(found.dense.unwrap().len(), 1);
    let second = generations
        .register(embedder().model(), None, "two")
        .unwrap();
    let index = generations.open_index(&second).unwrap();

    let document = SampleDocument::new("a.md")
        .page(1, &["canine"])
        .build(&embedder());
    let error = index.commit(document).await.unwrap_err();
    assert!(matches!(error, IndexError::NoSpace(_)), "{error}");
    assert!(matches!(
        live.erase(&["a.md".parse().unwrap()]).await.unwrap_err(),
        IndexError::NoSpace(_)
    ));
    assert_eq!(
        live.state().await.unwrap().documents,
        1,
        "nothing was removed either"
    );
    assert_eq!(generations.live().unwrap().generation, first);
}

#[test]
fn an_unwritable_record_is_named_in_the_error() {
    let dir = tempfile::tempdir().unwrap();
    let generations = open(dir.path());

    // A folder in place of the record: nobody can write a file there, not even root.
    fs::create_dir(layout::record_path(dir.path())).unwrap();
    let error = generations
        .register(embedder().model(), None, "one")
        .unwrap_err();

    assert!(
        matches!(error, IndexError::Unavailable(_)) && error.to_string().contains("is writable"),
        "{error}"
    );
    assert!(
        Generations::open(dir.path(), 0)
            .unwrap_err()
            .to_string()
            .contains("generations.json")
    );
}
