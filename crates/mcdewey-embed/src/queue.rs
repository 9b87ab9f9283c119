//! The threads of the embedding model and the queue in front of them.
//!
//! Every thread has a session of its own and runs one text at a time. Questions go before passages,
//! even before the remaining passages of a job that is running, and have a thread that runs nothing
//! else, so they do not wait for passages. Both queues are bounded: a question is rejected if its
//! queue is full, a chunk job waits for a permit. Closing the queue answers every waiting caller; a
//! panicking model is an error for its callers. This module depends on neither the tokenizer nor
//! ONNX Runtime.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use mcdewey_core::EmbedError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot};

mod chunk_job;

use chunk_job::{ChunkJob, QueuedJob};

/// Runs the model over one text.
pub(crate) type EmbedText = Box<dyn FnMut(&str) -> Result<Vec<f32>, String> + Send>;

/// Chunk jobs admitted at once. A few keep the model busy while callers prepare the next.
const MAX_CHUNK_JOBS: usize = 4;

/// The sessions of a model.
pub(crate) struct Sessions {
    /// Runs questions only.
    pub(crate) question: EmbedText,
    /// Run passages, and questions before them.
    pub(crate) passages: Vec<EmbedText>,
}

/// The model's threads and their queue. Dropping it ends the threads.
#[derive(Debug)]
pub(crate) struct EmbeddingQueue {
    shared: Arc<SharedState>,
    question_permits: Arc<Semaphore>,
    job_permits: Arc<Semaphore>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// The right to submit one chunk job.
#[derive(Debug)]
pub(crate) struct JobPermit(OwnedSemaphorePermit);

#[derive(Debug, Default)]
struct SharedState {
    pending: Mutex<PendingWork>,
    /// Wakes the thread that runs questions only.
    question_arrived: Condvar,
    /// Wakes the threads that run passages too.
    work_arrived: Condvar,
}

#[derive(Debug, Default)]
struct PendingWork {
    questions: VecDeque<PendingQuestion>,
    jobs: VecDeque<QueuedJob>,
    /// Whether the thread that runs questions only waits for one.
    awaiting_question: bool,
    closed: bool,
}

#[derive(Debug)]
struct PendingQuestion {
    text: String,
    reply: oneshot::Sender<Result<Vec<f32>, EmbedError>>,
    /// Held until the question has been run, not only until a session takes it up.
    permit: OwnedSemaphorePermit,
}

impl EmbeddingQueue {
    /// Starts a thread for each session. At most `max_questions` questions wait or run at a time.
    pub(crate) fn start(sessions: Sessions, max_questions: usize) -> io::Result<Self> {
        let max_questions = max_questions.clamp(1, Semaphore::MAX_PERMITS);
        let queue = Self {
            shared: Arc::default(),
            question_permits: Arc::new(Semaphore::new(max_questions)),
            job_permits: Arc::new(Semaphore::new(MAX_CHUNK_JOBS)),
            threads: Mutex::default(),
        };

        queue.start_thread(sessions.question, true)?;
        for session in sessions.passages {
            queue.start_thread(session, false)?;
        }

        Ok(queue)
    }

    fn start_thread(&self, embed_text: EmbedText, questions_only: bool) -> io::Result<()> {
        let worker = Worker {
            shared: self.shared.clone(),
            embed_text,
            questions_only,
        };

        let thread = thread::Builder::new()
            .name("embedding".to_owned())
            .spawn(move || worker.run())?;

        self.lock_threads().push(thread);
        Ok(())
    }

    fn lock_threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.shared.push_question(PendingQuestion {
            text,
            reply,
            permit,
        })?;

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

    /// Embeds chunks and returns their vectors in order. `order` holds all positions in `texts`,
    /// in the order in which they are to be run.
    pub(crate) async fn embed_chunks(
        &self,
        permit: JobPermit,
        texts: Vec<String>,
        order: Vec<usize>,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }

        let (reply, answer) = oneshot::channel();
        self.shared
            .push_job(QueuedJob::new(texts, order, reply, permit.0))?;
        answer.await.unwrap_or(Err(EmbedError::Closed))
    }

