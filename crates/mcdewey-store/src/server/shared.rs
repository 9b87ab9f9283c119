//! The state that readers and the writer of one process share: the replica of the catalogue, which
//! is updated when the library's revision has grown, and reads from a pinned replica.
//!
//! A document's points stay until the library's revision shows that they were replaced, and this
//! process deletes points only when none of its readers has pinned a replica in which they are live.
//! So a read that finds at its end that no other process has changed the library has seen every
//! document as a whole, in the pinned revision.

use std::future::Future;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use mcdewey_core::{Generation, IndexError};
use qdrant_client::qdrant::{Condition, Filter, Range};
use tokio::sync::Mutex;

use super::catalogue_replica::CatalogueReplica;
use super::collection::Collection;
use super::kept_documents::KeptDocuments;
use super::point::{self, CATALOGUE_FIELDS, Change, LibraryState, REVISION};
use super::schema::{CollectionNames, ReplicationConfig};
use super::server_error::ServerError;
use crate::bm25::Bm25;
use crate::snapshots::{OpenSnapshot, OpenSnapshots};

/// How often a read is repeated while other processes keep changing the library, before it fails.
const MAX_REPEATED_READS: u32 = 20;

/// What readers and the writer share.
pub(super) struct Shared {
    pub(super) generation: Generation,
    pub(super) dimensions: usize,
    pub(super) bm25: Bm25,
    pub(super) names: CollectionNames,
    pub(super) replication: ReplicationConfig,
    pub(super) points: Collection,
    pub(super) vectors: Collection,
    replica: RwLock<Arc<CatalogueReplica>>,
    /// The pinned replicas.
    pub(super) snapshots: Arc<OpenSnapshots>,
    pub(super) kept_documents: KeptDocuments,
    refresh_lock: Mutex<()>,
    /// The highest revision that this process has made visible or is about to.
    own_revision: AtomicU64,
    /// The highest revision known to be that of another process.
    others_revision: AtomicU64,
}

/// The replica as it was at one moment. While it exists, this process keeps the points that are live
/// in it.
pub(super) struct PinnedReplica {
    replica: Arc<CatalogueReplica>,
    _open: OpenSnapshot,
}

impl Deref for PinnedReplica {
    type Target = CatalogueReplica;

    fn deref(&self) -> &CatalogueReplica {
        &self.replica
    }
}

/// The replica that a reader has pinned.
pub(super) struct Pin {
    replica: RwLock<Arc<PinnedReplica>>,
}

impl Pin {
    pub(super) fn new(replica: Arc<PinnedReplica>) -> Self {
        Self {
            replica: RwLock::new(replica),
        }
    }

