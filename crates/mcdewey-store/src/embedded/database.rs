//! An SQLite file: one connection writes, a small pool reads, and each read sees one snapshot.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mcdewey_core::IndexError;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::error::EmbeddedResult;
use super::space;

/// Idle connections kept for readers: as many as searches run at once by default, each with one.
/// More are opened when needed and closed after use, which takes longer than what most read.
const IDLE_READERS: usize = 16;

/// How long a connection waits for a lock. Only a checkpoint or an operator's own tool can hold
/// one.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Prepared statements cached per connection.
const CACHED_STATEMENTS: usize = 64;

/// How much of the file the connection that writes keeps in memory, in KiB. Points and handles are
/// spread over the whole of their indexes; with SQLite's default of 2 MiB, most of them are read
/// again for each.
const WRITER_CACHE_KIB: i64 = 32 * 1024;

/// After so many pages of 4 KiB, the log is copied into the file. With SQLite's default of 1,000,
/// that happens after every group of documents, and pages that each of them changes are copied every
/// time.
const PAGES_PER_CHECKPOINT: i64 = 8_000;

/// Free space that opening a file needs.
///
/// SQLite maps the index of its log (`-shm`) into memory after writing one byte to every page of 4
/// KiB. Where blocks are smaller, such a page is mostly a hole, and the process is killed with SIGBUS
/// if the disk has no block left when the rest is written. The blocks cannot be allocated from here:
/// closing any other handle of that file would release SQLite's locks on it. So the first entry of the
/// index, for which SQLite writes to all of it, is made at once (see [`fill_log_index`]).
const SPACE_TO_OPEN: u64 = 96 * 1024;

/// The expected schema of a database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema {
    /// The name of the database in messages.
    pub(super) name: &'static str,
    /// Incremented with every change of the tables.
    pub(super) version: i64,
    /// Creates the tables. The statements must be repeatable: in a file that exists, they create those
    /// that are missing, because an earlier program did not know them.
    pub(super) tables: &'static str,
}

/// The reading half of a database.
#[derive(Debug)]
pub(super) struct Database {
    readers: Arc<ReadPool>,
}

/// Connections that read.
#[derive(Debug)]
pub(super) struct ReadPool {
    path: PathBuf,
    /// `None` when the pool is closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Database {
    /// Opens a file and creates its tables if it is new. The returned connection is the only one
    /// that writes.
    pub(super) fn open(path: &Path, schema: Schema) -> Result<(Self, Connection), IndexError> {
        let explained = |error: rusqlite::Error| explain(path, schema, &error);
        check_space(path)?;
        let mut writer = Connection::open(path).map_err(explained)?;
        configure(&writer).map_err(explained)?;

        let found: i64 = writer
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(explained)?;

        if found > schema.version {
            return Err(IndexError::Unavailable(format!(
                "{} was written by a newer version of this program (schema {found}, this one \
                 supports {}); use that version or another data directory",
                path.display(),
                schema.version
            )));
        }

        if found == 0 {
            create(&mut writer, schema).map_err(explained)?;
        } else {
            // An older file keeps its version, so that the program that made it can still read it.
            writer.execute_batch(schema.tables).map_err(explained)?;
        }

        if found > 0 {
            fill_log_index(&writer, found).map_err(explained)?;
        }

        Ok((
            Self {
                readers: Arc::new(ReadPool {
                    path: path.to_owned(),
                    idle: Mutex::new(Some(Vec::new())),
                }),
            },
            writer,
        ))
    }

    /// Reads from one snapshot, which does not include what is committed meanwhile.
    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Transaction<'_>) -> EmbeddedResult<T>,
    ) -> EmbeddedResult<T> {
        let connection = self.readers.take()?;
        let result = {
            let snapshot = connection.unchecked_transaction()?;
            read_something(&snapshot)?;
            query(&snapshot)
        };

        self.readers.put_back(connection);
        result
    }

    pub(super) fn readers(&self) -> &Arc<ReadPool> {
        &self.readers
    }
}

impl ReadPool {
    /// Returns an idle connection, or opens one.
    pub(super) fn take(&self) -> EmbeddedResult<Connection> {
        if let Some(connection) = self.idle().as_mut().and_then(Vec::pop) {
            return Ok(connection);
        }

        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);

        Ok(connection)
    }

    /// Ends the transaction of a connection, if it has one, and keeps the connection for the next
    /// reader or closes it.
    pub(super) fn put_back(&self, connection: Connection) {
        if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() {
            return;
        }

        if let Some(idle) = self.idle().as_mut()
            && idle.len() < IDLE_READERS
        {
            idle.push(connection);
        }
    }

    /// Closes the idle connections, and from now on those that are put back.
    pub(super) fn close(&self) {
        drop(self.idle().take());
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads from a transaction that has just begun: SQLite takes its snapshot at the first read.
pub(super) fn read_something(connection: &Connection) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached("SELECT count(*) FROM sqlite_schema")?;
    select.query_row([], |row| row.get::<_, i64>(0))?;
    Ok(())
}

fn configure(writer: &Connection) -> rusqlite::Result<()> {
    writer.busy_timeout(BUSY_TIMEOUT)?;
    writer.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    writer.pragma_update(None, "journal_mode", "WAL")?;
    writer.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    writer.pragma_update(None, "wal_autocheckpoint", PAGES_PER_CHECKPOINT)?;
    // A reported commit must survive a power failure, not only the end of the process.
    writer.pragma_update(None, "synchronous", "FULL")
}