    /// Rejects new callers, answers waiting ones with [`EmbedError::Closed`], and joins the threads
    /// once their current texts are done.
    pub(crate) fn close(&self) {
        self.question_permits.close();
        self.job_permits.close();
        self.shared.close();

        let threads = std::mem::take(&mut *self.lock_threads());
        for thread in threads {
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

    fn push_question(&self, question: PendingQuestion) -> Result<(), EmbedError> {
        let mut pending = self.lock();
        if pending.closed {
            return Err(EmbedError::Closed);
        }

        pending.questions.push_back(question);
        if pending.awaiting_question && pending.questions.len() == 1 {
            self.question_arrived.notify_one();
        } else {
            self.work_arrived.notify_one();
        }
        Ok(())
    }

    fn push_job(&self, job: QueuedJob) -> Result<(), EmbedError> {
        let mut pending = self.lock();
        if pending.closed {
            return Err(EmbedError::Closed);
        }

        pending.jobs.push_back(job);
        self.work_arrived.notify_all();
        Ok(())
    }

    fn close(&self) {
        let mut pending = self.lock();
        pending.closed = true;

        // Dropping the reply channels answers the callers.
        pending.questions.clear();
        pending.jobs.clear();
        self.question_arrived.notify_all();
        self.work_arrived.notify_all();
    }
}

impl PendingWork {
    /// Takes the first question. One is left to the thread that runs questions only, if that waits.
    fn next_question(&mut self, questions_only: bool) -> Option<PendingQuestion> {
        let reserved = usize::from(self.awaiting_question && !questions_only);
        if self.questions.len() > reserved {
            self.questions.pop_front()
        } else {
            None
        }
    }

    /// Takes the first passage of the first job that still has a caller.
    fn next_passage(&mut self) -> Option<(Arc<ChunkJob>, usize)> {
        while let Some(queued) = self.jobs.front_mut() {
            if let Some(position) = queued.next() {
                return Some((queued.job.clone(), position));
            }
            self.jobs.pop_front();
        }

        None
    }
}

/// The state of one thread.
struct Worker {
    shared: Arc<SharedState>,
    embed_text: EmbedText,
    questions_only: bool,
}

/// What a thread runs next.
enum NextText {
    Question(PendingQuestion),
    /// A passage, as its job and its position there.
    Passage(Arc<ChunkJob>, usize),
}

impl Worker {
    fn run(mut self) {
        while let Some(next) = self.next_text() {
            match next {
                NextText::Question(question) => self.answer(question),
                NextText::Passage(job, position) => self.run_passage(&job, position),
            }
        }
    }

    /// Waits for work. Returns `None` once the queue is closed.
    fn next_text(&self) -> Option<NextText> {
        let mut pending = self.shared.lock();
        loop {
            if pending.closed {
                return None;
            }

            if let Some(question) = pending.next_question(self.questions_only) {
                return Some(NextText::Question(question));
            }

            pending = if self.questions_only {
                pending.awaiting_question = true;
                let mut pending = wait(&self.shared.question_arrived, pending);
                pending.awaiting_question = false;
                pending
            } else if let Some((job, position)) = pending.next_passage() {
                return Some(NextText::Passage(job, position));
            } else {
                wait(&self.shared.work_arrived, pending)
            };
        }
    }

    fn answer(&mut self, question: PendingQuestion) {
        if !question.reply.is_closed() {
            let answer = run_guarded(&mut self.embed_text, &question.text);
            // Before the answer, so that whoever has it finds room for the next question.
            drop(question.permit);
            // Sending fails if the caller has given up meanwhile.
            let _ = question.reply.send(answer);
        }
    }

    fn run_passage(&mut self, job: &ChunkJob, position: usize) {
        match run_guarded(&mut self.embed_text, job.text(position)) {
            Ok(vector) => job.set_vector(position, vector),
            Err(error) => job.fail(error),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Runs also when the thread panics, so that no caller waits for ever.
        self.shared.close();
    }
}

fn wait<'a>(
    condition: &Condvar,
    pending: MutexGuard<'a, PendingWork>,
) -> MutexGuard<'a, PendingWork> {
    condition
        .wait(pending)
        .unwrap_or_else(PoisonError::into_inner)
}

/// Runs the model once; a panic is an error.
fn run_guarded(embed_text: &mut EmbedText, text: &str) -> Result<Vec<f32>, EmbedError> {
    // Every run starts from the session's unchanged weights, so an interrupted run leaves no
    // inconsistent state.
    match panic::catch_unwind(AssertUnwindSafe(|| embed_text(text))) {
        Ok(result) => result.map_err(EmbedError::Model),
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