    pub(super) fn replica(&self) -> Arc<PinnedReplica> {
        Arc::clone(&self.replica.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the pinned replica by a later one.
    fn advance(&self, replica: Arc<PinnedReplica>) {
        *self.replica.write().unwrap_or_else(PoisonError::into_inner) = replica;
    }
}

/// What a read of a pinned revision found.
pub(super) struct Found<T> {
    value: T,
    /// Whether nothing can be missing. Otherwise another process may have deleted points of the
    /// revision.
    is_complete: bool,
}

impl<T> Found<T> {
    pub(super) fn complete(value: T) -> Self {
        Self {
            value,
            is_complete: true,
        }
    }

    pub(super) fn perhaps_incomplete(value: T) -> Self {
        Self {
            value,
            is_complete: false,
        }
    }

    pub(super) fn value(&self) -> &T {
        &self.value
    }

    /// Replaces the value by one that is complete exactly if this is.
    pub(super) fn map<U>(self, convert: impl FnOnce(T) -> U) -> Found<U> {
        Found {
            value: convert(self.value),
            is_complete: self.is_complete,
        }
    }
}

impl Shared {
    pub(super) fn new(
        generation: Generation,
        dimensions: usize,
        (names, replication): (CollectionNames, ReplicationConfig),
        (points, vectors): (Collection, Collection),
    ) -> Self {
        Self {
            generation,
            dimensions,
            bm25: Bm25::default(),
            names,
            replication,
            points,
            vectors,
            replica: RwLock::default(),
            snapshots: Arc::default(),
            kept_documents: KeptDocuments::default(),
            refresh_lock: Mutex::default(),
            own_revision: AtomicU64::new(0),
            others_revision: AtomicU64::new(0),
        }
    }

    /// Converts an error for callers, adding the URL of the server.
    pub(super) fn to_index_error(&self, error: ServerError) -> IndexError {
        error.into_index_error(self.points.server.url())
    }

    /// Reads the library's own point. A library that was never written to is empty.
    pub(super) async fn state(&self) -> Result<LibraryState, ServerError> {
        let found = match self.points.get(&[point::library_id()], &[], false).await {
            Err(ServerError::NoCollection) => Vec::new(),
            found => found?,
        };

        let state = found
            .into_iter()
            .next()
            .map(|found| point::read_library_state(found.payload))
            .transpose()?;

        Ok(state.unwrap_or_default())
    }

    /// Pins the replica as it is.
    pub(super) fn replica(&self) -> Arc<PinnedReplica> {
        // Registered first, so that the points of whichever replica follows are kept.
        let open = self.snapshots.begin();
        let replica = Arc::clone(&self.replica.read().unwrap_or_else(PoisonError::into_inner));
        Arc::new(PinnedReplica {
            replica,
            _open: open,
        })
    }

    /// Refreshes the replica and returns it.
    pub(super) async fn current_replica(&self) -> Result<Arc<PinnedReplica>, ServerError> {
        self.refresh().await?;
        Ok(self.replica())
    }

    /// Changes the replica. Those that are pinned stay as they are.
    pub(super) fn update_replica(&self, update: impl FnOnce(&mut CatalogueReplica)) {
        let mut replica = self.replica.write().unwrap_or_else(PoisonError::into_inner);
        update(Arc::make_mut(&mut replica));
    }

    fn known_revision(&self) -> u64 {
        self.replica
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .revision
    }

    /// Records that this process is about to make a revision visible.
    pub(super) fn expect_revision(&self, revision: u64) {
        self.own_revision.fetch_max(revision, Ordering::SeqCst);
    }

    /// Forgets expected revisions that did not become visible.
    pub(super) fn reset_expected_revision(&self) {
        self.own_revision
            .store(self.known_revision(), Ordering::SeqCst);
    }

    /// Runs `read` on the pinned replica. If it found points missing that another process may have
    /// deleted, pins the current replica and runs it again.
    pub(super) async fn read_pinned<T, F>(
        &self,
        pin: &Pin,
        read: impl Fn(Arc<PinnedReplica>) -> F,
    ) -> Result<T, ServerError>
    where
        F: Future<Output = Result<Found<T>, ServerError>>,
    {
        let mut repetitions = 0;
        loop {
            let replica = pin.replica();
            let result = read(Arc::clone(&replica)).await;
            if let Ok(Found {
                value,
                is_complete: true,
            }) = result
            {
                return Ok(value);
            }

            if !self.is_changed_by_others(replica.revision).await? {
                return result.map(|found| found.value);
            }

            if repetitions == MAX_REPEATED_READS {
                return Err(ServerError::Unavailable(
                    "other processes kept changing the library during the request; try again"
                        .to_owned(),
                ));
            }

            repetitions += 1;
            self.refresh().await?;
            pin.advance(self.replica());
        }
    }

    /// Reports whether another process has changed the library since a revision. This process keeps
    /// the points that its own changes replaced.
    async fn is_changed_by_others(&self, revision: u64) -> Result<bool, ServerError> {
        let current = self.state().await?.library_revision;
        let own_revision = self.own_revision.load(Ordering::SeqCst);
        let others_revision = self.others_revision.load(Ordering::SeqCst);
        Ok(
            current < revision
                || current > revision.max(own_revision)
                || others_revision > revision,
        )
    }

    /// Updates the replica if the library's revision has changed.
    pub(super) async fn refresh(&self) -> Result<(), ServerError> {
        let known_revision = self.known_revision();
        if self.state().await?.library_revision == known_revision {
            return Ok(());
        }
        self.catch_up().await
    }

    /// Reads all changes since the replica's revision, including those that are not visible yet.
    pub(super) async fn catch_up(&self) -> Result<(), ServerError> {
        let _one_at_a_time = self.refresh_lock.lock().await;
        let known_revision = self.known_revision();

        let state = self.state().await?;
        if state.library_revision < known_revision || state.purged > known_revision {
            return self.reload(known_revision).await;
        }

        let changes = self.changes_since(known_revision).await?;

        // Points that represent removed documents may have been deleted while the changes were
        // read.
        if self.state().await?.purged > known_revision {
            return self.reload(known_revision).await;
        }

        self.note_others(state.library_revision);
        self.update_replica(|replica| replica.apply(changes, state.library_revision));
        Ok(())
    }

    /// Records the library's revision if another process made it.
    fn note_others(&self, revision: u64) {
        if revision > self.own_revision.load(Ordering::SeqCst) {
            self.others_revision.fetch_max(revision, Ordering::SeqCst);
        }
    }

    /// Reads the whole catalogue again, because the library was replaced by another one or this
    /// process has missed removals.
    async fn reload(&self, known_revision: u64) -> Result<(), ServerError> {
        let state = self.state().await?;
        let changes = self.changes_since(0).await?;
        let mut fresh = CatalogueReplica::default();
        fresh.apply(changes, state.library_revision);

        self.update_replica(|replica| {
            // What this process itself has written meanwhile is newer than what was read.
            if replica.revision == known_revision || replica.revision <= fresh.revision {
                self.own_revision.store(fresh.revision, Ordering::SeqCst);
                self.others_revision.store(fresh.revision, Ordering::SeqCst);
                *replica = fresh;
            }
        });

        Ok(())
    }

    async fn changes_since(&self, revision: u64) -> Result<Vec<Change>, ServerError> {
        let later = Range {
            gt: Some(revision as f64),
            ..Range::default()
        };
        let filter = Filter::must([Condition::range(REVISION, later)]);
        let found = match self.points.scroll(&filter, &CATALOGUE_FIELDS).await {
            Err(ServerError::NoCollection) => Vec::new(),
            found => found?,
        };

        Ok(found
            .into_iter()
            .map(|found| point::read_change(found.payload))
            .collect::<Result<_, _>>()?)
    }
}
