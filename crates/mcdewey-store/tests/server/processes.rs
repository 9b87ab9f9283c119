//! Several processes use one library: each sees what the others commit, and one writes at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mcdewey_core::{Alias, Index, IndexError, LibraryDescription, RootName, Scope};
use mcdewey_store::testing::{clean_up, shared_server, unused_name};
use mcdewey_store::{ServerAddress, ServerIndex};

use crate::support::{RETRY_TIMEOUT, contents, document, lists, open, options, source};

async fn open_twice(
    test: &str,
) -> Option<(ServerAddress, String, Arc<ServerIndex>, Arc<ServerIndex>)> {
    let address = shared_server(test).await?;
    let name = unused_name();
    let one = open(&address, options(&name, RETRY_TIMEOUT)).await.unwrap();
    let other = open(&address, options(&name, RETRY_TIMEOUT)).await.unwrap();
    Some((address, name, one, other))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_is_visible_to_other_processes_at_once() {
    let Some((address, name, writer, reader)) = open_twice("two processes, one library").await
    else {
        return;
    };
    assert_eq!(reader.state().await.unwrap().documents, 0);
    assert_eq!(
        lists(reader.as_ref(), "canine").await.unwrap(),
        [Vec::new(), Vec::new()]
    );

    let root = RootName::default();
    for round in 1..4 {
        writer
            .commit(document("a.md", round, &["canine alpha"; 3]))
            .await
            .unwrap();

        writer
            .commit(document(&format!("{round}.md"), 1, &["canine"]))
            .await
            .unwrap();
        assert_eq!(reader.state().await.unwrap(), writer.state().await.unwrap());
        assert_eq!(
            contents(reader.as_ref()).await,
            contents(writer.as_ref()).await
        );

        writer
            .remove(&[source(&format!("{round}.md"))])
            .await
            .unwrap();

        // Optimising deletes the points that represent removed documents; a reader must notice the
        // removals all the same.
        writer.optimize().await.unwrap();
        assert_eq!(
            contents(reader.as_ref()).await,
            contents(writer.as_ref()).await
        );

        let alias = Alias {
            names: vec![format!("name {round}")],
            products: Vec::new(),
        };

        let description = LibraryDescription {
            products: Vec::new(),
            aliases: vec![alias],
        };
        writer.set_description(&root, &description).await.unwrap();
        assert_eq!(
            reader.reader().await.unwrap().description().await.unwrap(),
            description
        );
    }

    assert_eq!(reader.state().await.unwrap().documents, 1);
    clean_up(&address, &name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_another_process_see_one_revision_as_a_whole() {
    let Some((address, name, writer, reader)) =
        open_twice("readers beside a writing process").await
    else {
        return;
    };

    let revisions = [
        document("a.md", 1, &["canine alpha"; 5]),
        document("a.md", 2, &["canine beta"; 3]),
    ];
    writer.commit(revisions[0].clone()).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));

    let writing = tokio::spawn({
        let stop = Arc::clone(&stop);
        async move {
            let mut round = 0;
            while !stop.load(Ordering::SeqCst) {
                round += 1;
                writer.commit(revisions[round % 2].clone()).await.unwrap();
                // Readers fail if every one of their attempts overlaps with a commit, so commits
                // must leave pauses.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            round
        }
    });

    for _ in 0..40 {
        let lists = lists(reader.as_ref(), "canine").await.unwrap();
        for list in &lists {
            let page = list.first().map_or(0, |(_, page, _)| *page);
            let complete = [(1, 5), (2, 3)].contains(&(page, list.len()));
            assert!(
                complete && list.iter().all(|(_, other, _)| *other == page),
                "{list:?}"
            );
        }

        let chunks = reader
            .reader()
            .await
            .unwrap()
            .document_chunks(&source("a.md"), 0..9, &Scope::everything())
            .await
            .unwrap();

        assert!([3, 5].contains(&chunks.len()), "{} chunks", chunks.len());
    }

    stop.store(true, Ordering::SeqCst);
    assert!(writing.await.unwrap() > 3);
    clean_up(&address, &name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_writes_at_a_time() {
    let Some((address, name, one, other)) = open_twice("two writing processes").await else {
        return;
    };
    one.commit(document("a.md", 1, &["canine"])).await.unwrap();

    // The first writer soon becomes idle and releases the lease.
    other
        .commit(document("b.md", 1, &["canine"]))
        .await
        .unwrap();
    other.optimize().await.unwrap();
    one.commit(document("c.md", 1, &["canine"])).await.unwrap();
    assert_eq!(
        one.reader()
            .await
            .unwrap()
            .documents(&Scope::everything())
            .await
            .unwrap()
            .len(),
        3
    );

    // While the first one writes, a third that does not retry gets an error that names the writer.
    let third = open(&address, options(&name, Duration::ZERO))
        .await
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let busy = tokio::spawn({
        let (one, stop) = (Arc::clone(&one), Arc::clone(&stop));
        async move {
            while !stop.load(Ordering::SeqCst) {
                one.commit(document("c.md", 1, &["canine"])).await.unwrap();
            }
        }
    });

    let error = third
        .commit(document("d.md", 1, &["canine"]))
        .await
        .unwrap_err();
    stop.store(true, Ordering::SeqCst);
    busy.await.unwrap();
    let process = format!("process {}", std::process::id());

    assert!(
        matches!(&error, IndexError::Unavailable(text) if text.contains(&process)),
        "{error}"
    );
    one.optimize().await.unwrap();
    third
        .commit(document("d.md", 1, &["canine"]))
        .await
        .unwrap();
    clean_up(&address, &name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_alias_points_at_the_generation_that_was_completed_last() {
    let Some((address, name, one, _)) = open_twice("the alias").await else {
        return;
    };
    one.commit(document("a.md", 1, &["canine"])).await.unwrap();
    one.optimize().await.unwrap();
    let mut config = qdrant_client::Qdrant::from_url(&address.url).skip_compatibility_check();
    config.api_key.clone_from(&address.api_key);
    let client = config.build().unwrap();

    let points = async || {
        let request = qdrant_client::qdrant::CountPointsBuilder::new(&name)
            .exact(true)
            .build();
        client.count(request).await.unwrap().result.unwrap().count
    };

    // One chunk, one page, one document, the library, the writer.
    assert_eq!(points().await, 5);
    let mut next = options(&name, RETRY_TIMEOUT);
    next.chunker = "another".to_owned();
    let next = open(&address, next).await.unwrap();

    assert_eq!(
        next.state().await.unwrap().documents,
        0,
        "another splitter, another generation"
    );

    next.commit(document("a.md", 1, &["canine", "feline"]))
        .await
        .unwrap();
    assert_eq!(points().await, 5, "not before the generation is complete");
    next.optimize().await.unwrap();
    assert_eq!(points().await, 6);
    assert_eq!(
        one.state().await.unwrap().documents,
        1,
        "the old generation still answers processes that have it open"
    );

    clean_up(&address, &name).await;
}
