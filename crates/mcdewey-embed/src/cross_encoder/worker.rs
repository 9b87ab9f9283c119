//! The cross-encoder's thread and the single-place queue in front of it.
//!
//! One question is scored and one may wait; a third is rejected at once, because its deadline would
//! pass in the queue. The thread scores a few chunks at a time and checks between batches whether
//! the caller still waits, so that an abandoned question does not delay the next.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use mcdewey_core::RerankError;
use tokio::sync::oneshot;

use crate::queue::panic_message;

/// Runs the model over a question and chunks that fit into one batch. Returns one score per chunk.
pub(super) type ScoreBatch = Box<dyn FnMut(&str, &[&str]) -> Result<Vec<f32>, String> + Send>;

/// Chunks scored in one run of the model.
const CHUNK_BATCH: usize = 4;
/// Questions that may wait while another is scored.
const QUEUE_CAPACITY: usize = 1;

/// The model's thread. Dropping it ends the thread once its current batch is done.
#[derive(Debug)]
pub(super) struct RerankWorker {
    requests: Option<SyncSender<RerankRequest>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct RerankRequest {
    question: String,
    chunks: Vec<String>,
    reply: oneshot::Sender<Result<Vec<f32>, RerankError>>,
}

impl RerankWorker {
    /// Starts the model's thread.
    pub(super) fn start(score_batch: ScoreBatch) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE_CAPACITY);
        let thread = thread::Builder::new()
            .name("reranking".to_owned())
            .spawn(move || serve(score_batch, &receiver))?;

        Ok(Self {
            requests: Some(sender),
            thread: Some(thread),
        })
    }

    /// Scores chunks and returns the scores in their order, or [`RerankError::Busy`] at once if a
    /// question is already waiting. Dropping the future ends the work after the current batch.
    pub(super) async fn score(
        &self,
        question: String,
        chunks: Vec<String>,
    ) -> Result<Vec<f32>, RerankError> {
        let requests = self.requests.as_ref().ok_or(RerankError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let request = RerankRequest {
            question,
            chunks,
            reply,
        };

        requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => RerankError::Busy,
            TrySendError::Disconnected(_) => RerankError::Closed,
        })?;

        answer.await.unwrap_or(Err(RerankError::Closed))
    }
}

impl Drop for RerankWorker {
    fn drop(&mut self) {
        // Without a sender, the thread stops waiting for requests.
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut score_batch: ScoreBatch, requests: &Receiver<RerankRequest>) {
    while let Ok(request) = requests.recv() {
        if let Some(outcome) = score_request(&mut score_batch, &request) {
            // Sending fails if the caller has given up meanwhile.
            let _ = request.reply.send(outcome);
        }
    }
}

/// Scores the chunks of a request. Returns `None` if the caller has given up.
fn score_request(
    score_batch: &mut ScoreBatch,
    request: &RerankRequest,
) -> Option<Result<Vec<f32>, RerankError>> {
    let chunks = &request.chunks;
    let mut scores = vec![0.0; chunks.len()];

    for batch in plan_batches(chunks) {
        if request.reply.is_closed() {
            return None;
        }

        let texts: Vec<&str> = batch
            .iter()
            .map(|&position| chunks[position].as_str())
            .collect();

        match score_guarded(score_batch, &request.question, &texts) {
            Ok(batch_scores) => {
                for (&position, score) in batch.iter().zip(batch_scores) {
                    scores[position] = score;
                }
            }
            Err(error) => return Some(Err(error)),
        }
    }

    Some(Ok(scores))
}

/// Groups the positions of chunks into batches. Chunks of similar length run together, because a
/// batch is padded to its longest chunk.
fn plan_batches(chunks: &[String]) -> Vec<Vec<usize>> {
    let mut positions: Vec<usize> = (0..chunks.len()).collect();
    positions.sort_by_key(|&position| chunks[position].len());
    positions
        .chunks(CHUNK_BATCH)
        .map(<[usize]>::to_vec)
        .collect()
}

/// Runs the model once. A panic, a wrong number of scores or a score that is not finite is an
/// error.
pub(super) fn score_guarded(
    score_batch: &mut ScoreBatch,
    question: &str,
    chunks: &[&str],
) -> Result<Vec<f32>, RerankError> {
    // Every run starts from the session's unchanged weights, so an interrupted run leaves no
    // inconsistent state.
    let problem = match panic::catch_unwind(AssertUnwindSafe(|| score_batch(question, chunks))) {
        Ok(Ok(scores)) if scores.len() != chunks.len() => {
            format!("{} scores for {} chunks", scores.len(), chunks.len())
        }
        Ok(Ok(scores)) if scores.iter().any(|score| !score.is_finite()) => {
            "a score that is not a finite number".to_owned()
        }
        Ok(Ok(scores)) => return Ok(scores),
        Ok(Err(problem)) => problem,
        Err(panic) => format!("it panicked: {}", panic_message(&*panic)),
    };

    Err(RerankError::Model(problem))
}

#[cfg(test)]
mod tests;