fn create(writer: &mut Connection, schema: Schema) -> rusqlite::Result<()> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(schema.tables)?;
    transaction.pragma_update(None, "user_version", schema.version)?;
    transaction.commit()
}

/// Errs if there is too little space to open a file, even only to read it.
pub(super) fn check_space(path: &Path) -> EmbeddedResult<()> {
    space::check(path.parent().unwrap_or(path), 0, SPACE_TO_OPEN)
}

/// Creates a file with empty tables, without a log of its own.
pub(super) fn create_file(path: &Path, schema: Schema) -> EmbeddedResult<Connection> {
    let mut connection = Connection::open(path)?;
    create(&mut connection, schema)?;
    Ok(connection)
}

/// Copies the log into the file, as far as no reader needs what the file has. Returns whether that is
/// all of it. Without the log, the file is then complete.
pub(super) fn checkpoint(writer: &Connection) -> rusqlite::Result<bool> {
    writer.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        let (busy, logged, copied): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(busy == 0 && logged == copied)
    })
}

/// Reports whether an error means that a file is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

/// Writes the version that is there once more. The commit makes the first entry of the log's index, and
/// its pages get their blocks while there is space for them.
fn fill_log_index(writer: &Connection, version: i64) -> rusqlite::Result<()> {
    writer.pragma_update(None, "user_version", version)
}

/// Reports whether the disk has no space for a file, its log, or the memory shared by connections.
/// The latter is a mapped file whose blocks SQLite allocates in advance, with an error code of its
/// own.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::DiskFull
            || error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
    })
}

/// Adds advice to the error for a file that cannot be opened.
fn explain(path: &Path, schema: Schema, error: &rusqlite::Error) -> IndexError {
    let path = path.display();
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            format!(
                "{} is damaged; move it away or restore it from a snapshot, then ingest again",
                schema.name
            )
        }
        _ if is_full(error) => "the disk is full; free some space".to_owned(),
        _ => "check that the directory is writable and that no other program uses the file"
            .to_owned(),
    };

    IndexError::Unavailable(format!("cannot open {path}: {error}; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Schema = Schema {
        name: "the test",
        version: 3,
        tables: "CREATE TABLE IF NOT EXISTS words (word TEXT)",
    };

    fn count(snapshot: &Transaction<'_>) -> EmbeddedResult<i64> {
        Ok(snapshot.query_row("SELECT count(*) FROM words", [], |row| row.get(0))?)
    }

    #[test]
    fn a_read_sees_one_snapshot() {
        let dir = tempfile::tempdir().unwrap();
        let (database, writer) = Database::open(&dir.path().join("a.sqlite"), SCHEMA).unwrap();
        let before = database.read(|snapshot| {
            writer.execute("INSERT INTO words VALUES ('new')", [])?;
            count(snapshot)
        });

        assert_eq!(before.unwrap(), 0);
        assert_eq!(database.read(count).unwrap(), 1);
    }

    #[test]
    fn readers_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let (database, _writer) = Database::open(&dir.path().join("a.sqlite"), SCHEMA).unwrap();
        assert!(
            database
                .read(|snapshot| Ok(snapshot.execute("DELETE FROM words", [])?))
                .is_err()
        );
    }

    #[test]
    fn an_older_file_gains_missing_tables_and_keeps_its_version() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sqlite");
        let old = Schema {
            version: 2,
            tables: "CREATE TABLE texts (text TEXT)",
            ..SCHEMA
        };

        Database::open(&path, old)
            .unwrap()
            .1
            .execute("INSERT INTO texts VALUES ('kept')", [])
            .unwrap();

        let tables = "CREATE TABLE IF NOT EXISTS texts (text TEXT); \
                      CREATE TABLE IF NOT EXISTS words (word TEXT)";
        for _ in 0..2 {
            let (database, writer) = Database::open(&path, Schema { tables, ..SCHEMA }).unwrap();
            assert_eq!(database.read(count).unwrap(), 0);
            let kept: i64 = writer
                .query_row("SELECT count(*) FROM texts", [], |row| row.get(0))
                .unwrap();

            let version: i64 = writer
                .query_row("PRAGMA user_version", [], |row| row.get(0))
                .unwrap();
            assert_eq!((kept, version), (1, 2));
        }
    }

    #[test]
    fn opening_a_file_writes_to_every_page_of_the_logs_index() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sqlite");
        drop(Database::open(&path, SCHEMA).unwrap());
        let (log, index) = (
            path.with_extension("sqlite-wal"),
            path.with_extension("sqlite-shm"),
        );
        assert!(!log.exists() && !index.exists(), "it was closed");

        let _opened = Database::open(&path, SCHEMA).unwrap();
        assert!(std::fs::metadata(log).unwrap().len() > 0);
        assert!(std::fs::metadata(index).unwrap().len() >= 32 * 1024);
    }

    #[test]
    fn a_newer_file_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sqlite");
        drop(
            Database::open(
                &path,
                Schema {
                    version: 4,
                    ..SCHEMA
                },
            )
            .unwrap(),
        );

        let error = Database::open(&path, SCHEMA).unwrap_err();
        assert!(error.to_string().contains("newer version"), "{error}");
    }

    #[test]
    fn the_error_for_a_damaged_file_names_it_and_gives_advice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sqlite");
        std::fs::write(
            &path,
            "no database at all, though long enough to be taken for one".repeat(50),
        )
        .unwrap();

        let error = Database::open(&path, SCHEMA).unwrap_err();
        assert!(matches!(error, IndexError::Unavailable(_)), "{error}");
        assert!(
            error.to_string().contains("a.sqlite") && error.to_string().contains("ingest again"),
            "{error}"
        );
    }
}
