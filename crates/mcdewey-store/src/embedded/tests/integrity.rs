//! Damage that is found after the index was opened.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mcdewey_core::{Index, IndexError, SourcePath};
use rusqlite::Connection;

use super::{View, apply, history, options, shard_of, single_entry, undisturbed_views, view_of};
use crate::EmbeddedIndex;
use crate::embedded::integrity::WorkAtOpen;

/// Opens an index that compares nothing before it answers.
fn open_at_once(dir: &Path) -> EmbeddedIndex {
    let committer = EmbeddedIndex::open_within(options(dir), WorkAtOpen::NONE).unwrap();
    EmbeddedIndex::start(committer)
}

async fn fill(dir: &Path) -> View {
    let index = EmbeddedIndex::open(options(dir)).unwrap();
    for action in &history() {
        apply(&index, action).await;
    }
    index.optimize().await.unwrap();
    view_of(&index).await
}

/// Waits until the index says that everything was compared.
async fn verified(index: &EmbeddedIndex) -> Result<(), IndexError> {
    wait_for(index, |integrity| integrity.verified).await
}

async fn wait_for(
    index: &EmbeddedIndex,
    is_reached: impl Fn(mcdewey_core::Integrity) -> bool,
) -> Result<(), IndexError> {
    let began = Instant::now();
    while !is_reached(index.state().await?.integrity) {
        assert!(began.elapsed() < Duration::from_secs(20), "never reached");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    Ok(())
}

fn catalogue(dir: &Path) -> std::path::PathBuf {
    single_entry(&dir.join("generations")).join("catalogue.sqlite")
}

/// Changes the text of a passage behind the index's back, and returns the document.
fn change_a_text(dir: &Path) -> SourcePath {
    let connection = Connection::open(catalogue(dir)).unwrap();
    let sql = "UPDATE passages SET text = replace(text, 'canine', 'bovine') \
               WHERE document = (SELECT id FROM documents WHERE source = 'b.md')";
    assert_eq!(connection.execute(sql, []).unwrap(), 1);
    "b.md".parse().unwrap()
}

#[tokio::test]
async fn a_large_library_answers_before_it_is_verified() {
    let dir = tempfile::tempdir().unwrap();
    let expected = fill(dir.path()).await;
    let shard = shard_of(&single_entry(&dir.path().join("generations")));

    let committer = EmbeddedIndex::open_within(options(dir.path()), WorkAtOpen::NONE).unwrap();
    assert!(!committer.shared().verification.is_verified());
    let index = EmbeddedIndex::start(committer);
    assert_eq!(view_of(&index).await, expected);
    verified(&index).await.unwrap();
    drop(index);
    assert!(shard.exists(), "it is the same shard");

    // One that was not sealed is compared with the catalogue by being built again.
    fs::remove_file(shard.with_file_name("ledger")).unwrap();
    let index = open_at_once(dir.path());
    verified(&index).await.unwrap();
    assert_eq!(view_of(&index).await, expected);
    assert!(!shard.exists());
}

#[tokio::test]
async fn a_damaged_shard_of_a_large_library_is_replaced_while_it_answers() {
    let dir = tempfile::tempdir().unwrap();
    let expected = fill(dir.path()).await;
    let shard = shard_of(&single_entry(&dir.path().join("generations")));
    let mut folders = vec![shard.clone()];
    let mut payload = None;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.file_name().unwrap().to_str().unwrap() {
                "mutable_id_tracker.versions" => payload = Some(path),
                _ if path.is_dir() => folders.push(path),
                _ => {}
            }
        }
    }
    let path = payload.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();

    let index = open_at_once(dir.path());
    verified(&index).await.unwrap();
    assert_eq!(view_of(&index).await, expected);
    assert!(!shard.exists());
}

