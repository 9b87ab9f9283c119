//! The embedding model's thread and the queue in front of it.
//!
//! Questions go before chunks, even before the remaining batches of a chunk job that is running.
//! Both queues are bounded: a question is rejected if its queue is full, a chunk job waits for a
//! permit. Closing the queue answers every waiting caller; a panicking model is an error for its
//! callers. This module depends on neither the tokenizer nor ONNX Runtime.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use mcdewey_core::EmbedError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot};

/// Runs the model over texts that fit into one batch. Returns one vector per text.
pub(crate) type EmbedBatch = Box<dyn FnMut(&[&str]) -> Result<Vec<Vec<f32>>, String> + Send>;

/// Most waiting questions answered in one run of the model.
const QUESTION_BATCH: usize = 8;
/// Chunk jobs admitted at once. A few keep the model busy while callers prepare the next.
const MAX_CHUNK_JOBS: usize = 4;

/// The model's thread and its queue. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct EmbeddingQueue {
    shared: Arc<SharedState>,
    question_permits: Arc<Semaphore>,
    job_permits: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The right to submit one chunk job.
#[derive(Debug)]
pub(crate) struct JobPermit(OwnedSemaphorePermit);

#[derive(Debug, Default)]
struct SharedState {
    pending: Mutex<PendingWork>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct PendingWork {
    questions: VecDeque<PendingQuestion>,
    jobs: VecDeque<ChunkJob>,
    closed: bool,
}

#[derive(Debug)]
struct PendingQuestion {
    text: String,
    reply: oneshot::Sender<Result<Vec<f32>, EmbedError>>,
    /// Released once the question has been answered, not when the model takes it up.
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct ChunkJob {
    texts: Vec<String>,
    /// The batches still to run, as positions in `texts`.
    batches: VecDeque<Vec<usize>>,
    /// One per text; empty until its batch has run.
    vectors: Vec<Vec<f32>>,
    reply: oneshot::Sender<Result<Vec<Vec<f32>>, EmbedError>>,
    _permit: OwnedSemaphorePermit,
}

impl EmbeddingQueue {
    /// Starts the model's thread. At most `max_questions` questions wait or run at a time.
    pub(crate) fn start(embed_batch: EmbedBatch, max_questions: usize) -> io::Result<Self> {
        let shared = Arc::new(SharedState::default());
        let worker = Worker {
            shared: shared.clone(),
            embed_batch,
            current_job: None,
        };

        let thread = thread::Builder::new()
            .name("embedding".to_owned())
            .spawn(move || worker.run())?;

        let max_questions = max_questions.clamp(1, Semaphore::MAX_PERMITS);
        Ok(Self {
            shared,
            question_permits: Arc::new(Semaphore::new(max_questions)),
            job_permits: Arc::new(Semaphore::new(MAX_CHUNK_JOBS)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Embeds a question, or returns [`EmbedError::Overloaded`] at once if the queue is full.
    pub(crate) async fn embed_question(&self, text: String) -> Result<Vec<f32>, EmbedError> {
        let permit =
            self.question_permits
                .clone()
                .try_acquire_owned()
                .map_err(|error| match error {
                    TryAcquireError::NoPermits => EmbedError::Overloaded,
                    TryAcquireError::Closed => EmbedError::Closed,
                })?;

        let (reply, answer) = oneshot::channel();
        let question = PendingQuestion {
            text,
            reply,
            _permit: permit,
        };

        self.shared
            .push(|pending| pending.questions.push_back(question))?;
        answer.await.unwrap_or(Err(EmbedError::Closed))
    }

    /// Waits until one more chunk job may be submitted.
    pub(crate) async fn acquire_job_permit(&self) -> Result<JobPermit, EmbedError> {
        self.job_permits
            .clone()
            .acquire_owned()
            .await
            .map(JobPermit)
            .map_err(|_| EmbedError::Closed)
    }

    /// Embeds chunks and returns their vectors in order. `batches` holds the positions in `texts`
    /// that run together.
    pub(crate) async fn embed_chunks(
        &self,
        permit: JobPermit,
        texts: Vec<String>,
        batches: Vec<Vec<usize>>,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        if batches.is_empty() {
            return Ok(Vec::new());
        }

        let (reply, answer) = oneshot::channel();
        let vectors = vec![Vec::new(); texts.len()];
        let job = ChunkJob {
            texts,
            batches: batches.into(),
            vectors,
            reply,
            _permit: permit.0,
        };

        self.shared.push(|pending| pending.jobs.push_back(job))?;
        answer.await.unwrap_or(Err(EmbedError::Closed))
    }

    /// Rejects new callers, answers waiting ones with [`EmbedError::Closed`], and joins the thread
    /// once its current batch is done.
    pub(crate) fn close(&self) {
        self.question_permits.close();
        self.job_permits.close();
        self.shared.close();

        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();

        if let Some(thread) = thread {
            // If the thread panicked, dropping its worker has already closed the queue.
            let _ = thread.join();
        }
    }
}

impl Drop for EmbeddingQueue {
    fn drop(&mut self) {
        self.close();
    }
}

impl SharedState {
    fn lock(&self) -> MutexGuard<'_, PendingWork> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, add: impl FnOnce(&mut PendingWork)) -> Result<(), EmbedError> {
        let mut pending = self.lock();
        if pending.closed {
            return Err(EmbedError::Closed);
        }

        add(&mut pending);
        self.changed.notify_one();
        Ok(())
    }

    fn close(&self) {
        let mut pending = self.lock();
        pending.closed = true;

        // Dropping the reply channels answers the callers.
        pending.questions.clear();
        pending.jobs.clear();
        self.changed.notify_all();
    }
}

/// The state of the model's thread.
struct Worker {
    shared: Arc<SharedState>,
    embed_batch: EmbedBatch,
    /// The chunk job whose batches are running.
    current_job: Option<ChunkJob>,
}

/// What the thread runs next.
enum NextBatch {
    Questions(Vec<PendingQuestion>),
    /// The next batch of [`Worker::current_job`].
    Chunks,
}

impl Worker {
    fn run(mut self) {
        while let Some(batch) = self.next_batch() {
            match batch {
                NextBatch::Questions(questions) => self.answer_questions(questions),
                NextBatch::Chunks => self.run_chunk_batch(),
            }
        }
    }

    /// Waits for work. Returns `None` once the queue is closed.
    fn next_batch(&mut self) -> Option<NextBatch> {
        let mut pending = self.shared.lock();
        loop {
            if pending.closed {
                return None;
            }

            if !pending.questions.is_empty() {
                let count = pending.questions.len().min(QUESTION_BATCH);
                let questions = pending.questions.drain(..count).collect();
                return Some(NextBatch::Questions(questions));
            }

            if self.current_job.is_none() {
                self.current_job = pending.jobs.pop_front();
            }

            if self.current_job.is_some() {
                return Some(NextBatch::Chunks);
            }

            pending = self
                .shared
                .changed
                .wait(pending)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn answer_questions(&mut self, mut questions: Vec<PendingQuestion>) {
        questions.retain(|question| !question.reply.is_closed());
        if questions.is_empty() {
            return;
        }

        let texts: Vec<&str> = questions
            .iter()
            .map(|question| question.text.as_str())
            .collect();

        let answers: Vec<_> = match run_guarded(&mut self.embed_batch, &texts) {
            Ok(vectors) => vectors.into_iter().map(Ok).collect(),
            Err(error) => texts.iter().map(|_| Err(error.clone())).collect(),
        };

        for (question, answer) in questions.into_iter().zip(answers) {
            // Sending fails if the caller has given up meanwhile.
            let _ = question.reply.send(answer);
        }
    }

    /// Runs one batch of the current job; replies if it was the last.
    fn run_chunk_batch(&mut self) {
        let Some(mut job) = self.current_job.take() else {
            return;
        };

        if job.reply.is_closed() {
            return;
        }

        let batch = job.batches.pop_front().unwrap_or_default();
        let texts: Vec<&str> = batch
            .iter()
            .map(|&position| job.texts[position].as_str())
            .collect();

        match run_guarded(&mut self.embed_batch, &texts) {
            Ok(vectors) => {
                for (position, vector) in batch.into_iter().zip(vectors) {
                    job.vectors[position] = vector;
                }
            }
            Err(error) => {
                let _ = job.reply.send(Err(error));
                return;
            }
        }

        if job.batches.is_empty() {
            let _ = job.reply.send(Ok(job.vectors));
        } else {
            self.current_job = Some(job);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Runs also when the thread panics, so that no caller waits for ever.
        self.shared.close();
    }
}

/// Runs the model once; a panic or a wrong number of vectors is an error.
fn run_guarded(embed_batch: &mut EmbedBatch, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
    // Every run starts from the session's unchanged weights, so an interrupted run leaves no
    // inconsistent state.
    match panic::catch_unwind(AssertUnwindSafe(|| embed_batch(texts))) {
        Ok(Ok(vectors)) if vectors.len() == texts.len() => Ok(vectors),
        Ok(Ok(vectors)) => Err(EmbedError::Model(format!(
            "{} vectors for {} texts",
            vectors.len(),
            texts.len()
        ))),
        Ok(Err(error)) => Err(EmbedError::Model(error)),
        Err(panic) => Err(EmbedError::Model(format!(
            "it panicked: {}",
            panic_message(&*panic)
        ))),
    }
}

/// Returns the message of a caught panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests;
