//! The queue with sessions that the test steps: each reports its text and waits until it may go on.

use std::future::Future;
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::task::JoinHandle as TaskHandle;

use super::*;
use crate::testing::poll_once;

/// The test's control over a stepped session.
struct SessionControl {
    texts: Receiver<String>,
    results: Sender<Result<(), &'static str>>,
}

impl SessionControl {
    /// Waits for the session to begin a text; returns it.
    fn next_text(&self) -> String {
        self.texts.recv().unwrap()
    }

    /// Lets the current text, or the next one, succeed.
    fn finish(&self) {
        self.results.send(Ok(())).unwrap();
    }

    /// Lets the current text, or the next one, fail.
    fn fail(&self, problem: &'static str) {
        self.results.send(Err(problem)).unwrap();
    }
}

/// A session that the test steps. The vector of a text is its length.
fn stepped_session() -> (EmbedText, SessionControl) {
    let (text_sender, texts) = channel();
    let (results, result_receiver) = channel::<Result<(), &'static str>>();
    let embed_text = move |text: &str| {
        // Once the test has ended, nothing steps the session any more and its queue is dropped.
        let _ = text_sender.send(text.to_owned());
        result_receiver
            .recv()
            .unwrap_or(Ok(()))
            .map_err(str::to_owned)?;
        Ok(vec![text.len() as f32])
    };

    (Box::new(embed_text), SessionControl { texts, results })
}

/// A queue over a stepped session for questions and `N` stepped ones for passages.
fn start_queue<const N: usize>(
    max_questions: usize,
) -> (Arc<EmbeddingQueue>, SessionControl, [SessionControl; N]) {
    let (question, question_control) = stepped_session();
    let (passages, controls): (Vec<_>, Vec<_>) = (0..N).map(|_| stepped_session()).unzip();
    let sessions = Sessions { question, passages };
    let queue = EmbeddingQueue::start(sessions, max_questions).unwrap();
    let Ok(controls) = controls.try_into() else {
        unreachable!("one control per session")
    };

    // Before its thread waits for a question, others may take one.
    while !queue.shared.lock().awaiting_question {
        thread::yield_now();
    }

    (Arc::new(queue), question_control, controls)
}

