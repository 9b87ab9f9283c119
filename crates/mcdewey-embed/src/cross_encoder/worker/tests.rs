//! The worker with a model that the test steps.

use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use super::*;
use crate::testing::poll_once;

/// Texts of different lengths, not sorted by length.
fn chunks(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| "x".repeat(1 + (number * 5) % 7))
        .collect()
}

/// Starts a worker whose model scores by length. The receiver reports the size of each batch as it
/// begins; a batch ends when the sender sends or is dropped.
fn start_worker() -> (RerankWorker, Receiver<usize>, Sender<()>) {
    let (batch_sender, batch_sizes) = channel();
    let (finish_batch, finish_receiver) = channel();
    let score_batch: ScoreBatch = Box::new(move |_, chunks| {
        let _ = batch_sender.send(chunks.len());
        let _ = finish_receiver.recv();
        Ok(chunks.iter().map(|text| text.len() as f32).collect())
    });

    (
        RerankWorker::start(score_batch).unwrap(),
        batch_sizes,
        finish_batch,
    )
}

#[tokio::test]
async fn scores_are_returned_in_the_order_of_the_chunks() {
    let (worker, _batch_sizes, finish_batch) = start_worker();
    drop(finish_batch);

    let chunks = chunks(11);
    let expected: Vec<f32> = chunks.iter().map(|text| text.len() as f32).collect();
    assert_eq!(
        worker.score("q".to_owned(), chunks).await.unwrap(),
        expected
    );
    assert!(
        worker
            .score("q".to_owned(), Vec::new())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_is_scored_one_waits_and_the_next_is_rejected_at_once() {
    let (worker, batch_sizes, finish_batch) = start_worker();
    let worker = Arc::new(worker);
    let first = tokio::spawn({
        let worker = worker.clone();
        async move { worker.score("q".to_owned(), chunks(1)).await }
    });
    assert_eq!(batch_sizes.recv().unwrap(), 1);

    let mut second = pin!(worker.score("q".to_owned(), chunks(1)));
    let early = poll_once(&mut second).await;
    assert!(early.is_none(), "{early:?}");

    let mut third = pin!(worker.score("q".to_owned(), chunks(1)));
    let rejected = poll_once(&mut third).await;
    assert!(
        matches!(rejected, Some(Err(RerankError::Busy))),
        "{rejected:?}"
    );

    drop(finish_batch);
    assert!(first.await.unwrap().is_ok() && second.await.is_ok());
}

#[tokio::test]
async fn abandoned_work_ends_with_its_current_batch() {
    let (worker, batch_sizes, finish_batch) = start_worker();
    {
        let mut abandoned = pin!(worker.score("q".to_owned(), chunks(10)));
        assert!(poll_once(&mut abandoned).await.is_none());
        assert_eq!(batch_sizes.recv().unwrap(), CHUNK_BATCH);
    }

    finish_batch.send(()).unwrap();
    drop(finish_batch);
    assert_eq!(
        worker.score("q".to_owned(), chunks(2)).await.unwrap().len(),
        2
    );

    drop(worker);
    assert_eq!(
        batch_sizes.iter().collect::<Vec<_>>(),
        [2],
        "no further batch of the abandoned question"
    );
}

#[tokio::test]
async fn a_failing_model_is_an_error_and_keeps_running() {
    let mut runs = 0;
    let score_batch: ScoreBatch = Box::new(move |_, chunks| {
        runs += 1;
        match runs {
            1 => Err("no memory".to_owned()),
            2 => panic!("at the disco"),
            3 => Ok(Vec::new()),
            4 => Ok(vec![f32::NAN; chunks.len()]),
            _ => Ok(vec![1.0; chunks.len()]),
        }
    });
    let worker = RerankWorker::start(score_batch).unwrap();

    for problem in [
        "no memory",
        "at the disco",
        "0 scores for 2 chunks",
        "not a finite number",
    ] {
        let error = worker
            .score("q".to_owned(), chunks(2))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(problem), "{error}");
    }

    assert_eq!(
        worker.score("q".to_owned(), chunks(2)).await.unwrap(),
        [1.0, 1.0]
    );
}
