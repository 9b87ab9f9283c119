//! Recovery of a lost or damaged shard, lost vectors, and too little space.

use std::fs;

use mcdewey_core::testing::{SampleDocument, index_suite::embedder};
use mcdewey_core::{Index, IndexError};

use super::{apply, history, options, shard_of, single_entry, undisturbed_views, view_of};
use crate::{EmbeddedIndex, EmbeddedOptions, VectorEncoding, VectorStorage};

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
async fn documents_with_lost_vectors_are_found_by_words_until_they_are_embedded_again() {
    let dir = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    apply(&index, &history()[0]).await;
    let before = view_of(&index).await;
    drop(index);
    fs::remove_file(dir.path().join("embeddings.sqlite")).unwrap();
    fs::remove_dir_all(shard_of(&single_entry(&dir.path().join("generations")))).unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    let found = view_of(&index).await;
    assert_eq!(found.manifest, before.manifest, "no file is read again");
    let state = index.state().await.unwrap();
    assert!(state.chunks > 0);
    assert_eq!(state.without_vectors, state.chunks);

    for (hits, expected) in found.hits.iter().zip(&before.hits) {
        assert_eq!(
            (hits.0.len(), &hits.1),
            (0, &expected.1),
            "matches by keywords only"
        );
    }

    embed_backlog(&index).await;
    assert_eq!(view_of(&index).await, before);
}

#[tokio::test]
async fn a_vector_that_the_cache_loses_before_its_document_is_complete_is_embedded_again() {
    let dir = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    let document = SampleDocument::new("a.md").page(1, &["canine", "feline"]);
    let mut words = document.build(&embedder());
    for chunk in &mut words.chunks {
        chunk.vector = None;
    }
    index.commit(words.clone()).await.unwrap();

    // One vector is in the cache, but as damaged as it can be.
    let key = words.chunks[0].embedding_key;
    index.cache_vectors(vec![(key, vec![1.0])]).await.unwrap();
    let source = words.meta.source.clone();
    let sources = [source];
    assert_eq!(index.passages_to_embed(&sources).await.unwrap().len(), 1);
    index.complete(&sources).await.unwrap();
    assert_eq!(index.passages_to_embed(&sources).await.unwrap().len(), 2);

    embed_backlog(&index).await;
    assert_eq!(index.state().await.unwrap().without_vectors, 0);
}

/// Embeds all documents without vectors.
async fn embed_backlog(index: &EmbeddedIndex) {
    let backlog = index.vector_backlog().await.unwrap();
    let sources: Vec<_> = backlog
        .documents
        .iter()
        .map(|document| document.meta.source.clone())
        .collect();
    assert!(!sources.is_empty());
    let passages = index.passages_to_embed(&sources).await.unwrap();
    let vectors = passages
        .iter()
        .map(|passage| (passage.key, embedder().vector(&passage.text)))
        .collect();
    index.cache_vectors(vectors).await.unwrap();
    index.complete(&sources).await.unwrap();
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
        [known.chunks[0].vector.clone()]
    );
    drop(other);
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    assert_eq!(view_of(&index).await, before);
    assert_eq!(index.state().await.unwrap(), state);
}

#[tokio::test]
async fn other_settings_for_vectors_keep_every_hit() {
    let dir = tempfile::tempdir().unwrap();
    let views = undisturbed_views().await;
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    for action in &history() {
        apply(&index, action).await;
    }
    drop(index);

    for encoding in VectorEncoding::ALL.into_iter().rev() {
        let vectors = VectorStorage {
            encoding,
            on_disk: encoding == VectorEncoding::Int8,
        };
        let index = EmbeddedIndex::open(EmbeddedOptions {
            vectors,
            ..options(dir.path())
        })
        .unwrap();
        assert_eq!(Some(&view_of(&index).await), views.last(), "{encoding}");
        index.optimize().await.unwrap();
        assert_eq!(Some(&view_of(&index).await), views.last(), "{encoding}");
    }
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