/// A queue whose sessions all run `embed_text`.
fn queue_of(
    embed_text: impl Fn(&str) -> Result<Vec<f32>, String> + Clone + Send + 'static,
) -> EmbeddingQueue {
    let sessions = Sessions {
        question: Box::new(embed_text.clone()),
        passages: vec![Box::new(embed_text)],
    };
    EmbeddingQueue::start(sessions, 8).unwrap()
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

/// Submits a job whose chunks are to be run in the order of `texts`.
async fn spawn_job(
    queue: &Arc<EmbeddingQueue>,
    texts: &[&str],
) -> TaskHandle<Result<Vec<Vec<f32>>, EmbedError>> {
    let queue = queue.clone();
    let texts: Vec<String> = texts.iter().map(|text| text.to_string()).collect();
    let order = (0..texts.len()).collect();

    spawn_polled(async move {
        let permit = queue.acquire_job_permit().await?;
        queue.embed_chunks(permit, texts, order).await
    })
    .await
}

#[tokio::test]
async fn a_question_does_not_wait_for_a_passage() {
    let (queue, questions, [passages]) = start_queue(8);
    let chunks = spawn_job(&queue, &["a", "bb"]).await;
    assert_eq!(passages.next_text(), "a");

    questions.finish();
    assert_eq!(queue.embed_question("why".to_owned()).await.unwrap(), [3.0]);
    assert_eq!(questions.next_text(), "why");

    passages.finish();
    passages.finish();
    assert_eq!(chunks.await.unwrap().unwrap(), [[1.0], [2.0]]);
}

#[tokio::test]
async fn waiting_questions_run_before_the_remaining_passages() {
    let (queue, questions, [passages]) = start_queue(8);
    let first = spawn_question(&queue, "first").await;
    assert_eq!(questions.next_text(), "first");
    let chunks = spawn_job(&queue, &["a", "bb"]).await;
    assert_eq!(passages.next_text(), "a");

    let second = spawn_question(&queue, "why").await;
    passages.finish();
    assert_eq!(passages.next_text(), "why");
    passages.finish();
    assert_eq!(second.await.unwrap().unwrap(), [3.0]);

    assert_eq!(passages.next_text(), "bb");
    passages.finish();
    assert_eq!(chunks.await.unwrap().unwrap(), [[1.0], [2.0]]);

    questions.finish();
    assert_eq!(first.await.unwrap().unwrap(), [5.0]);
}

#[tokio::test]
async fn vectors_are_returned_in_the_order_of_their_chunks() {
    let (queue, _, [passages]) = start_queue(8);
    for _ in 0..3 {
        passages.finish();
    }

    let texts = ["a", "bb", "ccc"].map(str::to_owned).to_vec();
    let permit = queue.acquire_job_permit().await.unwrap();
    let vectors = queue
        .embed_chunks(permit, texts, vec![2, 0, 1])
        .await
        .unwrap();

    assert_eq!(vectors, [[1.0], [2.0], [3.0]]);
    let run: Vec<String> = (0..3).map(|_| passages.next_text()).collect();
    assert_eq!(run, ["ccc", "a", "bb"]);
}

#[tokio::test]
async fn sessions_share_a_job_and_the_next_job_follows_at_once() {
    let (queue, _, [one, other]) = start_queue(8);
    let first = spawn_job(&queue, &["a", "bb", "ccc"]).await;
    let mut running = [one.next_text(), other.next_text()];
    running.sort();
    assert_eq!(running, ["a", "bb"]);

    let second = spawn_job(&queue, &["dddd"]).await;
    one.finish();
    assert_eq!(one.next_text(), "ccc");
    other.finish();
    assert_eq!(other.next_text(), "dddd");

    other.finish();
    assert_eq!(second.await.unwrap().unwrap(), [[4.0]]);
    one.finish();
    assert_eq!(first.await.unwrap().unwrap(), [[1.0], [2.0], [3.0]]);
}

#[tokio::test]
async fn a_full_queue_rejects_questions() {
    let (queue, questions, []) = start_queue(2);
    let first = spawn_question(&queue, "a").await;
    assert_eq!(questions.next_text(), "a");
    let second = spawn_question(&queue, "b").await;

    assert!(matches!(
        queue.embed_question("c".to_owned()).await,
        Err(EmbedError::Overloaded)
    ));

    for question in [first, second] {
        questions.finish();
        question.await.unwrap().unwrap();
    }

    questions.finish();
    queue.embed_question("d".to_owned()).await.unwrap();
}

#[tokio::test]
async fn chunk_jobs_wait_for_a_permit() {
    let (queue, _, [passages]) = start_queue(8);
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
            .any(|queued| queued.job.text(0) == "late")
    );

    for _ in 0..=MAX_CHUNK_JOBS {
        passages.finish();
    }

    for job in jobs.into_iter().chain([late]) {
        job.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn closing_answers_all_callers_and_joins_the_threads() {
    let (queue, questions, [passages]) = start_queue(8);
    let running = spawn_job(&queue, &["a", "b"]).await;
    assert_eq!(passages.next_text(), "a");
    let answered = spawn_question(&queue, "what").await;
    assert_eq!(questions.next_text(), "what");
    let waiting = spawn_question(&queue, "why").await;

    let closing = thread::spawn({
        let queue = queue.clone();
        move || queue.close()
    });
    assert!(matches!(waiting.await.unwrap(), Err(EmbedError::Closed)));

    questions.finish();
    passages.finish();
    closing.join().unwrap();
    assert_eq!(answered.await.unwrap().unwrap(), [4.0]);
    assert!(matches!(running.await.unwrap(), Err(EmbedError::Closed)));
    for session in [questions, passages] {
        assert!(
            session.texts.recv().is_err(),
            "the thread and its session have been dropped"
        );
    }

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
    let (queue, questions, []) = start_queue(8);
    let first = spawn_question(&queue, "a").await;
    assert_eq!(questions.next_text(), "a");

    let question = spawn_question(&queue, "cancelled").await;
    question.abort();
    assert!(question.await.unwrap_err().is_cancelled());

    questions.finish();
    first.await.unwrap().unwrap();

    let last = spawn_question(&queue, "last").await;
    assert_eq!(questions.next_text(), "last");
    questions.finish();
    last.await.unwrap().unwrap();
}

#[tokio::test]
async fn passages_of_cancelled_and_failed_jobs_are_skipped() {
    let (queue, _, [passages]) = start_queue(8);
    let failing = spawn_job(&queue, &["a", "b"]).await;
    assert_eq!(passages.next_text(), "a");

    let cancelled = spawn_job(&queue, &["cancelled"]).await;
    cancelled.abort();
    assert!(cancelled.await.unwrap_err().is_cancelled());
    let last = spawn_job(&queue, &["last"]).await;

    passages.fail("out of memory");
    let failed = failing.await.unwrap();
    assert!(matches!(failed, Err(EmbedError::Model(_))), "{failed:?}");

    assert_eq!(passages.next_text(), "last");
    passages.finish();
    assert_eq!(last.await.unwrap().unwrap(), [[4.0]]);
    assert_eq!(queue.job_permits.available_permits(), MAX_CHUNK_JOBS);
}

#[tokio::test]
async fn an_answered_caller_finds_room_for_the_next_text() {
    let sessions = Sessions {
        question: Box::new(|_| Ok(vec![1.0])),
        passages: vec![Box::new(|_| Ok(vec![1.0]))],
    };
    let queue = EmbeddingQueue::start(sessions, 1).unwrap();

    for _ in 0..2_000 {
        queue.embed_question("why".to_owned()).await.unwrap();

        let permit = queue.acquire_job_permit().await.unwrap();
        let texts = vec!["passage".to_owned()];
        queue.embed_chunks(permit, texts, vec![0]).await.unwrap();
        assert_eq!(queue.job_permits.available_permits(), MAX_CHUNK_JOBS);
    }
}

#[tokio::test]
async fn a_failing_model_fails_its_callers_and_keeps_running() {
    let (queue, questions, []) = start_queue(8);
    questions.fail("out of memory");
    let error = queue.embed_question("a".to_owned()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the embedding model failed: out of memory"
    );

    questions.finish();
    queue.embed_question("b".to_owned()).await.unwrap();
}

#[tokio::test]
async fn a_panicking_model_is_an_error_and_keeps_running() {
    let queue = queue_of(|text| {
        assert!(text != "bad", "bad text");
        Ok(vec![1.0])
    });

    let error = queue.embed_question("bad".to_owned()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the embedding model failed: it panicked: bad text"
    );
    assert_eq!(
        queue.embed_question("good".to_owned()).await.unwrap(),
        [1.0]
    );

    let permit = queue.acquire_job_permit().await.unwrap();
    let texts = vec!["good".to_owned(), "bad".to_owned()];
    let failed = queue.embed_chunks(permit, texts, vec![0, 1]).await;
    assert!(matches!(failed, Err(EmbedError::Model(_))), "{failed:?}");
}

#[tokio::test]
async fn a_job_without_chunks_needs_no_model() {
    let (queue, _, [_passages]) = start_queue(8);
    let permit = queue.acquire_job_permit().await.unwrap();
    let vectors = queue
        .embed_chunks(permit, Vec::new(), Vec::new())
        .await
        .unwrap();

    assert!(vectors.is_empty());
}
