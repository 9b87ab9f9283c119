//! The cross-encoder's thread, and the single place to wait in front of it.
//!
//! One question is read and one may wait; a third is refused at once, for its deadline would pass in the queue. The
//! thread reads a few passages at a time and looks up between them: a question whose asker has gone is put away.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use mcdewey_core::RerankError;
use tokio::sync::oneshot;

use crate::queue::panic_message;

/// Runs the model over a question and passages that fit into one batch; gives one score per passage.
pub(super) type Run = Box<dyn FnMut(&str, &[&str]) -> Result<Vec<f32>, String> + Send>;

/// Passages read in one run of the model.
const BATCH: usize = 4;
/// Questions that may wait for the one that is read.
const WAITING: usize = 1;

/// The model's thread. Dropping it ends the thread once its batch is done.
#[derive(Debug)]
pub(super) struct Desk {
    requests: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Request {
    question: String,
    passages: Vec<String>,
    reply: oneshot::Sender<Result<Vec<f32>, RerankError>>,
}

impl Desk {
    /// Starts the model's thread.
    pub(super) fn start(run: Run) -> io::Result<Self> {
        let (requests, waiting) = sync_channel(WAITING);
        let thread = thread::Builder::new()
            .name("reranking".to_owned())
            .spawn(move || work(run, &waiting))?;

        Ok(Self {
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// The scores of passages, in their order. Dropping the future ends the work with the batch that runs.
    pub(super) async fn scores(
        &self,
        question: String,
        passages: Vec<String>,
    ) -> Result<Vec<f32>, RerankError> {
        let requests = self.requests.as_ref().ok_or(RerankError::Closed)?;
        let (reply, answer) = oneshot::channel();
        requests
            .try_send(Request {
                question,
                passages,
                reply,
            })
            .map_err(|error| match error {
                TrySendError::Full(_) => RerankError::Busy,
                TrySendError::Disconnected(_) => RerankError::Closed,
            })?;

        answer.await.unwrap_or(Err(RerankError::Closed))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Without a sender the thread's wait for requests ends.
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(mut run: Run, waiting: &Receiver<Request>) {
    while let Ok(request) = waiting.recv() {
        if let Some(outcome) = read(&mut run, &request) {
            // Whoever has gone away meanwhile needs no answer.
            let _ = request.reply.send(outcome);
        }
    }
}

/// The scores a request asks for; `None` when nobody waits for them any more.
fn read(run: &mut Run, request: &Request) -> Option<Result<Vec<f32>, RerankError>> {
    let texts = &request.passages;
    let mut scores = vec![0.0; texts.len()];
    for batch in batches(texts) {
        if request.reply.is_closed() {
            return None;
        }

        let passages: Vec<&str> = batch.iter().map(|&place| texts[place].as_str()).collect();
        match guarded(run, &request.question, &passages) {
            Ok(found) => batch
                .iter()
                .zip(found)
                .for_each(|(&place, score)| scores[place] = score),
            Err(error) => return Some(Err(error)),
        }
    }

    Some(Ok(scores))
}

/// Places of the texts, batch by batch; texts of like length run together, for a batch is padded to its longest.
fn batches(texts: &[String]) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..texts.len()).collect();
    places.sort_by_key(|&place| texts[place].len());
    places.chunks(BATCH).map(<[usize]>::to_vec).collect()
}

/// Runs the model once; whatever it does wrong is an error.
pub(super) fn guarded(
    run: &mut Run,
    question: &str,
    passages: &[&str],
) -> Result<Vec<f32>, RerankError> {
    // Every run begins from the session's unchanged weights, so a run that broke off leaves nothing half-done behind.
    let problem = match panic::catch_unwind(AssertUnwindSafe(|| run(question, passages))) {
        Ok(Ok(scores)) if scores.len() != passages.len() => {
            format!("{} scores for {} passages", scores.len(), passages.len())
        }
        Ok(Ok(scores)) if scores.iter().any(|score| !score.is_finite()) => {
            "a score that is no number".to_owned()
        }
        Ok(Ok(scores)) => return Ok(scores),
        Ok(Err(problem)) => problem,
        Err(panic) => format!("it panicked: {}", panic_message(&*panic)),
    };
    Err(RerankError::Model(problem))
}

#[cfg(test)]
mod tests;
