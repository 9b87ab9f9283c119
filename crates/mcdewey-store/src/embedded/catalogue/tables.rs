//! The tables of the catalogue.

use crate::embedded::database::Schema;

/// The version of the tables; part of a generation's fingerprint.
pub(in crate::embedded) const SCHEMA: i64 = 5;

/// The oldest version of the tables that questions can be answered from, once its missing tables
/// have been created, empty. Raise it to [`SCHEMA`] when a change does more than add a table or an
/// index.
pub(in crate::embedded) const READABLE_FROM: i64 = 3;

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

pub(super) const DATABASE: Schema = Schema {
    name: "the catalogue",
    version: SCHEMA,
    tables: TABLES,
};

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

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
