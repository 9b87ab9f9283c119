//! The cross-encoder's threads, each with a session of its own, and the queue in front of them.
//!
//! A thread reads one passage at a time and then takes the next, whoever asked, so that short
//! questions do not wait for long ones and abandoned passages are skipped. The time that reading takes
//! is measured with every passage, from which the time for more is estimated.

use std::collections::VecDeque;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mcdewey_core::RerankError;
use tokio::sync::oneshot;

use crate::queue::panic_message;

/// Runs the model over a question and a passage, and returns its score.
pub(super) type ScorePassage = Box<dyn FnMut(&str, &str) -> Result<f32, String> + Send>;

/// Passages that may wait. Callers ask for what can be read in time, so this is only reached by those
/// that need an order made again.
const QUEUE_CAPACITY: usize = 1024;
/// What a passage costs besides its bytes: the special tokens, and starting the model.
const BYTES_PER_PASSAGE: usize = 64;
/// The weight of the latest passage in the measured speed.
const LATEST: f64 = 0.1;
/// The weight of one that was read for the measurement only, when none was read for a while.
const MEASURED: f64 = 0.5;
/// How long a measurement is good for: a machine that is busy with something else shall not spend much
/// time on them.
const MEASURED_FOR: Duration = Duration::from_secs(5);

/// The model's threads. Dropping them ends each once its current passage is read.
#[derive(Debug)]
pub(super) struct RerankWorkers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    jobs: VecDeque<Job>,
    /// What the passages cost that wait or are being read.
    pending_bytes: usize,
    /// The measured seconds per byte of one thread.
    seconds_per_byte: f64,
    /// When it was measured last, after the trial.
    measured_at: Option<Instant>,
    closed: bool,
}

#[derive(Debug)]
struct Job {
    question: Arc<str>,
    passage: String,
    /// `None` if only the time matters.
    reply: Option<oneshot::Sender<Result<f32, RerankError>>>,
}

impl RerankWorkers {
    /// Starts a thread for each session. `trial` is how long one of them took to read a passage of
    /// `trial_bytes`.
    pub(super) fn start(
        sessions: Vec<ScorePassage>,
        trial: Duration,
        trial_bytes: usize,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        queue.lock().seconds_per_byte =
            trial.as_secs_f64() / (trial_bytes + BYTES_PER_PASSAGE) as f64;

        // Made before the threads, so that those already started end if another cannot start.
        let mut workers = Self {
            queue: Arc::clone(&queue),
            threads: Vec::new(),
        };
        for score_passage in sessions {
            let queue = Arc::clone(&queue);
            let thread = thread::Builder::new()
                .name("reranking".to_owned())
                .spawn(move || serve(score_passage, &queue))?;
            workers.threads.push(thread);
        }

        Ok(workers)
    }

    /// Estimates how long passages would take that cost so many bytes, behind those that wait.
    pub(super) fn expected_time(&self, question: &str, passages: &[String]) -> Duration {
        let state = self.queue.lock();
        let new_bytes: usize = passages.iter().map(|passage| cost(question, passage)).sum();
        let bytes = state.pending_bytes + new_bytes;
        let threads = self.threads.len().max(1);
        Duration::from_secs_f64(bytes as f64 * state.seconds_per_byte / threads as f64)
    }

    /// Reads a passage in the background to measure the speed, unless others are read, which measures it
    /// too, or were read lately.
    pub(super) fn measure_speed(&self, question: &str, passage: &str) {
        let mut state = self.queue.lock();
        let is_recent = state
            .measured_at
            .is_some_and(|measured| measured.elapsed() < MEASURED_FOR);
        if state.pending_bytes > 0 || is_recent {
            return;
        }

        state.pending_bytes += cost(question, passage);
        state.jobs.push_back(Job {
            question: question.into(),
            passage: passage.to_owned(),
            reply: None,
        });
        drop(state);
        self.queue.changed.notify_one();
    }

    /// Scores passages and returns the scores in their order, or [`RerankError::Busy`] at once if too
    /// many wait already. Dropping the future ends the work after the passages that are being read.
    pub(super) async fn score(
        &self,
        question: &str,
        passages: Vec<String>,
    ) -> Result<Vec<f32>, RerankError> {
        let question: Arc<str> = question.into();
        let mut answers = Vec::with_capacity(passages.len());
        {
            let mut state = self.queue.lock();
            if state.jobs.len() + passages.len() > QUEUE_CAPACITY {
                return Err(RerankError::Busy);
            }

            for passage in passages {
                let (reply, answer) = oneshot::channel();
                state.pending_bytes += cost(&question, &passage);
                state.jobs.push_back(Job {
                    question: Arc::clone(&question),
                    passage,
                    reply: Some(reply),
                });
                answers.push(answer);
            }
        }
        self.queue.changed.notify_all();

        let mut scores = Vec::with_capacity(answers.len());
        for answer in answers {
            scores.push(answer.await.unwrap_or(Err(RerankError::Closed))?);
        }

        Ok(scores)
    }
}

impl Drop for RerankWorkers {
    fn drop(&mut self) {
        {
            let mut state = self.queue.lock();
            state.closed = true;
            state.jobs.clear();
        }
        self.queue.changed.notify_all();

        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a passage; `None` if there will be none.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes that a passage of this cost is done, and if it was read, the time it took and how much that
    /// counts.
    fn finish(&self, bytes: usize, read: Option<(Duration, f64)>) {
        let mut state = self.lock();
        state.pending_bytes = state.pending_bytes.saturating_sub(bytes);
        if let Some((elapsed, weight)) = read {
            let latest = elapsed.as_secs_f64() / bytes as f64;
            state.seconds_per_byte += weight * (latest - state.seconds_per_byte);
            state.measured_at = Some(Instant::now());
        }
    }
}

/// What reading a passage costs, in bytes of text.
fn cost(question: &str, passage: &str) -> usize {
    question.len() + passage.len() + BYTES_PER_PASSAGE
}

fn serve(mut score_passage: ScorePassage, queue: &Queue) {
    while let Some(job) = queue.next() {
        let bytes = cost(&job.question, &job.passage);
        // The caller has given up.
        if job.reply.as_ref().is_some_and(oneshot::Sender::is_closed) {
            queue.finish(bytes, None);
            continue;
        }

        let started = Instant::now();
        let outcome = score_guarded(&mut score_passage, &job.question, &job.passage);
        let weight = job.reply.as_ref().map_or(MEASURED, |_| LATEST);
        queue.finish(bytes, outcome.is_ok().then(|| (started.elapsed(), weight)));
        if let Some(reply) = job.reply {
            let _ = reply.send(outcome);
        }
    }
}

/// Runs the model once. A panic or a score that is not finite is an error.
pub(super) fn score_guarded(
    score_passage: &mut ScorePassage,
    question: &str,
    passage: &str,
) -> Result<f32, RerankError> {
    // Every run starts from the session's unchanged weights, so an interrupted run leaves no
    // inconsistent state.
    let problem = match panic::catch_unwind(AssertUnwindSafe(|| score_passage(question, passage))) {
        Ok(Ok(score)) if score.is_finite() => return Ok(score),
        Ok(Ok(_)) => "a score that is not a finite number".to_owned(),
        Ok(Err(problem)) => problem,
        Err(panic) => format!("it panicked: {}", panic_message(&*panic)),
    };

    Err(RerankError::Model(problem))
}

#[cfg(test)]
mod tests;
