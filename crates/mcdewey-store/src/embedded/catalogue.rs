//! The catalogue: an SQLite file that is the source of truth for a generation. A document is in it
//! as a whole or not at all; the shard is derived from it.

mod file_stamps;
mod integrity;
mod locations;
mod missing_vectors;
mod read;
mod summary;
mod write;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcdewey_core::{IndexError, Revision};
use rusqlite::Connection;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::database::{Database, Schema};
use super::error::{EmbeddedError, EmbeddedResult};
use super::held_snapshot::{HeldSnapshot, HeldSnapshots};
use super::integrity::Ledger;
use locations::Locations;

pub(super) use integrity::{create, put_damaged, put_description, recount};
pub(super) use missing_vectors::PointsWithoutVectors;
pub(super) use read::{LivePoint, Snapshot};
pub(super) use summary::{CatalogueSummary, summarise};
pub(super) use write::CatalogueWriter;

/// The version of the tables; part of a generation's fingerprint.
pub(super) const SCHEMA: i64 = 5;

/// The oldest version of the tables that questions can be answered from, once its missing tables
/// have been created, empty. Raise it to [`SCHEMA`] when a change does more than add a table or an
/// index.
pub(super) const READABLE_FROM: i64 = 3;

/// `points` holds everything that a candidate needs, separate from the texts, so that looking up
/// hundreds of them is fast. `documents.id` is never reused, so entries cached by it stay valid. A
/// file of an older version gains its missing tables, empty, when it is opened, so every statement
/// must be repeatable.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS library (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        revision INTEGER NOT NULL,
        documents INTEGER NOT NULL,
        pages INTEGER NOT NULL,
        chunks INTEGER NOT NULL,
        shard INTEGER NOT NULL
    ) STRICT;
    INSERT OR IGNORE INTO library VALUES (1, 0, 0, 0, 0, 0);

    CREATE TABLE IF NOT EXISTS documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL UNIQUE,
        prefix TEXT NOT NULL UNIQUE,
        root TEXT NOT NULL,
        folder TEXT NOT NULL,
        input BLOB NOT NULL,
        hash BLOB NOT NULL,
        lang TEXT,
        pages INTEGER NOT NULL,
        chunks INTEGER NOT NULL,
        committed_at INTEGER NOT NULL,
        meta TEXT NOT NULL,
        outline TEXT NOT NULL,
        terms BLOB NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS documents_by_root ON documents (root);
    CREATE INDEX IF NOT EXISTS documents_by_lang ON documents (lang);

    CREATE TABLE IF NOT EXISTS pages (
        document INTEGER NOT NULL,
        place INTEGER NOT NULL,
        number INTEGER NOT NULL,
        page TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (document, place)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS pages_by_number ON pages (document, number);

    CREATE TABLE IF NOT EXISTS passages (
        document INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        page INTEGER NOT NULL,
        handle TEXT NOT NULL,
        place TEXT NOT NULL,
        text_hash BLOB NOT NULL,
        passage_hash BLOB NOT NULL,
        embedding_key BLOB NOT NULL,
        context TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (document, ordinal)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS passages_by_handle ON passages (handle);

    CREATE TABLE IF NOT EXISTS points (
        point BLOB PRIMARY KEY,
        document INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        page INTEGER NOT NULL,
        passage_hash BLOB NOT NULL,
        likeness TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS points_by_document ON points (document);

    CREATE TABLE IF NOT EXISTS attachments (
        document INTEGER NOT NULL,
        role TEXT NOT NULL,
        name TEXT NOT NULL,
        attachment TEXT NOT NULL,
        content BLOB NOT NULL,
        PRIMARY KEY (document, role, name)
    ) STRICT;

    CREATE TABLE IF NOT EXISTS vector_state (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        epoch INTEGER NOT NULL
    ) STRICT;
    INSERT OR IGNORE INTO vector_state VALUES (1, 0);

    CREATE TABLE IF NOT EXISTS unpublished_vectors (
        document INTEGER PRIMARY KEY,
        chunks INTEGER NOT NULL,
        embedded INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE IF NOT EXISTS published_vectors (
        document INTEGER PRIMARY KEY,
        chunks INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE IF NOT EXISTS passages_to_embed (
        embedding_key BLOB PRIMARY KEY,
        tokens INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE IF NOT EXISTS file_stamps (
        document INTEGER PRIMARY KEY,
        input BLOB NOT NULL,
        stamp BLOB NOT NULL,
        images TEXT NOT NULL
    ) STRICT;

    CREATE TABLE IF NOT EXISTS terms (token INTEGER PRIMARY KEY, passages INTEGER NOT NULL) STRICT;

    CREATE TABLE IF NOT EXISTS descriptions (root TEXT PRIMARY KEY, description TEXT NOT NULL) STRICT;

    CREATE TABLE IF NOT EXISTS checksums (document INTEGER PRIMARY KEY, sum BLOB NOT NULL) STRICT;

    CREATE TABLE IF NOT EXISTS description_checksums (root TEXT PRIMARY KEY, sum BLOB NOT NULL) STRICT;

    CREATE TABLE IF NOT EXISTS damaged_documents (
        source TEXT PRIMARY KEY,
        root TEXT NOT NULL,
        folder TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT;
";

const DATABASE: Schema = Schema {
    name: "the catalogue",
    version: SCHEMA,
    tables: TABLES,
};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creating_the_tables_again_keeps_their_contents() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        connection
            .execute("UPDATE library SET revision = 7", [])
            .unwrap();
        connection.execute_batch(TABLES).unwrap();

        let revision: i64 = connection
            .query_row("SELECT revision FROM library", [], |row| row.get(0))
            .unwrap();
        assert_eq!(revision, 7);
    }
}
