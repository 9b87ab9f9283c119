//! The queue with a model that the test steps: it reports each batch and waits until it may go on.

use std::future::Future;
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::task::JoinHandle as TaskHandle;

use super::*;
use crate::testing::poll_once;

/// The test's control over a stepped model.
struct ModelControl {
    batches: Receiver<Vec<String>>,
    results: Sender<Result<(), &'static str>>,
}

impl ModelControl {
    /// Waits for the model to begin a batch; returns its texts.
    fn next_batch(&self) -> Vec<String> {
        self.batches.recv().unwrap()
    }

    /// Lets the current batch, or the next one, succeed.
    fn finish_batch(&self) {
        self.results.send(Ok(())).unwrap();
    }

    /// Lets the current batch, or the next one, fail.
    fn fail_batch(&self, problem: &'static str) {
        self.results.send(Err(problem)).unwrap();
    }
}

/// Starts a queue over a stepped model. The vector of a text is its length.
fn start_queue(max_questions: usize) -> (Arc<EmbeddingQueue>, ModelControl) {
    let (batch_sender, batches) = channel();
    let (results, result_receiver) = channel();
    let embed_batch = move |texts: &[&str]| {
        batch_sender
            .send(texts.iter().map(|text| text.to_string()).collect())
            .unwrap();

        // Once the test has ended, nothing steps the model any more and its queue is being dropped.
        result_receiver
            .recv()
            .unwrap_or(Ok(()))
            .map_err(str::to_owned)?;
        Ok(texts.iter().map(|text| vec![text.len() as f32]).collect())
    };

    let queue = EmbeddingQueue::start(Box::new(embed_batch), max_questions).unwrap();
    (Arc::new(queue), ModelControl { batches, results })
}

/// Polls a future once before spawning it, so that its work is queued when this returns.
async fn spawn_polled<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> TaskHandle<T> {
    let mut future = Box::pin(future);
    let output = poll_once(&mut future).await;
    tokio::spawn(async move {
        match output {
            Some(output) => output,
            None => future.await,
        }
    })
}

async fn spawn_question(
    queue: &Arc<EmbeddingQueue>,
    text: &'static str,
) -> TaskHandle<Result<Vec<f32>, EmbedError>> {
    let queue = queue.clone();
    spawn_polled(async move { queue.embed_question(text.to_owned()).await }).await
}

/// Submits a job with one chunk per batch.
async fn spawn_job(
    queue: &Arc<EmbeddingQueue>,
    texts: &[&str],
) -> TaskHandle<Result<Vec<Vec<f32>>, EmbedError>> {
    let queue = queue.clone();
    let texts: Vec<String> = texts.iter().map(|text| text.to_string()).collect();
    let batches = (0..texts.len()).map(|position| vec![position]).collect();

    spawn_polled(async move {
        let permit = queue.acquire_job_permit().await?;
        queue.embed_chunks(permit, texts, batches).await
    })
    .await
}

#[tokio::test]
async fn questions_run_between_the_batches_of_a_running_job() {
    let (queue, model) = start_queue(8);
    let chunks = spawn_job(&queue, &["a", "bb", "ccc"]).await;
    assert_eq!(model.next_batch(), ["a"]);

    let question = spawn_question(&queue, "why").await;
    model.finish_batch();
    assert_eq!(model.next_batch(), ["why"]);
    model.finish_batch();
    assert_eq!(question.await.unwrap().unwrap(), [3.0]);

    assert_eq!(model.next_batch(), ["bb"]);
    model.finish_batch();
    assert_eq!(model.next_batch(), ["ccc"]);
    model.finish_batch();
    assert_eq!(chunks.await.unwrap().unwrap(), [[1.0], [2.0], [3.0]]);
}

#[tokio::test]
async fn waiting_questions_run_as_one_batch() {
    let (queue, model) = start_queue(8);
    let first = spawn_question(&queue, "a").await;
    assert_eq!(model.next_batch(), ["a"]);

    let second = spawn_question(&queue, "bb").await;
    let third = spawn_question(&queue, "ccc").await;
    model.finish_batch();
    assert_eq!(model.next_batch(), ["bb", "ccc"]);
    model.finish_batch();

    for (question, length) in [(first, 1.0), (second, 2.0), (third, 3.0)] {
        assert_eq!(question.await.unwrap().unwrap(), [length]);
    }
}

#[tokio::test]
async fn vectors_are_returned_in_the_order_of_their_chunks() {
    let (queue, model) = start_queue(8);
    for _ in 0..2 {
        model.finish_batch();
    }

    let texts = ["a", "bb", "ccc"].map(str::to_owned).to_vec();
    let permit = queue.acquire_job_permit().await.unwrap();
    let vectors = queue
        .embed_chunks(permit, texts, vec![vec![2, 0], vec![1]])
        .await
        .unwrap();

    assert_eq!(vectors, [[1.0], [2.0], [3.0]]);
}