#[tokio::test]
async fn a_damaged_catalogue_of_a_large_library_answers_nothing_until_it_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let expected = fill(dir.path()).await;
    let damaged = change_a_text(dir.path());

    let index = open_at_once(dir.path());
    let refused = verified(&index).await.unwrap_err();
    assert!(
        matches!(&refused, IndexError::Unavailable(text) if text.contains("restart")),
        "{refused}"
    );
    assert!(index.reader().await.is_err());
    drop(index);

    let index = open_at_once(dir.path());
    let listed = index.damaged_documents().await.unwrap();
    let sources: Vec<&SourcePath> = listed.iter().map(|document| &document.source).collect();
    assert_eq!(sources, [&damaged]);
    assert_eq!(index.state().await.unwrap().integrity.damaged, 1);
    apply(&index, &history()[5]).await;
    assert!(index.damaged_documents().await.unwrap().is_empty());
    assert_eq!(view_of(&index).await, expected);
}

#[tokio::test]
async fn a_text_that_does_not_fit_its_hash_is_not_served_and_costs_one_document() {
    let dir = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    for action in &history() {
        apply(&index, action).await;
    }
    let expected = view_of(&index).await;
    let damaged = change_a_text(dir.path());

    let reader = index.reader().await.unwrap();
    let read = reader
        .document_chunks(&damaged, 0..9, &mcdewey_core::Scope::everything())
        .await;
    assert!(matches!(read, Err(IndexError::Unavailable(_))), "{read:?}");
    drop(reader);

    wait_for(&index, |integrity| integrity.damaged == 1)
        .await
        .unwrap();
    let others = view_of(&index).await;
    assert_eq!(others.counts.0, expected.counts.0 - 1);
    assert!(others.manifest.iter().all(|entry| {
        let before = expected
            .manifest
            .iter()
            .find(|other| other.source == entry.source);
        (before == Some(entry)) == (entry.source != damaged)
    }));

    // The words of the library were counted again, so scores are the same once it is complete.
    apply(&index, &history()[5]).await;
    assert_eq!(view_of(&index).await, expected);
    index.remove(std::slice::from_ref(&damaged)).await.unwrap();
    assert!(index.damaged_documents().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_damaged_document_whose_file_is_gone_can_be_removed() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path()).await;
    let damaged = change_a_text(dir.path());
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    assert_eq!(index.state().await.unwrap().integrity.damaged, 1);

    index.remove(&[damaged]).await.unwrap();
    assert_eq!(index.state().await.unwrap().integrity.damaged, 0);
}

#[tokio::test]
async fn a_library_of_an_earlier_program_gains_checksums() {
    let dir = tempfile::tempdir().unwrap();
    let expected = fill(dir.path()).await;
    let path = catalogue(dir.path());
    let earlier = Connection::open(&path).unwrap();
    earlier
        .execute_batch(
            "DROP TABLE checksums; DROP TABLE description_checksums; DROP TABLE damaged_documents",
        )
        .unwrap();
    drop(earlier);
    fs::remove_file(path.with_file_name("ledger")).unwrap();

    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    assert_eq!(view_of(&index).await, expected);
    assert!(index.state().await.unwrap().integrity.verified);
    drop(index);

    // From now on, damage is found.
    let damaged = change_a_text(dir.path());
    let index = EmbeddedIndex::open(options(dir.path())).unwrap();
    let listed = index.damaged_documents().await.unwrap();
    assert_eq!(listed[0].source, damaged);
}

#[tokio::test]
async fn lost_changes_of_a_killed_process_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let views = undisturbed_views().await;
    let live = dir.path().join("live");
    let index = EmbeddedIndex::open(options(&live)).unwrap();
    for action in &history() {
        apply(&index, action).await;
    }
    let killed = dir.path().join("killed");
    super::crash::copy_folder(&live, &killed);
    drop(index);

    // Everything is in the log of the catalogue.
    let log = catalogue(&killed).with_extension("sqlite-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0);
    fs::remove_file(log).unwrap();
    let index = EmbeddedIndex::open(options(&killed)).unwrap();
    let damaged = index.damaged_documents().await.unwrap();
    let expected: Vec<String> = views
        .last()
        .unwrap()
        .manifest
        .iter()
        .map(|entry| entry.source.to_string())
        .collect();
    let found: Vec<String> = damaged
        .iter()
        .map(|document| document.source.to_string())
        .collect();
    assert_eq!(found, expected);
    assert!(damaged[0].reason.contains("lost"), "{damaged:?}");
}
