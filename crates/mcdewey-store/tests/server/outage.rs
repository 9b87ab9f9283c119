//! While the server is unavailable, reads fail instead of returning wrong results, and nothing that
//! was accepted is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mcdewey_core::{Index, IndexError, Scope};

use crate::support::{RETRY_TIMEOUT, contents, document, lists, open, options, own_server, source};

const TEST: &str = "a server that stops";

fn name(number: usize) -> String {
    format!("guides/{number:02}.md")
}

/// Replaces and adds documents, several at a time, as an ingest does. Counts finished commits in
/// `done`.
async fn write_all(index: &Arc<dyn Index>, done: &AtomicUsize) {
    for batch in 0..5 {
        let commits = (0..8).map(|number| {
            let (index, number) = (Arc::clone(index), batch * 8 + number);
            let texts = vec!["canine alpha"; 3 + number % 5];
            async move { index.commit(document(&name(number), 2, &texts)).await }
        });

        let commits: Vec<_> = commits.map(tokio::spawn).collect();
        for commit in commits {
            commit
                .await
                .expect("no panic")
                .expect("the commit waits for the server");
            done.fetch_add(1, Ordering::SeqCst);
        }
    }

    index
        .remove(&[source(&name(0)), source(&name(39))])
        .await
        .expect("the removal waits for the server");

    index
        .optimize()
        .await
        .expect("optimising waits for the server");
}

async fn prepare(index: &Arc<dyn Index>) {
    for number in 0..12 {
        index
            .commit(document(&name(number), 1, &["feline beta"; 4]))
            .await
            .expect("a commit");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ingest_waits_for_a_killed_server_and_loses_nothing() {
    let Some(mut server) = own_server(TEST, None).await else {
        return;
    };

    let undisturbed = open(&server.address(), options("undisturbed", RETRY_TIMEOUT))
        .await
        .unwrap();
    let undisturbed: Arc<dyn Index> = undisturbed;
    prepare(&undisturbed).await;
    write_all(&undisturbed, &AtomicUsize::new(0)).await;

    let index: Arc<dyn Index> = open(&server.address(), options("disturbed", RETRY_TIMEOUT))
        .await
        .unwrap();
    prepare(&index).await;
    let done = Arc::new(AtomicUsize::new(0));

    let writing = tokio::spawn({
        let (index, done) = (Arc::clone(&index), Arc::clone(&done));
        async move { write_all(&index, &done).await }
    });

    for kills in 0..3 {
        let before = done.load(Ordering::SeqCst);
        let started = Instant::now();
        while done.load(Ordering::SeqCst) < before + 4 && !writing.is_finished() {
            assert!(
                started.elapsed() < RETRY_TIMEOUT,
                "nothing was written after {kills} kills"
            );
            // Polled, because the counter of finished commits has no event to wait for.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }

        server.kill();

        // Commits run into the outage meanwhile, and begin to back off.
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.restart().await;
    }

    writing.await.expect("every commit was answered");

    let fresh = open(&server.address(), options("disturbed", RETRY_TIMEOUT))
        .await
        .unwrap();

    let undisturbed = open(&server.address(), options("undisturbed", RETRY_TIMEOUT))
        .await
        .unwrap();
    let count = |state: mcdewey_core::IndexState| (state.documents, state.pages, state.chunks);
    assert_eq!(
        count(fresh.state().await.unwrap()),
        count(undisturbed.state().await.unwrap())
    );
    assert_eq!(
        contents(fresh.as_ref()).await,
        contents(undisturbed.as_ref()).await
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_fail_while_the_server_is_stopped_and_succeed_when_it_is_back() {
    let Some(mut server) = own_server(TEST, None).await else {
        return;
    };

    let index = open(&server.address(), options("questions", RETRY_TIMEOUT))
        .await
        .unwrap();

    index
        .commit(document("a.md", 1, &["canine alpha", "feline"]))
        .await
        .unwrap();
    let expected = lists(index.as_ref(), "canine").await.unwrap();
    assert_eq!(expected[1].len(), 1);

    let stop = Arc::new(AtomicBool::new(false));
    let searching = tokio::spawn({
        let (index, expected, stop) = (Arc::clone(&index), expected.clone(), Arc::clone(&stop));
        async move {
            let (mut answered, mut failed) = (0, 0);
            while !stop.load(Ordering::SeqCst) {
                let started = Instant::now();
                match lists(index.as_ref(), "canine").await {
                    Ok(lists) => {
                        assert_eq!(lists, expected, "an answer is correct or there is none");
                        answered += 1;
                    }
                    Err(IndexError::Unavailable(reason)) => {
                        assert!(reason.contains("127.0.0.1"), "{reason}");
                        failed += 1;
                    }
                    Err(other) => panic!("{other}"),
                }

                assert!(
                    started.elapsed() < Duration::from_secs(25),
                    "a question took {:?}",
                    started.elapsed()
                );
            }

            (answered, failed)
        }
    });

    for _ in 0..3 {
        server.kill();
        assert!(matches!(
            index.state().await,
            Err(IndexError::Unavailable(_))
        ));
        server.restart().await;
        assert_eq!(lists(index.as_ref(), "canine").await.unwrap(), expected);
    }

    stop.store(true, Ordering::SeqCst);
    let (answered, failed) = searching.await.unwrap();
    assert!(
        answered > 0 && failed > 0,
        "{answered} answered, {failed} failed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_is_not_reported_as_done() {
    let Some(mut server) = own_server(TEST, None).await else {
        return;
    };

    let index = open(&server.address(), options("no-retries", Duration::ZERO))
        .await
        .unwrap();

    index
        .commit(document("a.md", 1, &["canine"]))
        .await
        .unwrap();
    server.kill();
    let error = index
        .commit(document("b.md", 1, &["canine"]))
        .await
        .unwrap_err();
    assert!(matches!(error, IndexError::Unavailable(_)), "{error}");
    server.restart().await;
    let all = Scope::everything();
    assert_eq!(
        index
            .reader()
            .await
            .unwrap()
            .documents(&all)
            .await
            .unwrap()
            .len(),
        1
    );

    index
        .commit(document("b.md", 1, &["canine"]))
        .await
        .unwrap();

    assert_eq!(
        index
            .reader()
            .await
            .unwrap()
            .documents(&all)
            .await
            .unwrap()
            .len(),
        2
    );
}