#[tokio::test]
async fn a_full_queue_rejects_questions() {
    let (queue, model) = start_queue(2);
    let first = spawn_question(&queue, "a").await;
    assert_eq!(model.next_batch(), ["a"]);
    let second = spawn_question(&queue, "b").await;

    assert!(matches!(
        queue.embed_question("c".to_owned()).await,
        Err(EmbedError::Overloaded)
    ));

    for question in [first, second] {
        model.finish_batch();
        question.await.unwrap().unwrap();
    }

    model.finish_batch();
    queue.embed_question("d".to_owned()).await.unwrap();
}

#[tokio::test]
async fn chunk_jobs_wait_for_a_permit() {
    let (queue, model) = start_queue(8);
    let mut jobs = Vec::new();
    for _ in 0..MAX_CHUNK_JOBS {
        jobs.push(spawn_job(&queue, &["a"]).await);
    }

    let late = spawn_job(&queue, &["late"]).await;
    assert_eq!(queue.job_permits.available_permits(), 0);
    assert!(
        !queue
            .shared
            .lock()
            .jobs
            .iter()
            .any(|job| job.texts == ["late"])
    );

    for _ in 0..=MAX_CHUNK_JOBS {
        model.finish_batch();
    }

    for job in jobs.into_iter().chain([late]) {
        job.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn closing_answers_all_callers_and_joins_the_thread() {
    let (queue, model) = start_queue(8);
    let running = spawn_job(&queue, &["a", "b"]).await;
    assert_eq!(model.next_batch(), ["a"]);
    let waiting = spawn_question(&queue, "why").await;

    let closing = thread::spawn({
        let queue = queue.clone();
        move || queue.close()
    });
    assert!(matches!(waiting.await.unwrap(), Err(EmbedError::Closed)));

    model.finish_batch();
    closing.join().unwrap();
    assert!(matches!(running.await.unwrap(), Err(EmbedError::Closed)));
    assert!(
        model.batches.recv().is_err(),
        "the thread and its model have been dropped"
    );

    assert!(matches!(
        queue.embed_question("late".to_owned()).await,
        Err(EmbedError::Closed)
    ));
    assert!(matches!(
        queue.acquire_job_permit().await,
        Err(EmbedError::Closed)
    ));
}

#[tokio::test]
async fn work_of_cancelled_callers_is_skipped() {
    let (queue, model) = start_queue(8);
    let first = spawn_question(&queue, "a").await;
    assert_eq!(model.next_batch(), ["a"]);

    let question = spawn_question(&queue, "cancelled").await;
    question.abort();
    assert!(question.await.unwrap_err().is_cancelled());

    let chunks = spawn_job(&queue, &["cancelled"]).await;
    chunks.abort();
    assert!(chunks.await.unwrap_err().is_cancelled());

    model.finish_batch();
    first.await.unwrap().unwrap();

    let last = spawn_question(&queue, "last").await;
    assert_eq!(model.next_batch(), ["last"]);
    model.finish_batch();
    last.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_failing_model_fails_its_callers_and_keeps_running() {
    let (queue, model) = start_queue(8);
    model.fail_batch("out of memory");
    let error = queue.embed_question("a".to_owned()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the embedding model failed: out of memory"
    );

    model.fail_batch("out of memory");
    let failed = spawn_job(&queue, &["a", "b"]).await.await.unwrap();
    assert!(matches!(failed, Err(EmbedError::Model(_))));

    model.finish_batch();
    queue.embed_question("b".to_owned()).await.unwrap();
}

#[tokio::test]
async fn a_panicking_model_is_an_error_and_keeps_running() {
    let embed_batch = |texts: &[&str]| {
        assert!(texts != ["bad"], "bad text");
        Ok(vec![vec![1.0]; texts.len()])
    };
    let queue = EmbeddingQueue::start(Box::new(embed_batch), 8).unwrap();

    let error = queue.embed_question("bad".to_owned()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the embedding model failed: it panicked: bad text"
    );
    assert_eq!(
        queue.embed_question("good".to_owned()).await.unwrap(),
        [1.0]
    );
}

#[tokio::test]
async fn a_model_that_returns_too_few_vectors_is_an_error() {
    let queue = EmbeddingQueue::start(Box::new(|_: &[&str]| Ok(Vec::new())), 8).unwrap();
    let error = queue.embed_question("a".to_owned()).await.unwrap_err();
    assert!(error.to_string().contains("0 vectors for 1 texts"));
}

#[tokio::test]
async fn a_job_without_chunks_needs_no_model() {
    let (queue, _model) = start_queue(8);
    let permit = queue.acquire_job_permit().await.unwrap();
    let vectors = queue
        .embed_chunks(permit, Vec::new(), Vec::new())
        .await
        .unwrap();

    assert!(vectors.is_empty());
}
