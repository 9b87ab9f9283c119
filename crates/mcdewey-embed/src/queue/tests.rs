//! The queue with a model that a test steps by hand: it tells what it was given and waits to be let go on.

use std::future::Future;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

/// The test's end of a hand-stepped model.
struct Hand {
    seen: Receiver<Vec<String>>,
    go: Sender<Result<(), &'static str>>,
}

impl Hand {
    /// The texts of the batch that the model is now at.
    fn batch(&self) -> Vec<String> {
        self.seen.recv().unwrap()
    }

    fn go(&self) {
        self.go.send(Ok(())).unwrap();
    }
}

/// A queue over a model whose vector of a text is its length.
fn queue(questions: usize) -> (Arc<Queue>, Hand) {
    let (tell, seen) = channel();
    let (go, wait) = channel();
    let run = move |texts: &[&str]| {
        tell.send(texts.iter().map(|text| text.to_string()).collect())
            .unwrap();
        // A test that has gone away no longer steps; its queue is being dropped.
        wait.recv().unwrap_or(Ok(())).map_err(str::to_owned)?;
        Ok(texts.iter().map(|text| vec![text.len() as f32]).collect())
    };

    (
        Arc::new(Queue::start(Box::new(run), questions).unwrap()),
        Hand { seen, go },
    )
}

/// Starts a future and polls it once, so that it is in the queue when this returns.
async fn begin<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    let mut future = Box::pin(future);
    let first = first_poll(&mut future).await;
    tokio::spawn(async move {
        match first {
            Some(done) => done,
            None => future.await,
        }
    })
}

/// The future's value if its first poll gives one.
async fn first_poll<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

async fn ask(
    queue: &Arc<Queue>,
    text: &'static str,
) -> tokio::task::JoinHandle<Result<Vec<f32>, EmbedError>> {
    let queue = queue.clone();
    begin(async move { queue.question(text.to_owned()).await }).await
}

type Vectors = Result<Vec<Vec<f32>>, EmbedError>;

/// A job of one passage per batch.
async fn job(queue: &Arc<Queue>, texts: &[&str]) -> tokio::task::JoinHandle<Vectors> {
    let queue = queue.clone();
    let texts: Vec<String> = texts.iter().map(|text| text.to_string()).collect();
    let batches = (0..texts.len()).map(|position| vec![position]).collect();
    begin(async move { queue.passages(queue.admit().await?, texts, batches).await }).await
}

#[tokio::test]
async fn questions_go_between_the_batches_of_a_running_job() {
    let (queue, hand) = queue(8);
    let passages = job(&queue, &["a", "bb", "ccc"]).await;
    assert_eq!(hand.batch(), ["a"]);
    let question = ask(&queue, "why").await;
    hand.go();
    assert_eq!(hand.batch(), ["why"]);
    hand.go();
    assert_eq!(question.await.unwrap().unwrap(), [3.0]);
    assert_eq!(hand.batch(), ["bb"]);
    hand.go();
    assert_eq!(hand.batch(), ["ccc"]);
    hand.go();

    assert_eq!(passages.await.unwrap().unwrap(), [[1.0], [2.0], [3.0]]);
}

#[tokio::test]
async fn questions_that_wait_together_run_together() {
    let (queue, hand) = queue(8);
    let first = ask(&queue, "a").await;
    assert_eq!(hand.batch(), ["a"]);
    let (second, third) = (ask(&queue, "bb").await, ask(&queue, "ccc").await);
    hand.go();
    assert_eq!(hand.batch(), ["bb", "ccc"]);
    hand.go();

    for (question, length) in [(first, 1.0), (second, 2.0), (third, 3.0)] {
        assert_eq!(question.await.unwrap().unwrap(), [length]);
    }
}

#[tokio::test]
async fn vectors_come_back_in_the_order_of_their_passages() {
    let (queue, hand) = queue(8);
    for _ in 0..2 {
        hand.go();
    }

    let texts = ["a", "bb", "ccc"].map(str::to_owned).to_vec();
    let admission = queue.admit().await.unwrap();
    let vectors = queue
        .passages(admission, texts, vec![vec![2, 0], vec![1]])
        .await
        .unwrap();

    assert_eq!(vectors, [[1.0], [2.0], [3.0]]);
}

