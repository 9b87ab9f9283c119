//! The catalogue: an SQLite file that is the source of truth for a generation. A document is in it
//! as a whole or not at all; the shard is derived from it.

mod file_stamps;
mod integrity;
mod locations;
mod missing_vectors;
mod read;
mod summary;
mod tables;
mod write;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcdewey_core::{IndexError, Revision};
use rusqlite::Connection;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::database::Database;
use super::error::{EmbeddedError, EmbeddedResult};
use super::held_snapshot::{HeldSnapshot, HeldSnapshots};
use super::integrity::Ledger;
use locations::Locations;
use tables::DATABASE;

pub(super) use integrity::{create, put_damaged, put_description, recount};
pub(super) use missing_vectors::PointsWithoutVectors;
pub(super) use read::{LivePoint, Snapshot};
pub(super) use summary::{CatalogueSummary, summarise};
pub(super) use tables::{READABLE_FROM, SCHEMA};
pub(super) use write::CatalogueWriter;

/// The reading half of the catalogue.
#[derive(Debug)]
pub(super) struct Catalogue {
    database: Database,
    held: HeldSnapshots,
    /// Shared with the writer, which records there what it changes.
    locations: Arc<Locations>,
    /// The languages of the documents, at the revision for which they were asked last.
    languages: Mutex<Option<(Revision, Arc<[String]>)>>,
}

impl Catalogue {
    pub(super) fn open(path: &Path, ledger: Ledger) -> Result<(Self, CatalogueWriter), IndexError> {
        let (database, connection) = Database::open(path, DATABASE)?;
        let documents = document_ids(&connection).map_err(EmbeddedError::from)?;
        let locations = Arc::new(Locations::new(documents));
        Ok((
            Self {
                database,
                held: HeldSnapshots::default(),
                locations: Arc::clone(&locations),
                languages: Mutex::default(),
            },
            CatalogueWriter::new(connection, locations, ledger),
        ))
    }

    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> EmbeddedResult<T>,
    ) -> EmbeddedResult<T> {
        self.database
            .read(|transaction| query(&Snapshot::new(transaction, self)))
    }

    /// Takes a snapshot for several reads.
    pub(super) fn hold(&self, permit: OwnedSemaphorePermit) -> EmbeddedResult<Arc<HeldSnapshot>> {
        self.held.take(self.database.readers(), permit)
    }

    /// Reads from a snapshot.
    pub(super) fn read_held<T>(
        &self,
        snapshot: &HeldSnapshot,
        query: impl FnOnce(&Snapshot<'_>) -> EmbeddedResult<T>,
    ) -> EmbeddedResult<T> {
        snapshot.read(|connection| query(&Snapshot::new(connection, self)))
    }

    /// The snapshots that readers hold.
    pub(super) fn held(&self) -> &HeldSnapshots {
        &self.held
    }

    /// Ends all snapshots and closes the connections that read.
    pub(super) fn close(&self) {
        self.held.close();
        self.database.readers().close();
    }

    /// Clears what is kept in memory of documents and points. No snapshot may be open that is older
    /// than the latest revision.
    pub(super) fn clear_cache(&self) {
        self.locations.clear();
    }

    /// Forgets points that are in no snapshot any more.
    pub(super) fn forget_points(&self, points: &[Uuid]) {
        self.locations.forget_points(points);
    }

    /// Forgets the documents that were removed or replaced. No snapshot may be open that is older
    /// than the latest revision.
    pub(super) fn forget_removed_documents(&self) {
        self.locations.forget_removed();
    }

    fn languages(&self) -> MutexGuard<'_, Option<(Revision, Arc<[String]>)>> {
        self.languages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn document_ids(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare("SELECT id FROM documents")?
        .query_map([], |row| row.get(0))?
        .collect()
}
