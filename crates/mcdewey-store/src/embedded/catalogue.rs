//! The catalogue: an SQLite file that is the truth about a generation. A document is in it whole or not at all; the
//! shard is derived from it.

mod peek;
mod read;
mod write;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use mcdewey_core::{DocumentMeta, IndexError};
use rusqlite::{Connection, Transaction};

use super::database::{Database, Schema};
use super::failure::Outcome;

pub(super) use peek::{Peek, peek};
pub(super) use read::{LivePoint, Snapshot};
pub(super) use write::CatalogueWriter;

/// The version of the tables; part of a generation's fingerprint.
pub(super) const SCHEMA: i64 = 4;

/// The oldest version that questions can be answered from, once the tables it lacks are there, empty. Raise it to
/// [`SCHEMA`] when a change of the tables is more than a further table or index.
pub(super) const READABLE_FROM: i64 = 3;

/// Documents whose metadata is kept parsed; beyond this many the cache starts anew.
const CACHED_DOCUMENTS: usize = 20_000;

/// `points` holds what a candidate needs, apart from the texts, so that hundreds of them are looked up at once.
/// `documents.id` is never used again, so whatever is remembered by it stays true. A file of an older version gets the
/// tables that it lacks, empty, when it is opened: every statement must be one that can be repeated.
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

    CREATE TABLE IF NOT EXISTS terms (token INTEGER PRIMARY KEY, passages INTEGER NOT NULL) STRICT;

    CREATE TABLE IF NOT EXISTS descriptions (root TEXT PRIMARY KEY, description TEXT NOT NULL) STRICT;
";

const TABLES_OF: Schema = Schema {
    name: "the catalogue",
    version: SCHEMA,
    tables: TABLES,
};

/// The readers' side of the catalogue.
#[derive(Debug)]
pub(super) struct Catalogue {
    database: Database,
    documents: Mutex<HashMap<i64, Arc<DocumentMeta>>>,
}

impl Catalogue {
    pub(super) fn open(path: &Path) -> Result<(Self, CatalogueWriter), IndexError> {
        let (database, connection): (Database, Connection) = Database::open(path, TABLES_OF)?;
        Ok((
            Self {
                database,
                documents: Mutex::default(),
            },
            CatalogueWriter::new(connection),
        ))
    }

    /// Reads from one snapshot.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Snapshot<'_>) -> Outcome<T>) -> Outcome<T> {
        self.database
            .read(|transaction: &Transaction<'_>| look(&Snapshot::new(transaction, self)))
    }

    /// Lets go of all metadata that is kept parsed.
    pub(super) fn forget(&self) {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// A document's metadata, parsed once.
    fn remembered(
        &self,
        document: i64,
        read: impl FnOnce() -> Outcome<DocumentMeta>,
    ) -> Outcome<Arc<DocumentMeta>> {
        if let Some(meta) = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&document)
        {
            return Ok(Arc::clone(meta));
        }

        let meta = Arc::new(read()?);
        let mut documents = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);

        if documents.len() >= CACHED_DOCUMENTS {
            documents.clear();
        }

        documents.insert(document, Arc::clone(&meta));
        Ok(meta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_made_again_over_what_they_hold() {
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
