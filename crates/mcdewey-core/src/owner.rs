//! The handle by which anybody asks the owner of a library for an operation: to synchronise it, to
//! switch to another generation of its index, or to remove documents.
//!
//! An [`Operation`] is a request together with the type of its report. [`OwnerHandle::ask`] sends a
//! request, and the owner receives it as a variant of [`OwnerRequest`]. It performs the operation
//! ([`Perform`]) and answers the [`Call`]; the caller follows it through [`Pending`].

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::{IndexError, RemovalRequest, RollbackRequest, SyncRequest};

/// How much progress is buffered for a slow caller. What exceeds it is lost.
const PROGRESS_BUFFER: usize = 64;
/// The shortest time between two reports of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// An operation that only the owner of a library can perform. The implementing type is its request.
pub trait Operation: Sized + Debug + Send + 'static {
    /// The result.
    type Report: Debug + Send + 'static;

    /// What is reported meanwhile; [`NoProgress`] for an operation that reports nothing.
    type Progress: Debug + Send + 'static;

    /// Whether the operation waits until earlier ones of its kind have ended. The number of waiting
    /// ones is limited.
    const QUEUED: bool = false;

    /// Returns the call as the owner receives it.
    fn into_request(call: Call<Self>) -> OwnerRequest;
}

/// The progress of an operation that reports none.
#[derive(Debug, Clone, Copy)]
pub enum NoProgress {}

/// A request as the owner receives it.
#[derive(Debug)]
pub enum OwnerRequest {
    /// Bring the library up to date with its roots.
    Sync(Call<SyncRequest>),
    /// Switch to another generation. Requests in progress finish on the one they started with.
    RollBack(Call<RollbackRequest>),
    /// Remove documents from all generations, so that no part of them can be read from the disk.
    Remove(Call<RemovalRequest>),
}

/// Performs an operation. The owner of a library implements this for each of them.
#[async_trait]
pub trait Perform<O: Operation>: Send + Sync + 'static {
    /// Performs the operation to its end; `progress` may be called often.
    async fn perform(
        &self,
        request: O,
        progress: &(dyn Fn(O::Progress) + Send + Sync),
    ) -> Result<O::Report, OwnerError>;
}

/// Why an operation was not started, or failed.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// The owner of the library has stopped or does not accept requests.
    #[error(
        "this process cannot change the library; start `mcdewey serve` or run `mcdewey ingest`"
    )]
    NoOwner,
    /// Too many requests are queued already.
    #[error("too many synchronisations are queued; try again later")]
    Busy,
    /// The owner stopped before the operation ended.
    #[error("it was interrupted; the server log names the reason")]
    Interrupted,
    /// The operation failed; the message says why and what to do about it.
    #[error("{0}")]
    Failed(String),
    /// The index refused the operation, or failed.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// A handle to the owner of a library; clones ask the same one.
#[derive(Debug, Clone)]
pub struct OwnerHandle {
    requests: mpsc::UnboundedSender<OwnerRequest>,
    /// The places for queued operations that wait.
    places: Arc<Semaphore>,
}

/// The requests that an owner receives. There are no more once every handle is dropped.
pub type OwnerRequests = mpsc::UnboundedReceiver<OwnerRequest>;

impl OwnerHandle {
    /// Creates a handle and the receiver of its requests. At most `waiting` queued operations wait;
    /// the one that is being performed does not count.
    pub fn channel(waiting: usize) -> (Self, OwnerRequests) {
        let (requests, received) = mpsc::unbounded_channel();
        let places = Arc::new(Semaphore::new(waiting));
        (Self { requests, places }, received)
    }

    /// Asks for an operation. It is performed to its end even if the returned value is dropped.
    ///
    /// # Errors
    ///
    /// [`OwnerError::NoOwner`] if the receiver of the requests is gone, [`OwnerError::Busy`] if too
    /// many queued operations wait.
    pub fn ask<O: Operation>(&self, request: O) -> Result<Pending<O>, OwnerError> {
        if self.requests.is_closed() {
            return Err(OwnerError::NoOwner);
        }

        let (progress, progress_receiver) = mpsc::channel(PROGRESS_BUFFER);
        let (outcome, outcome_receiver) = oneshot::channel();
        let call = Call {
            request,
            place: self.place::<O>()?,
            reply: Reply {
                progress,
                last_progress: Mutex::default(),
                outcome,
            },
        };

        self.requests
            .send(O::into_request(call))
            .map_err(|_| OwnerError::NoOwner)?;

        Ok(Pending {
            progress: progress_receiver,
            outcome: outcome_receiver,
        })
    }

    /// Takes a place in the queue if the operation needs one.
    fn place<O: Operation>(&self) -> Result<Option<OwnedSemaphorePermit>, OwnerError> {
        if !O::QUEUED {
            return Ok(None);
        }

        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map(Some).map_err(|_| OwnerError::Busy)
    }
}

/// A request with the means to answer it. Dropping it interrupts the operation.
#[derive(Debug)]
pub struct Call<O: Operation> {
    /// What was asked for.
    pub request: O,
    place: Option<OwnedSemaphorePermit>,
    reply: Reply<O>,
}

impl<O: Operation> Call<O> {
    /// Begins the operation, which leaves its place in the queue to another one.
    pub fn begin(self) -> (O, Reply<O>) {
        drop(self.place);
        (self.request, self.reply)
    }

    /// Performs the operation and answers the call.
    pub async fn perform(self, owner: Arc<impl Perform<O> + ?Sized>) {
        let (request, reply) = self.begin();
        let outcome = owner
            .perform(request, &|progress| reply.progress(progress))
            .await;

        reply.finish(outcome);
    }
}

/// The side of a call on which the owner answers. The caller may be gone already.
#[derive(Debug)]
pub struct Reply<O: Operation> {
    progress: mpsc::Sender<O::Progress>,
    last_progress: Mutex<Option<Instant>>,
    outcome: oneshot::Sender<Result<O::Report, OwnerError>>,
}

impl<O: Operation> Reply<O> {
    /// Reports progress. What comes too often, or faster than the caller reads it, is left out.
    pub fn progress(&self, progress: O::Progress) {
        let mut last = self
            .last_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);

        if last.is_none_or(|last| last.elapsed() >= PROGRESS_INTERVAL) {
            *last = Some(Instant::now());
            let _ = self.progress.try_send(progress);
        }
    }

    /// Reports the outcome.
    pub fn finish(self, outcome: Result<O::Report, OwnerError>) {
        let _ = self.outcome.send(outcome);
    }
}

/// An operation that was asked for. Dropping it does not cancel the operation.
#[derive(Debug)]
pub struct Pending<O: Operation> {
    progress: mpsc::Receiver<O::Progress>,
    outcome: oneshot::Receiver<Result<O::Report, OwnerError>>,
}

impl<O: Operation> Pending<O> {
    /// Waits for the next report of progress. Returns `None` when the operation has ended.
    pub async fn progress(&mut self) -> Option<O::Progress> {
        self.progress.recv().await
    }

    /// Waits for the end of the operation.
    ///
    /// # Errors
    ///
    /// The error of the operation, or [`OwnerError::Interrupted`] if the owner stopped before its
    /// end.
    pub async fn outcome(self) -> Result<O::Report, OwnerError> {
        self.outcome.await.unwrap_or(Err(OwnerError::Interrupted))
    }
}
