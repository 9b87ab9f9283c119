//! The model's thread, and the queue in front of it.
//!
//! Questions go before passages, even before the rest of a passage job that is running. Both queues are bounded: a
//! question that finds its queue full is refused, a passage job waits for room. Closing answers every waiting caller,
//! and so does a model that panics. The queue knows nothing of tokens or of ONNX Runtime.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use mcdewey_core::EmbedError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot};

/// Runs the model over texts that fit into one batch; gives one vector per text.
pub(crate) type Run = Box<dyn FnMut(&[&str]) -> Result<Vec<Vec<f32>>, String> + Send>;

/// Questions answered in one run of the model, where several wait.
const QUESTION_BATCH: usize = 8;
/// Passage jobs admitted at once; a few suffice to keep the model busy while callers prepare the next.
const PASSAGE_JOBS: usize = 4;

/// The model's thread behind its queue. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Queue {
    shared: Arc<Shared>,
    questions: Arc<Semaphore>,
    jobs: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Room for one passage job.
#[derive(Debug)]
pub(crate) struct Admission(OwnedSemaphorePermit);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    questions: VecDeque<Question>,
    jobs: VecDeque<Job>,
    closed: bool,
}

#[derive(Debug)]
struct Question {
    text: String,
    reply: oneshot::Sender<Result<Vec<f32>, EmbedError>>,
    _room: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Job {
    texts: Vec<String>,
    batches: VecDeque<Vec<usize>>,
    vectors: Vec<Vec<f32>>,
    reply: oneshot::Sender<Result<Vec<Vec<f32>>, EmbedError>>,
    _room: OwnedSemaphorePermit,
}

impl Queue {
    /// Starts the model's thread; at most `questions` wait at a time.
    pub(crate) fn start(run: Run, questions: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let worker = Worker {
            shared: shared.clone(),
            run,
            job: None,
        };

        let thread = thread::Builder::new()
            .name("embedding".to_owned())
            .spawn(move || worker.work())?;

        Ok(Self {
            shared,
            questions: Arc::new(Semaphore::new(questions.clamp(1, Semaphore::MAX_PERMITS))),
            jobs: Arc::new(Semaphore::new(PASSAGE_JOBS)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The vector of a question.
    pub(crate) async fn question(&self, text: String) -> Result<Vec<f32>, EmbedError> {
        let room = self
            .questions
            .clone()
            .try_acquire_owned()
            .map_err(|error| match error {
                TryAcquireError::NoPermits => EmbedError::Overloaded,
                TryAcquireError::Closed => EmbedError::Closed,
            })?;

        let (reply, answer) = oneshot::channel();
        self.shared.push(|waiting| {
            waiting.questions.push_back(Question {
                text,
                reply,
                _room: room,
            })
        })?;

        answer.await.unwrap_or(Err(EmbedError::Closed))
    }

    /// Waits for room for one passage job.
    pub(crate) async fn admit(&self) -> Result<Admission, EmbedError> {
        self.jobs
            .clone()
            .acquire_owned()
            .await
            .map(Admission)
            .map_err(|_| EmbedError::Closed)
    }

    /// The vectors of passages, in order; `batches` says which of them run together.
    pub(crate) async fn passages(
        &self,
        admission: Admission,
        texts: Vec<String>,
        batches: Vec<Vec<usize>>,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        if batches.is_empty() {
            return Ok(Vec::new());
        }

        let (reply, answer) = oneshot::channel();
        let vectors = vec![Vec::new(); texts.len()];
        let job = Job {
            texts,
            batches: batches.into(),
            vectors,
            reply,
            _room: admission.0,
        };

        self.shared.push(|waiting| waiting.jobs.push_back(job))?;
        answer.await.unwrap_or(Err(EmbedError::Closed))
    }

    /// Turns callers away, answers those who wait, and joins the thread once its batch is done.
    pub(crate) fn close(&self) {
        self.questions.close();
        self.jobs.close();
        self.shared.close();

        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();

        if let Some(thread) = thread {
            // A thread that panicked has closed the queue on its way out.
            let _ = thread.join();
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, add: impl FnOnce(&mut Waiting)) -> Result<(), EmbedError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(EmbedError::Closed);
        }

        add(&mut waiting);
        self.changed.notify_one();
        Ok(())
    }

    fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.questions.clear();
        waiting.jobs.clear();
        self.changed.notify_all();
    }
}

struct Worker {
    shared: Arc<Shared>,
    run: Run,
    /// The passage job that is running.
    job: Option<Job>,
}

enum Work {
    Questions(Vec<Question>),
    Passages,
}

impl Worker {
    fn work(mut self) {
        while let Some(work) = self.next() {
            match work {
                Work::Questions(questions) => self.answer(questions),
                Work::Passages => self.advance(),
            }
        }
    }

    /// What to do next; `None` once the queue is closed.
    fn next(&mut self) -> Option<Work> {
        let mut waiting = self.shared.lock();
        loop {
            if waiting.closed {
                return None;
            }

            if !waiting.questions.is_empty() {
                let count = waiting.questions.len().min(QUESTION_BATCH);
                return Some(Work::Questions(waiting.questions.drain(..count).collect()));
            }

            if self.job.is_none() {
                self.job = waiting.jobs.pop_front();
            }

            if self.job.is_some() {
                return Some(Work::Passages);
            }

            waiting = self
                .shared
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn answer(&mut self, mut questions: Vec<Question>) {
        questions.retain(|question| !question.reply.is_closed());
        if questions.is_empty() {
            return;
        }

        let texts: Vec<&str> = questions
            .iter()
            .map(|question| question.text.as_str())
            .collect();

        let answers: Vec<_> = match run(&mut self.run, &texts) {
            Ok(vectors) => vectors.into_iter().map(Ok).collect(),
            Err(error) => texts.iter().map(|_| Err(error.clone())).collect(),
        };

        for (question, answer) in questions.into_iter().zip(answers) {
            // Whoever has gone away meanwhile needs no answer.
            let _ = question.reply.send(answer);
        }
    }

    /// Runs one batch of the current job, and answers when it was the last.
    fn advance(&mut self) {
        let Some(mut job) = self.job.take() else {
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

        match run(&mut self.run, &texts) {
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
            self.job = Some(job);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.close();
    }
}

fn run(run: &mut Run, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
    // Every run begins from the session's unchanged weights, so a run that broke off leaves nothing half-done behind.
    match panic::catch_unwind(AssertUnwindSafe(|| run(texts))) {
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

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests;
