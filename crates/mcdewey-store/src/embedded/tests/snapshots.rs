//! Readers that live longer than what they read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::{Index, IndexError, IndexReader, Scope};

use super::super::held_snapshot::MAX_SNAPSHOTS;
use super::super::{EmbeddedIndex, EmbeddedReader};
use super::{Action, apply, commit, options, view_of};

async fn open(dir: &tempfile::TempDir, actions: &[Action]) -> EmbeddedIndex {
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    for action in actions {
        apply(&index, action).await;
    }

    index
}

async fn is_ended(reader: &Arc<dyn IndexReader>) -> bool {
    match reader.documents(&Scope::everything()).await {
        Ok(_) => false,
        Err(IndexError::Unavailable(_)) => true,
        Err(error) => panic!("{error}"),
    }
}

fn points_in_shard(index: &EmbeddedIndex) -> usize {
    index.shared.shard().points().unwrap().len()
}

#[tokio::test]
async fn points_are_kept_as_long_as_a_reader_needs_them() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir, &[commit("a.md", &[(1, &["canine alpha"; 3])])]).await;
    let reader = index.reader().await.unwrap();

    apply(&index, &commit("a.md", &[(1, &["canine beta"])])).await;
    apply(&index, &commit("b.md", &[(1, &["canine beta"])])).await;
    index.optimize().await.unwrap();
    assert_eq!(points_in_shard(&index), 5);

    drop(reader);
    let deadline = Instant::now() + Duration::from_secs(10);
    while points_in_shard(&index) > 2 {
        assert!(Instant::now() < deadline, "the old points are removed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let view = view_of(&index).await;
    drop(index);
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    assert_eq!(view_of(&index).await, view);
}

#[tokio::test]
async fn kept_points_are_removed_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir, &[commit("a.md", &[(1, &["canine alpha"; 3])])]).await;
    let reader = index.reader().await.unwrap();
    apply(&index, &Action::Remove("a.md")).await;
    assert_eq!(points_in_shard(&index), 3);
    drop(index);

    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    assert_eq!(points_in_shard(&index), 0);
    assert!(is_ended(&reader).await);
}

#[tokio::test]
async fn a_reader_does_not_keep_a_closed_index_open() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir, &[commit("a.md", &[(1, &["canine"])])]).await;
    let reader = index.reader().await.unwrap();
    let files_in_use = Arc::downgrade(&index.shared.files_in_use);
    assert!(!is_ended(&reader).await);

    drop(index);
    assert_eq!(files_in_use.strong_count(), 0);
    assert!(is_ended(&reader).await);
}

#[tokio::test]
async fn snapshots_that_are_too_old_are_ended() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir, &[commit("a.md", &[(1, &["canine"])])]).await;
    let old = index.reader().await.unwrap();
    let held = index.shared.catalogue.held();
    held.end_older_than(Duration::from_secs(60));
    assert!(!is_ended(&old).await);

    held.end_older_than(Duration::ZERO);
    assert!(is_ended(&old).await);
    assert!(!is_ended(&index.reader().await.unwrap()).await);
}

#[tokio::test]
async fn the_number_of_snapshots_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir, &[commit("a.md", &[(1, &["canine"])])]).await;
    let mut readers = Vec::new();
    for _ in 0..MAX_SNAPSHOTS {
        readers.push(EmbeddedReader::begin(&index.shared).await.unwrap());
    }

    let mut waiting = Box::pin(index.reader());
    let early = tokio::time::timeout(Duration::from_millis(50), &mut waiting).await;
    assert!(early.is_err(), "it waits for one of the others");
    apply(&index, &commit("b.md", &[(1, &["canine"])])).await;

    readers.pop();
    let reader = waiting.await.unwrap();
    assert_eq!(reader.state().documents, 2);
}
