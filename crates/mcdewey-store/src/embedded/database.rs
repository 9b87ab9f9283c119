//! An SQLite file: one connection writes, a small pool reads, each read sees one snapshot.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mcdewey_core::IndexError;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::failure::Outcome;

/// Idle connections kept for readers; more are opened when needed and closed behind them.
const IDLE_READERS: usize = 8;
/// How long a connection waits for another one. Only a checkpoint or an operator's own tool can be in the way.
const BUSY: Duration = Duration::from_secs(30);
/// Prepared statements a connection keeps.
const STATEMENTS: usize = 64;

/// What a database must look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema {
    /// What it is called in messages.
    pub(super) name: &'static str,
    /// Grows with every change of the tables.
    pub(super) version: i64,
    /// Makes the tables of an empty file; where there was an older version, repeatable: it makes those that are lacking.
    pub(super) tables: &'static str,
}

/// The readers' side of a database.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// Opens a file, making its tables when it is new; the connection returned with it is the only one that writes.
    pub(super) fn open(path: &Path, schema: Schema) -> Result<(Self, Connection), IndexError> {
        let told = |error: rusqlite::Error| explain(path, schema, &error);
        let mut writer = Connection::open(path).map_err(told)?;
        configure(&writer).map_err(told)?;

        let found: i64 = writer
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(told)?;

        if found > schema.version {
            return Err(IndexError::Unavailable(format!(
                "{} was written by a newer version of this program (schema {found}, this one knows {}); \
                 use that version or another data directory",
                path.display(),
                schema.version
            )));
        }

        if found == 0 {
            create(&mut writer, schema).map_err(told)?;
        } else if found < schema.version {
            // It keeps its version: it is what an older program made, and that program may still read it.
            writer.execute_batch(schema.tables).map_err(told)?;
        }

        Ok((
            Self {
                path: path.to_owned(),
                idle: Mutex::new(Vec::new()),
            },
            writer,
        ))
    }

    /// Reads from one snapshot: what is committed meanwhile is not seen.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Transaction<'_>) -> Outcome<T>) -> Outcome<T> {
        let connection = self.reader()?;
        let answer = {
            let snapshot = connection.unchecked_transaction()?;
            // A transaction begins with its first read, not before.
            snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
                row.get::<_, i64>(0)
            })?;
            look(&snapshot)
        };

        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }

        answer
    }

    fn reader(&self) -> Outcome<Connection> {
        if let Some(connection) = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
        {
            return Ok(connection);
        }

        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);

        Ok(connection)
    }
}

fn configure(writer: &Connection) -> rusqlite::Result<()> {
    writer.busy_timeout(BUSY)?;
    writer.set_prepared_statement_cache_capacity(STATEMENTS);
    writer.pragma_update(None, "journal_mode", "WAL")?;
    // What was reported as committed survives a power cut, not only the death of the process.
    writer.pragma_update(None, "synchronous", "FULL")
}

fn create(writer: &mut Connection, schema: Schema) -> rusqlite::Result<()> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(schema.tables)?;
    transaction.pragma_update(None, "user_version", schema.version)?;
    transaction.commit()
}

/// Whether the disk has no room for a file or its log, or for the memory that connections share: that is a mapped file,
/// and SQLite makes its blocks before it is written to, under an error of its own.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::DiskFull
            || error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
    })
}

/// What to do about a file that does not open.
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
        _ => "check that the directory may be written and that no other program uses it".to_owned(),
    };

    IndexError::Unavailable(format!("cannot open {path}: {error}; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Schema = Schema {
        name: "the test",
        version: 3,
        tables: "CREATE TABLE words (word TEXT)",
    };

    fn count(snapshot: &Transaction<'_>) -> Outcome<i64> {
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
    fn an_older_file_gets_the_tables_it_lacks_and_keeps_its_version() {
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

        let tables = "CREATE TABLE IF NOT EXISTS texts (text TEXT); CREATE TABLE IF NOT EXISTS words (word TEXT)";
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
    fn a_newer_file_is_left_alone() {
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
    fn a_damaged_file_is_named_with_what_to_do() {
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
