//! The state that readers and the writer of one process share: the replica of the catalogue, which
//! is updated when the library's revision has grown, and reads that are repeated when another
//! process changed the library meanwhile.
//!
//! A document's points stay until the library's revision shows that they were replaced. So a read
//! that finds the revision unchanged at its end has seen every document as a whole.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mcdewey_core::{Generation, IndexError};
use qdrant_client::qdrant::{Condition, Filter, Range};
use tokio::sync::{Mutex, OwnedRwLockReadGuard, RwLock};

use super::catalogue_replica::CatalogueReplica;
use super::collection::Collection;
use super::point::{self, CATALOGUE_FIELDS, Change, LibraryState, REVISION};
use super::schema::{CollectionNames, ReplicationConfig};
use super::server_error::ServerError;
use crate::bm25::Bm25;

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
    /// Locked for reading during a read, so that this process does not delete points that the read
    /// considers live.
    replica: Arc<RwLock<CatalogueReplica>>,
    refresh_lock: Mutex<()>,
    /// The highest revision that this process has made visible or is about to.
    own_revision: AtomicU64,
}

/// The replica, locked for reading.
pub(super) type ReplicaGuard = Arc<OwnedRwLockReadGuard<CatalogueReplica>>;

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
            replica: Arc::default(),
            refresh_lock: Mutex::default(),
            own_revision: AtomicU64::new(0),
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

    /// Returns the replica as it is.
    pub(super) async fn replica(&self) -> ReplicaGuard {
        Arc::new(Arc::clone(&self.replica).read_owned().await)
    }

    /// Refreshes the replica and returns it.
    pub(super) async fn current_replica(&self) -> Result<ReplicaGuard, ServerError> {
        self.refresh().await?;
        Ok(self.replica().await)
    }

    /// Changes the replica once no read of this process has it locked.
    pub(super) async fn update_replica(&self, update: impl FnOnce(&mut CatalogueReplica)) {
        update(&mut *self.replica.write().await);
    }

    /// Records that this process is about to make a revision visible.
    pub(super) fn expect_revision(&self, revision: u64) {
        self.own_revision.fetch_max(revision, Ordering::SeqCst);
    }

    /// Forgets expected revisions that did not become visible.
    pub(super) async fn reset_expected_revision(&self) {
        self.own_revision
            .store(self.replica.read().await.revision, Ordering::SeqCst);
    }

    /// Runs `read` until no other process changed the library while it ran.
    pub(super) async fn consistent_read<T, F>(
        &self,
        read: impl Fn(ReplicaGuard) -> F,
    ) -> Result<T, ServerError>
    where
        F: Future<Output = Result<T, ServerError>>,
    {
        let mut repetitions = 0;
        loop {
            let replica = self.replica().await;
            let before = replica.revision;
            let result = read(Arc::clone(&replica)).await;

            // Revisions that this process itself made visible meanwhile removed no points yet: its
            // deletions wait until this replica is unlocked.
            let after = self.state().await?.library_revision;
            let own_revision = self.own_revision.load(Ordering::SeqCst);
            let changed = after < before || after > before.max(own_revision);
            drop(replica);

            if !changed {
                return result;
            }

            if repetitions == MAX_REPEATED_READS {
                return Err(ServerError::Unavailable(
                    "other processes kept changing the library during the request; try again"
                        .to_owned(),
                ));
            }

            repetitions += 1;
            self.refresh().await?;
        }
    }

    /// Updates the replica if the library's revision has changed.
    pub(super) async fn refresh(&self) -> Result<(), ServerError> {
        let known_revision = self.replica.read().await.revision;
        if self.state().await?.library_revision == known_revision {
            return Ok(());
        }
        self.catch_up().await
    }

    /// Reads all changes since the replica's revision, including those that are not visible yet.
    pub(super) async fn catch_up(&self) -> Result<(), ServerError> {
        let _one_at_a_time = self.refresh_lock.lock().await;
        let known_revision = self.replica.read().await.revision;

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

        self.update_replica(|replica| replica.apply(changes, state.library_revision))
            .await;
        Ok(())
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
                *replica = fresh;
            }
        })
        .await;

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
