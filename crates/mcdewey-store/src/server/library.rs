//! The library on the server as a process reads it: a mirror of its catalogue, brought forward when the library's
//! revision grew, and reads that hold only when nothing changed under them.
//!
//! A document's points stay until the library's revision says that they are replaced. So a read that finds the revision
//! unchanged at its end saw every document whole; otherwise it is repeated.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mcdewey_core::{Generation, IndexError};
use qdrant_client::qdrant::{Condition, Filter, Range};
use tokio::sync::{Mutex, OwnedRwLockReadGuard, RwLock};

use super::catalogue_replica::CatalogueReplica;
use super::collection::Collection;
use super::point::{self, CATALOGUED, Change, LibraryState, REVISION};
use super::schema::{Names, ReplicationConfig};
use super::server_error::ServerError;
use crate::bm25::Bm25;

/// How often a read is repeated when other processes change the library under it again and again, before whoever asks
/// is told to come back.
const REPETITIONS: u32 = 20;

/// What readers and the writer share.
pub(super) struct Library {
    pub(super) generation: Generation,
    pub(super) dimensions: usize,
    pub(super) bm25: Bm25,
    pub(super) names: Names,
    pub(super) replication: ReplicationConfig,
    pub(super) points: Collection,
    pub(super) vectors: Collection,
    /// Held for reading during a read, so that points it knows as live are not taken out by this process meanwhile.
    mirror: Arc<RwLock<CatalogueReplica>>,
    refreshing: Mutex<()>,
    /// The highest revision this process has made visible or is about to.
    own: AtomicU64,
}

/// The mirror, held for reading.
pub(super) type View = Arc<OwnedRwLockReadGuard<CatalogueReplica>>;

impl Library {
    pub(super) fn new(
        generation: Generation,
        dimensions: usize,
        (names, replication): (Names, ReplicationConfig),
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
            mirror: Arc::default(),
            refreshing: Mutex::default(),
            own: AtomicU64::new(0),
        }
    }

    /// What callers are told of a refusal.
    pub(super) fn to_index_error(&self, refusal: ServerError) -> IndexError {
        refusal.to_index_error(self.points.server.url())
    }

    /// The library's own point; a library that nobody has written to yet is empty.
    pub(super) async fn state(&self) -> Result<LibraryState, ServerError> {
        let found = match self.points.get(&[point::library_id()], &[], false).await {
            Err(ServerError::Missing) => Vec::new(),
            found => found?,
        };

        let state = found
            .into_iter()
            .next()
            .map(|found| point::library_state(found.payload))
            .transpose()?;

        Ok(state.unwrap_or_default())
    }

    /// The mirror as it is.
    pub(super) async fn view(&self) -> View {
        Arc::new(Arc::clone(&self.mirror).read_owned().await)
    }

    /// The mirror, brought forward first.
    pub(super) async fn current(&self) -> Result<View, ServerError> {
        self.refresh().await?;
        Ok(self.view().await)
    }

    /// Changes the mirror once no read of this process holds it.
    pub(super) async fn change(&self, change: impl FnOnce(&mut CatalogueReplica)) {
        change(&mut *self.mirror.write().await);
    }

    /// Says that this process is about to make a revision visible.
    pub(super) fn claim(&self, revision: u64) {
        self.own.fetch_max(revision, Ordering::SeqCst);
    }

    /// Takes claims back that came to nothing.
    pub(super) async fn disclaim(&self) {
        self.own
            .store(self.mirror.read().await.revision, Ordering::SeqCst);
    }

    /// Reads from a mirror that nothing outran meanwhile.
    pub(super) async fn steady<T, F>(&self, look: impl Fn(View) -> F) -> Result<T, ServerError>
    where
        F: Future<Output = Result<T, ServerError>>,
    {
        let mut repetitions = 0;
        loop {
            let view = self.view().await;
            let known = view.revision;
            let looked = look(Arc::clone(&view)).await;

            // What this process itself made visible meanwhile took nothing away: its sweeps wait for this view.
            let now = self.state().await?.library_revision;
            let outrun = now < known || now > known.max(self.own.load(Ordering::SeqCst));
            drop(view);

            if !outrun {
                return looked;
            }

            if repetitions == REPETITIONS {
                return Err(ServerError::Away(
                    "other processes changed the library while it was asked".to_owned(),
                ));
            }

            repetitions += 1;
            self.refresh().await?;
        }
    }

    /// Brings the mirror forward to what the library is now.
    pub(super) async fn refresh(&self) -> Result<(), ServerError> {
        let known = self.mirror.read().await.revision;
        if self.state().await?.library_revision == known {
            return Ok(());
        }
        self.catch_up().await
    }

    /// Reads all that changed since the mirror's revision, what is not visible yet included.
    pub(super) async fn catch_up(&self) -> Result<(), ServerError> {
        let _one_at_a_time = self.refreshing.lock().await;
        let known = self.mirror.read().await.revision;

        let state = self.state().await?;
        if state.library_revision < known || state.purged > known {
            return self.reload(known).await;
        }

        let changes = self.changes_since(known).await?;

        // Points that stand for removed documents may have gone while the changes were read.
        if self.state().await?.purged > known {
            return self.reload(known).await;
        }

        self.change(|mirror| mirror.advance(changes, state.library_revision))
            .await;
        Ok(())
    }

    /// Reads the whole catalogue anew: another library stands there, or this process was away for too long.
    async fn reload(&self, known: u64) -> Result<(), ServerError> {
        let state = self.state().await?;
        let changes = self.changes_since(0).await?;
        let mut fresh = CatalogueReplica::default();
        fresh.advance(changes, state.library_revision);

        self.change(|mirror| {
            // What this process itself has written meanwhile is newer than what was read.
            if mirror.revision == known || mirror.revision <= fresh.revision {
                self.own.store(fresh.revision, Ordering::SeqCst);
                *mirror = fresh;
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
        let found = match self.points.scroll(&filter, &CATALOGUED).await {
            Err(ServerError::Missing) => Vec::new(),
            found => found?,
        };

        Ok(found
            .into_iter()
            .map(|found| point::change(found.payload))
            .collect::<Result<_, _>>()?)
    }
}
