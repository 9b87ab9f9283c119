//! Recovery of a lost or damaged shard, lost vectors, and too little space.

use std::fs;

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{Index, IndexError};

use super::{apply, history, options, shard_of, single_entry, undisturbed_views, view_of};
use crate::{EmbeddedIndex, EmbeddedOptions};

#[tokio::test]
async fn a_lost_or_damaged_shard_is_rebuilt_without_embedding() {
    let dir = tempfile::tempdir().unwrap();
    let views = undisturbed_views().await;
    let dir = dir.path().join("data");
    let index = EmbeddedIndex::open(options(&dir)).unwrap();
    for action in &history() {
        apply(&index, action).await;
    }

    drop(index);
    let generation = single_entry(&dir.join("generations"));
    for damage in ["lost", "config", "segments"] {
        let shard = shard_of(&generation);
        match damage {
            "lost" => fs::remove_dir_all(&shard).unwrap(),
            "config" => fs::write(shard.join("edge_config.json"), "{").unwrap(),
            _ => fs::remove_dir_all(shard.join("segments")).unwrap(),
        }

        let index = EmbeddedIndex::open(options(&dir)).unwrap();
        assert_eq!(Some(&view_of(&index).await), views.last(), "{damage}");
        assert!(!generation.join("opening").exists());
        drop(index);

        assert!(shard_of(&generation).exists());
    }

    assert!(generation.join("damaged-shard").exists());
}

#[tokio::test]
async fn a_shard_that_keeps_ending_the_process_is_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    apply(&index, &history()[0]).await;
    let before = view_of(&index).await;
    drop(index);
    let generation = single_entry(&dir.path().join("generations"));
    let shard = shard_of(&generation);
    fs::write(generation.join("opening"), "2").unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    assert_eq!(view_of(&index).await, before);
    drop(index);
    assert!(!shard.exists());
    assert_ne!(shard_of(&generation), shard);
}

#[tokio::test]
async fn documents_with_lost_vectors_are_written_again_by_the_next_ingest() {
    let dir = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    apply(&index, &history()[0]).await;
    let before = view_of(&index).await;
    drop(index);
    fs::remove_file(dir.path().join("embeddings.sqlite")).unwrap();
    fs::remove_dir_all(shard_of(&single_entry(&dir.path().join("generations")))).unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    let found = view_of(&index).await;
    assert_ne!(found.manifest[0].input, before.manifest[0].input);

    for (hits, expected) in found.hits.iter().zip(&before.hits) {
        assert_eq!(
            (hits.0.len(), &hits.1),
            (0, &expected.1),
            "matches by keywords only"
        );
    }

    apply(&index, &history()[0]).await;
    assert_eq!(view_of(&index).await, before);
}

#[tokio::test]
async fn a_commit_without_enough_space_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(EmbeddedOptions {
        min_free_bytes: u64::MAX,
        ..options(dir.path())
    })
    .unwrap();

    let before = index.state().await.unwrap();
    let document = SampleDocument::new("a.md")
        .page(1, &["canine"])
        .build(&embedder());
    let key = document.chunks[0].embedding_key;
    let error = index.commit(document).await.unwrap_err();

    assert!(matches!(error, IndexError::NoSpace(_)), "{error}");
    assert_eq!(index.state().await.unwrap(), before);
    assert_eq!(index.cached_vectors(&[key]).await.unwrap(), [None]);
    assert!(index.shared.shard().points().unwrap().is_empty());
}

#[tokio::test]
async fn recovery_without_enough_space_keeps_the_shard() {
    let dir = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    apply(&index, &history()[0]).await;
    let before = view_of(&index).await;
    drop(index);
    let generation = single_entry(&dir.path().join("generations"));

    let without_space = EmbeddedOptions {
        min_free_bytes: u64::MAX,
        ..options(dir.path())
    };
    drop(EmbeddedIndex::open(without_space.clone()).expect("nothing has to be written"));
    fs::write(shard_of(&generation).join("edge_config.json"), "{").unwrap();

    for _ in 0..3 {
        let error = EmbeddedIndex::open(without_space.clone()).unwrap_err();
        assert!(matches!(error, IndexError::NoSpace(_)), "{error}");
        assert!(!generation.join("damaged-shard").exists() && !generation.join("opening").exists());
    }

    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    assert_eq!(view_of(&index).await, before);
}

#[tokio::test]
async fn generations_are_independent_and_share_the_vectors() {
    let dir = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    apply(&index, &history()[0]).await;
    let (before, state) = (view_of(&index).await, index.state().await.unwrap());
    drop(index);

    let other = EmbeddedIndex::open(EmbeddedOptions {
        chunker: "other".to_owned(),
        ..options(dir.path())
    })
    .unwrap();

    let fresh = other.state().await.unwrap();
    assert_ne!(fresh.generation, state.generation);
    assert_eq!((fresh.documents, fresh.revision.0), (0, 0));

    let known = SampleDocument::new("x.md")
        .page(1, &["gamma"])
        .build(&embedder());
    let key = known.chunks[0].embedding_key;
    assert_eq!(
        other.cached_vectors(&[key]).await.unwrap(),
        [Some(known.chunks[0].vector.clone())]
    );
    drop(other);
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    assert_eq!(view_of(&index).await, before);
    assert_eq!(index.state().await.unwrap(), state);
}

#[tokio::test]
async fn a_replaced_shard_keeps_working() {
    let dir = tempfile::tempdir().unwrap();
    let mut committer = EmbeddedIndex::open_committer(options(dir.path())).unwrap();
    let generation = single_entry(&dir.path().join("generations"));
    let first = shard_of(&generation);
    committer.replace_shard().unwrap();
    let index = EmbeddedIndex::start(committer);
    assert!(!first.exists());

    for action in &history() {
        apply(&index, action).await;
    }

    assert_eq!(
        Some(&view_of(&index).await),
        undisturbed_views().await.last()
    );
}
