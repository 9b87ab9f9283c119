//! The workers with sessions that the test steps.

use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::testing::poll_once;

fn passages(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Starts workers whose trial took 64 microseconds for a passage of no bytes: one a byte.
fn start(sessions: Vec<ScorePassage>) -> RerankWorkers {
    RerankWorkers::start(sessions, Duration::from_micros(64), 0).unwrap()
}

/// A session that scores by length. The receiver reports each passage as it is begun; it ends when the
/// sender sends or is dropped.
fn stepped_session() -> (ScorePassage, Receiver<String>, Sender<()>) {
    let (begun, begun_passages) = channel();
    let (finish, finishing) = channel::<()>();
    let session: ScorePassage = Box::new(move |_, passage| {
        let _ = begun.send(passage.to_owned());
        let _ = finishing.recv();
        Ok(passage.len() as f32)
    });
    (session, begun_passages, finish)
}

#[tokio::test]
async fn scores_are_returned_in_the_order_of_the_passages() {
    let by_length = || -> ScorePassage { Box::new(|_, passage| Ok(passage.len() as f32)) };
    let workers = start(vec![by_length(), by_length(), by_length()]);
    let texts = passages(&["xxx", "x", "xxxxx", "", "xx"]);
    assert_eq!(
        workers.score("q", texts).await.unwrap(),
        [3.0, 1.0, 5.0, 0.0, 2.0]
    );
    assert!(workers.score("q", Vec::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_session_reads_at_the_same_time() {
    let (first, first_begun, finish_first) = stepped_session();
    let (second, second_begun, finish_second) = stepped_session();
    let workers = start(vec![first, second]);
    let mut scores = pin!(workers.score("q", passages(&["a", "bb"])));
    assert!(poll_once(&mut scores).await.is_none());

    let mut begun = [first_begun.recv().unwrap(), second_begun.recv().unwrap()];
    begun.sort();
    assert_eq!(begun, ["a", "bb"]);

    drop((finish_first, finish_second));
    assert_eq!(scores.await.unwrap(), [1.0, 2.0]);
}

#[tokio::test]
async fn the_expected_time_counts_what_waits_and_is_shared_among_the_sessions() {
    let (session, begun, finish) = stepped_session();
    let workers = start(vec![session]);
    let texts = passages(&["0123456789"]);
    let alone = workers.expected_time("qq", &texts);
    assert_eq!(alone, Duration::from_micros(2 + 10 + 64));
    assert_eq!(workers.expected_time("qq", &[]), Duration::ZERO);

    let mut waiting = pin!(workers.score("qq", texts.clone()));
    assert!(poll_once(&mut waiting).await.is_none());
    begun.recv().unwrap();
    assert_eq!(workers.expected_time("qq", &texts), alone * 2);

    // What is read takes much longer than the trial.
    thread::sleep(Duration::from_millis(20));
    finish.send(()).unwrap();
    waiting.await.unwrap();
    assert!(workers.expected_time("qq", &texts) > alone);

    let by_length = || -> ScorePassage { Box::new(|_, passage| Ok(passage.len() as f32)) };
    let two = start(vec![by_length(), by_length()]);
    assert_eq!(two.expected_time("qq", &texts), alone / 2);
}

#[tokio::test]
async fn too_many_waiting_passages_are_rejected_at_once() {
    let (session, begun, finish) = stepped_session();
    let workers = start(vec![session]);
    let mut first = pin!(workers.score("q", passages(&["a"])));
    assert!(poll_once(&mut first).await.is_none());
    begun.recv().unwrap();

    let many = vec!["b".to_owned(); QUEUE_CAPACITY];
    let mut second = pin!(workers.score("q", many));
    assert!(poll_once(&mut second).await.is_none());
    let rejected = workers.score("q", passages(&["c"])).await;
    assert!(matches!(rejected, Err(RerankError::Busy)), "{rejected:?}");

    drop(finish);
    assert_eq!(first.await.unwrap(), [1.0]);
    assert_eq!(second.await.unwrap().len(), QUEUE_CAPACITY);
}

#[tokio::test]
async fn abandoned_passages_are_skipped_and_no_longer_counted() {
    let (session, begun, finish) = stepped_session();
    let workers = start(vec![session]);
    {
        let mut abandoned = pin!(workers.score("q", passages(&["a", "b", "c"])));
        assert!(poll_once(&mut abandoned).await.is_none());
        assert_eq!(begun.recv().unwrap(), "a");
    }

    finish.send(()).unwrap();
    drop(finish);
    assert_eq!(workers.score("q", passages(&["dd"])).await.unwrap(), [2.0]);
    assert_eq!(workers.expected_time("q", &[]), Duration::ZERO);

    drop(workers);
    assert_eq!(begun.iter().collect::<Vec<_>>(), ["dd"]);
}

#[tokio::test]
async fn a_failing_model_is_an_error_and_keeps_running() {
    let mut runs = 0;
    let session: ScorePassage = Box::new(move |_, _| {
        runs += 1;
        match runs {
            1 => Err("no memory".to_owned()),
            2 => panic!("at the disco"),
            3 => Ok(f32::NAN),
            _ => Ok(1.0),
        }
    });
    let workers = start(vec![session]);

    for problem in ["no memory", "at the disco", "not a finite number"] {
        let error = workers.score("q", passages(&["a"])).await.unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
    }
    assert_eq!(workers.score("q", passages(&["a"])).await.unwrap(), [1.0]);
}

#[tokio::test]
async fn the_speed_is_measured_again_although_nothing_is_asked() {
    let (session, begun, finish) = stepped_session();
    // A trial that took a minute, on a machine that was busy then.
    let workers = RerankWorkers::start(vec![session], Duration::from_secs(60), 0).unwrap();
    let texts = passages(&["0123456789"]);
    let slow = workers.expected_time("qq", &texts);

    workers.measure_speed("qq", "a passage");
    assert_eq!(begun.recv().unwrap(), "a passage");
    // While one is read, no other is.
    workers.measure_speed("qq", "another passage");
    finish.send(()).unwrap();
    drop(finish);
    assert_eq!(workers.score("qq", passages(&["xx"])).await.unwrap(), [2.0]);
    assert!(workers.expected_time("qq", &texts) < slow.mul_f64(0.6));

    // Nor after others were.
    workers.measure_speed("qq", "one more passage");
    assert_eq!(workers.score("qq", passages(&["x"])).await.unwrap(), [1.0]);

    drop(workers);
    assert_eq!(begun.iter().collect::<Vec<_>>(), ["xx", "x"]);
}