#[tokio::test]
async fn a_full_queue_refuses_questions() {
    let (queue, hand) = queue(2);
    let first = ask(&queue, "a").await;
    assert_eq!(hand.batch(), ["a"]);
    let second = ask(&queue, "b").await;

    assert!(matches!(
        queue.question("c".to_owned()).await,
        Err(EmbedError::Overloaded)
    ));

    for question in [first, second] {
        hand.go();
        question.await.unwrap().unwrap();
    }

    hand.go();
    queue.question("d".to_owned()).await.unwrap();
}

#[tokio::test]
async fn passage_jobs_wait_for_room() {
    let (queue, hand) = queue(8);
    let mut jobs = Vec::new();
    for _ in 0..PASSAGE_JOBS {
        jobs.push(job(&queue, &["a"]).await);
    }

    let late = job(&queue, &["late"]).await;
    assert_eq!(queue.jobs.available_permits(), 0);
    assert_eq!(
        queue
            .shared
            .lock()
            .jobs
            .iter()
            .filter(|job| job.texts == ["late"])
            .count(),
        0
    );

    for _ in 0..=PASSAGE_JOBS {
        hand.go();
    }

    for job in jobs.into_iter().chain([late]) {
        job.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn closing_answers_everyone_and_joins_the_thread() {
    let (queue, hand) = queue(8);
    let running = job(&queue, &["a", "b"]).await;
    assert_eq!(hand.batch(), ["a"]);
    let waiting = ask(&queue, "why").await;

    let closing = {
        let queue = queue.clone();
        thread::spawn(move || queue.close())
    };
    assert!(matches!(waiting.await.unwrap(), Err(EmbedError::Closed)));
    hand.go();
    closing.join().unwrap();
    assert!(matches!(running.await.unwrap(), Err(EmbedError::Closed)));
    assert!(
        hand.seen.recv().is_err(),
        "the thread and its model are gone"
    );
    assert!(matches!(
        queue.question("late".to_owned()).await,
        Err(EmbedError::Closed)
    ));
    assert!(matches!(queue.admit().await, Err(EmbedError::Closed)));
}

#[tokio::test]
async fn work_for_callers_who_left_is_skipped() {
    let (queue, hand) = queue(8);
    let first = ask(&queue, "a").await;
    assert_eq!(hand.batch(), ["a"]);
    let question = ask(&queue, "gone").await;
    question.abort();
    assert!(question.await.unwrap_err().is_cancelled());
    let passages = job(&queue, &["gone"]).await;
    passages.abort();
    assert!(passages.await.unwrap_err().is_cancelled());
    hand.go();
    first.await.unwrap().unwrap();
    let last = ask(&queue, "last").await;
    assert_eq!(hand.batch(), ["last"]);
    hand.go();
    last.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_failing_model_fails_its_callers_and_goes_on() {
    let (queue, hand) = queue(8);
    hand.go.send(Err("out of memory")).unwrap();
    let error = queue.question("a".to_owned()).await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "the embedding model failed: out of memory"
    );
    hand.go.send(Err("out of memory")).unwrap();
    let failed = job(&queue, &["a", "b"]).await.await.unwrap();
    assert!(matches!(failed, Err(EmbedError::Model(_))));
    hand.go();
    queue.question("b".to_owned()).await.unwrap();
}

#[tokio::test]
async fn a_panicking_model_is_an_error_and_goes_on() {
    let run = |texts: &[&str]| {
        assert!(texts != ["bad"], "bad text");
        Ok(vec![vec![1.0]; texts.len()])
    };
    let queue = Queue::start(Box::new(run), 8).unwrap();
    let error = queue.question("bad".to_owned()).await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "the embedding model failed: it panicked: bad text"
    );
    assert_eq!(queue.question("good".to_owned()).await.unwrap(), [1.0]);
}

#[tokio::test]
async fn a_model_that_loses_vectors_is_an_error() {
    let queue = Queue::start(Box::new(|_: &[&str]| Ok(Vec::new())), 8).unwrap();
    let error = queue.question("a".to_owned()).await.unwrap_err();
    assert!(error.to_string().contains("0 vectors for 1 texts"));
}

#[tokio::test]
async fn a_job_without_passages_needs_no_model() {
    let (queue, _hand) = queue(8);
    let admission = queue.admit().await.unwrap();
    assert!(
        queue
            .passages(admission, Vec::new(), Vec::new())
            .await
            .unwrap()
            .is_empty()
    );
}
