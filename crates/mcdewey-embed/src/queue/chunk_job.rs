//! A job of chunks whose texts are run by several threads.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcdewey_core::EmbedError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Receives the vectors of a job, one per text.
type Reply = oneshot::Sender<Result<Vec<Vec<f32>>, EmbedError>>;

/// A job in the queue, with the positions of the texts that no thread has taken yet.
#[derive(Debug)]
pub(super) struct QueuedJob {
    pub(super) job: Arc<ChunkJob>,
    waiting: VecDeque<usize>,
}

#[derive(Debug)]
pub(super) struct ChunkJob {
    texts: Vec<String>,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    /// One per text; empty until it has been run.
    vectors: Vec<Vec<f32>>,
    remaining: usize,
    /// The caller, with the permit that ends with its job; `None` once it has been answered.
    caller: Option<(Reply, OwnedSemaphorePermit)>,
}

impl QueuedJob {
    pub(super) fn new(
        texts: Vec<String>,
        order: Vec<usize>,
        reply: Reply,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let progress = Progress {
            vectors: vec![Vec::new(); texts.len()],
            remaining: texts.len(),
            caller: Some((reply, permit)),
        };

        Self {
            job: Arc::new(ChunkJob {
                texts,
                progress: Mutex::new(progress),
            }),
            waiting: order.into(),
        }
    }

    /// Takes the next position; `None` if all are taken or the caller waits no longer.
    pub(super) fn next(&mut self) -> Option<usize> {
        if self.job.is_awaited() {
            self.waiting.pop_front()
        } else {
            None
        }
    }
}

impl ChunkJob {
    pub(super) fn text(&self, position: usize) -> &str {
        &self.texts[position]
    }

    /// Stores the vector of a text; answers the caller if it was the last.
    pub(super) fn set_vector(&self, position: usize, vector: Vec<f32>) {
        let mut progress = self.lock();
        progress.vectors[position] = vector;
        progress.remaining -= 1;

        if progress.remaining == 0 {
            let vectors = std::mem::take(&mut progress.vectors);
            progress.answer(Ok(vectors));
        }
    }

    /// Answers the caller with an error. The other texts are no longer run.
    pub(super) fn fail(&self, error: EmbedError) {
        self.lock().answer(Err(error));
    }

    fn is_awaited(&self) -> bool {
        self.lock()
            .caller
            .as_ref()
            .is_some_and(|(reply, _)| !reply.is_closed())
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn answer(&mut self, answer: Result<Vec<Vec<f32>>, EmbedError>) {
        if let Some((reply, permit)) = self.caller.take() {
            // Before the answer, so that whoever has it finds room for the next job.
            drop(permit);
            // Sending fails if the caller has given up meanwhile.
            let _ = reply.send(answer);
        }
    }
}
