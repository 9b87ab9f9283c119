//! Snapshots of the catalogue that outlive one read. Each keeps a read transaction open, on a
//! connection of its own, until its reader is dropped.
//!
//! An open transaction does not block commits, but it keeps the data of its revision in the files.
//! So a snapshot is ended earlier when documents are erased, when it has become too old, and when
//! the index is closed; its reader then errs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::time::{Duration, Instant};

use mcdewey_core::IndexError;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::database::ReadPool;
use super::error::EmbeddedResult;
use crate::snapshots::{OpenSnapshot, OpenSnapshots};

/// The most snapshots that are open at the same time. Each needs a connection with its own cache of
/// up to 2 MB.
pub(super) const MAX_SNAPSHOTS: usize = 128;

/// How long a reader waits for one of them.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// How long an erasure waits for the readers of what it erases, before it ends their snapshots.
pub(super) const READER_GRACE: Duration = Duration::from_secs(2);

/// The held snapshots of a catalogue.
#[derive(Debug)]
pub(super) struct HeldSnapshots {
    open: Arc<OpenSnapshots>,
    held: Mutex<Vec<Weak<HeldSnapshot>>>,
    permits: Arc<Semaphore>,
}

/// A snapshot that can be read until it is dropped or ended.
#[derive(Debug)]
pub(super) struct HeldSnapshot {
    /// `None` when the snapshot has ended.
    transaction: Mutex<Option<OpenTransaction>>,
    is_ended: AtomicBool,
    number: u64,
    began: Instant,
    pool: Arc<ReadPool>,
}

/// A connection in the middle of a read transaction.
#[derive(Debug)]
struct OpenTransaction {
    connection: Connection,
    _open: OpenSnapshot,
    _permit: OwnedSemaphorePermit,
}

impl Default for HeldSnapshots {
    fn default() -> Self {
        Self {
            open: Arc::default(),
            held: Mutex::default(),
            permits: Arc::new(Semaphore::new(MAX_SNAPSHOTS)),
        }
    }
}

impl HeldSnapshots {
    pub(super) fn open(&self) -> &OpenSnapshots {
        &self.open
    }

    /// Waits until another snapshot may be opened.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit, IndexError> {
        tokio::time::timeout(MAX_WAIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or_else(|| {
                IndexError::Unavailable(
                    "too many requests are reading the library; try again".to_owned(),
                )
            })
    }

    /// Takes a snapshot. Blocks.
    pub(super) fn take(
        &self,
        pool: &Arc<ReadPool>,
        permit: OwnedSemaphorePermit,
    ) -> EmbeddedResult<Arc<HeldSnapshot>> {
        let open = self.open.begin();
        let number = open.number();
        let connection = pool.take()?;
        connection.execute_batch("BEGIN")?;
        super::database::read_something(&connection)?;

        let snapshot = Arc::new(HeldSnapshot {
            transaction: Mutex::new(Some(OpenTransaction {
                connection,
                _open: open,
                _permit: permit,
            })),
            is_ended: AtomicBool::new(false),
            number,
            began: Instant::now(),
            pool: Arc::clone(pool),
        });

        let mut held = self.held();
        held.retain(|other| other.strong_count() > 0);
        held.push(Arc::downgrade(&snapshot));

        Ok(snapshot)
    }

    /// Waits for up to `grace` until the snapshots that are open now have been dropped, and ends
    /// those that have not. Returns once none of them is read any more. Blocks.
    pub(super) fn end_all(&self, grace: Duration) {
        let number = self.open.next_number();
        if self.open.wait_for_those_before(number, grace) {
            return;
        }

        for snapshot in self.held_where(|snapshot| snapshot.number < number) {
            snapshot.end_and_wait();
        }
    }

    /// Ends the snapshots that are older than this. One that is being read ends after the read.
    pub(super) fn end_older_than(&self, age: Duration) {
        for snapshot in self.held_where(|snapshot| snapshot.began.elapsed() > age) {
            tracing::warn!(
                "a request has been reading the library for too long; its snapshot was ended"
            );
            snapshot.end();
        }
    }

    /// Ends all snapshots. Those that are being read end after the read.
    pub(super) fn close(&self) {
        for snapshot in self.held_where(|_| true) {
            snapshot.end();
        }
    }

    fn held_where(&self, predicate: impl Fn(&HeldSnapshot) -> bool) -> Vec<Arc<HeldSnapshot>> {
        self.held()
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|snapshot| predicate(snapshot))
            .collect()
    }

    fn held(&self) -> MutexGuard<'_, Vec<Weak<HeldSnapshot>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldSnapshot {
    /// Reads from the snapshot. Reads of the same snapshot run one after the other. Blocks.
    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> EmbeddedResult<T>,
    ) -> EmbeddedResult<T> {
        let result = match &*self.lock() {
            Some(transaction) if !self.is_ended() => query(&transaction.connection),
            _ => Err(ended().into()),
        };

        // It may have been ended during the read.
        self.finish_if_ended();
        result
    }

    /// Ends the snapshot, after the read in progress if there is one.
    fn end(&self) {
        self.is_ended.store(true, Ordering::SeqCst);
        self.finish_if_ended();
    }

    /// Ends the snapshot and waits for the read in progress.
    fn end_and_wait(&self) {
        self.is_ended.store(true, Ordering::SeqCst);
        let transaction = self.lock().take();
        self.close(transaction);
    }

    /// Closes the transaction of an ended snapshot, unless it is being read: then the reading
    /// thread closes it.
    fn finish_if_ended(&self) {
        if !self.is_ended() {
            return;
        }

        let transaction = match self.transaction.try_lock() {
            Ok(mut transaction) => transaction.take(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().take(),
            Err(TryLockError::WouldBlock) => None,
        };
        self.close(transaction);
    }

    fn close(&self, transaction: Option<OpenTransaction>) {
        if let Some(transaction) = transaction {
            self.pool.put_back(transaction.connection);
        }
    }

    fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Option<OpenTransaction>> {
        self.transaction
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HeldSnapshot {
    /// Closing a read transaction unlocks a byte of a mapped file; it does not wait for the disk.
    fn drop(&mut self) {
        self.end();
    }
}

/// The error of a reader whose snapshot has ended.
pub(super) fn ended() -> IndexError {
    IndexError::Unavailable(
        "what this request was reading has been erased or closed meanwhile; try again".to_owned(),
    )
}
