//! The thread with a model that a test holds by the sleeve.

use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use super::*;

fn texts(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| "x".repeat(1 + (number * 5) % 7))
        .collect()
}

/// A model that scores by length, says when it begins a run, and waits until it may end it.
fn held() -> (Desk, Receiver<usize>, Sender<()>) {
    let (begun, begins) = channel();
    let (go, gone) = channel();
    let run: Run = Box::new(move |_, passages| {
        let _ = begun.send(passages.len());
        let _ = gone.recv();
        Ok(passages.iter().map(|text| text.len() as f32).collect())
    });

    (Desk::start(run).unwrap(), begins, go)
}

#[tokio::test]
async fn scores_come_back_in_the_order_of_the_passages() {
    let (desk, _begins, go) = held();
    drop(go);
    let texts = texts(11);
    let expected: Vec<f32> = texts.iter().map(|text| text.len() as f32).collect();
    assert_eq!(desk.scores("q".to_owned(), texts).await.unwrap(), expected);
    assert!(
        desk.scores("q".to_owned(), Vec::new())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_read_one_waits_and_the_next_is_refused_at_once() {
    let (desk, begins, go) = held();
    let desk = Arc::new(desk);
    let first = tokio::spawn({
        let desk = desk.clone();
        async move { desk.scores("q".to_owned(), texts(1)).await }
    });
    assert_eq!(begins.recv().unwrap(), 1);
    let mut second = pin!(desk.scores("q".to_owned(), texts(1)));

    let refused = tokio::select! {
        biased;
        early = &mut second => panic!("{early:?}"),
        refused = desk.scores("q".to_owned(), texts(1)) => refused,
    };

    assert!(matches!(refused, Err(RerankError::Busy)), "{refused:?}");
    drop(go);
    assert!(first.await.unwrap().is_ok() && second.await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_nobody_waits_for_ends_with_its_batch() {
    let (desk, begins, go) = held();
    let late = tokio::time::timeout(
        Duration::from_millis(20),
        desk.scores("q".to_owned(), texts(10)),
    );
    assert!(late.await.is_err());
    go.send(()).unwrap();
    drop(go);

    assert_eq!(
        desk.scores("q".to_owned(), texts(2)).await.unwrap().len(),
        2
    );
    drop(desk);
    assert_eq!(
        begins.iter().collect::<Vec<_>>(),
        [BATCH, 2],
        "one batch of the first question, then the second"
    );
}

#[tokio::test]
async fn what_a_model_does_wrong_is_an_error_and_the_thread_goes_on() {
    let mut turns = 0;
    let run: Run = Box::new(move |_, passages| {
        turns += 1;
        match turns {
            1 => Err("no memory".to_owned()),
            2 => panic!("at the disco"),
            3 => Ok(Vec::new()),
            4 => Ok(vec![f32::NAN; passages.len()]),
            _ => Ok(vec![1.0; passages.len()]),
        }
    });

    let desk = Desk::start(run).unwrap();
    for word in [
        "no memory",
        "at the disco",
        "0 scores for 2 passages",
        "no number",
    ] {
        let error = desk
            .scores("q".to_owned(), texts(2))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(word), "{error}");
    }

    assert_eq!(
        desk.scores("q".to_owned(), texts(2)).await.unwrap(),
        [1.0, 1.0]
    );
}
