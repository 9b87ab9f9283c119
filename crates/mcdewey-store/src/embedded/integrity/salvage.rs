//! Makes a new catalogue of the documents that are whole in a damaged one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mcdewey_core::{ContentHash, SourcePath};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction};

use super::check::{counted_terms, description_sum};
use super::document_sum::document_sum;
use super::ledger::{LedgerContents, LedgerDocument};
use super::reason;
use crate::embedded::catalogue;
use crate::embedded::error::EmbeddedResult;
use crate::embedded::layout::Layout;
use crate::embedded::replace_file::{put_in_place, remove_with_log};
use crate::embedded::space;

/// The tables with rows of a document, each with the column that has its number.
const TABLES: [(&str, &str); 5] = [
    ("documents", "id"),
    ("pages", "document"),
    ("passages", "document"),
    ("points", "document"),
    ("attachments", "document"),
];

/// The most names of lost documents that are logged.
const LOGGED: usize = 20;

/// Replaces a damaged catalogue. The shard is built anew from the new one, and the damaged one is kept
/// aside.
pub(in crate::embedded) fn salvage(
    layout: &Layout,
    ledger: &LedgerContents,
    damage: &str,
) -> EmbeddedResult<()> {
    let (path, aside, new) = (
        layout.catalogue(),
        layout.damaged_catalogue(),
        layout.new_catalogue(),
    );
    tracing::warn!(
        damage,
        aside = %aside.display(),
        "the catalogue is damaged; keeping the documents that are whole"
    );

    remove_with_log(&new)?;
    let bytes = fs::metadata(&path).map_or(0, |file| file.len());
    space::check(layout.data_dir(), 0, bytes)?;
    let mut target = catalogue::create(&new)?;
    let lost = copy_whole_documents(&path, &mut target, ledger)?;
    target.close().map_err(|(_, error)| error)?;
    put_in_place(&new, &path, &aside)?;

    for (source, reason) in lost.iter().take(LOGGED) {
        tracing::warn!(%source, reason, "a document is left out until it is read again");
    }
    if lost.len() > LOGGED {
        tracing::warn!(
            documents = lost.len(),
            "documents are left out until they are read again; `mcdewey doctor` lists them"
        );
    }

    Ok(())
}

/// Copies what can be read and fits its checksum. Returns the documents that were lost.
fn copy_whole_documents(
    damaged: &Path,
    target: &mut Connection,
    ledger: &LedgerContents,
) -> EmbeddedResult<Vec<(SourcePath, &'static str)>> {
    let source = open_damaged(damaged);
    let revision = source.as_ref().and_then(revision_of).unwrap_or_default();
    let transaction = target.transaction()?;
    let mut whole: BTreeMap<SourcePath, ContentHash> = BTreeMap::new();
    let mut lost: BTreeMap<SourcePath, (LedgerDocument, &'static str)> = BTreeMap::new();
    let is_current = revision > ledger.revision;

    if let Some(source) = &source {
        for id in document_ids(source) {
            match whole_document(source, id) {
                Some((name, sum)) => {
                    let expected = ledger.documents.get(&name);
                    let is_latest = is_current
                        || !ledger.is_known
                        || expected.is_some_and(|expected| expected.sum == sum);
                    if is_latest && copy_document(source, &transaction, id, &sum).is_ok() {
                        whole.insert(name, sum);
                    } else if let Some(expected) = expected {
                        lost.insert(name, (expected.clone(), reason::OUTDATED));
                    }
                }
                None => {
                    if let Some(document) = identify(source, id) {
                        lost.insert(document.source.clone(), (document, reason::DAMAGED));
                    }
                }
            }
        }

        lost.extend(already_lost(source));
        copy_descriptions(source, &transaction);
    }
    if !is_current {
        for (root, description) in &ledger.descriptions {
            catalogue::put_description(&transaction, root, description)?;
        }
    }

    for document in ledger.documents.values() {
        let (name, entry) = (document.source.clone(), (document.clone(), reason::LOST));
        lost.entry(name).or_insert(entry);
    }
    lost.retain(|name, _| !whole.contains_key(name));

    finish(&transaction, revision.max(ledger.revision) + 1, &lost)?;
    transaction.commit()?;
    Ok(lost
        .into_iter()
        .map(|(name, (_, reason))| (name, reason))
        .collect())
}

fn open_damaged(path: &Path) -> Option<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    // Errs if not even the list of tables can be read.
    connection
        .execute_batch("SELECT count(*) FROM sqlite_schema")
        .ok()?;
    Some(connection)
}

fn revision_of(connection: &Connection) -> Option<u64> {
    let sql = "SELECT revision FROM library";
    let revision: i64 = connection.query_row(sql, [], |row| row.get(0)).ok()?;
    // Nothing raises it so far.
    u32::try_from(revision).ok().map(u64::from)
}

/// The numbers of all documents that can be found in some way.
fn document_ids(connection: &Connection) -> Vec<i64> {
    let mut ids = Vec::new();
    for sql in [
        "SELECT id FROM documents NOT INDEXED ORDER BY id",
        "SELECT id FROM documents NOT INDEXED ORDER BY id DESC",
        "SELECT id FROM documents INDEXED BY documents_by_root ORDER BY root",
        "SELECT document FROM checksums",
        "SELECT document FROM pages GROUP BY document",
    ] {
        let Ok(mut select) = connection.prepare(sql) else {
            continue;
        };
        let Ok(rows) = select.query_map([], |row| row.get::<_, i64>(0)) else {
            continue;
        };
        ids.extend(rows.map_while(Result::ok));
    }

    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The source and checksum of a document whose rows fit its checksum.
fn whole_document(connection: &Connection, id: i64) -> Option<(SourcePath, ContentHash)> {
    let sql = "SELECT source FROM documents WHERE id = ?1";
    let name: String = connection.query_row(sql, [id], |row| row.get(0)).ok()?;
    let name = name.parse().ok()?;
    let sum = document_sum(connection, id).ok()?;
    let sql = "SELECT sum FROM checksums WHERE document = ?1";
    let stored: Option<[u8; 32]> = connection
        .query_row(sql, [id], |row| row.get(0))
        .optional()
        .ok()?;

    (stored.map(ContentHash::from_bytes) == Some(sum)).then_some((name, sum))
}

/// What the row of a damaged document says it is.
fn identify(connection: &Connection, id: i64) -> Option<LedgerDocument> {
    let sql = "SELECT source, root, folder FROM documents WHERE id = ?1";
    let (source, root, folder): (String, String, String) = connection
        .query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .ok()?;

    Some(LedgerDocument {
        source: source.parse().ok()?,
        root: root.parse().ok()?,
        folder,
        sum: ContentHash::of(""),
    })
}

/// The documents that were already listed as damaged.
fn already_lost(connection: &Connection) -> Vec<(SourcePath, (LedgerDocument, &'static str))> {
    let sql = "SELECT source, root, folder FROM damaged_documents";
    let Ok(mut select) = connection.prepare(sql) else {
        return Vec::new();
    };
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let rows: Vec<(String, String, String)> = rows
        .map(|rows| rows.map_while(Result::ok).collect())
        .unwrap_or_default();
    rows.into_iter()
        .filter_map(|(source, root, folder)| {
            let document = LedgerDocument {
                source: source.parse().ok()?,
                root: root.parse().ok()?,
                folder,
                sum: ContentHash::of(""),
            };
            Some((document.source.clone(), (document, reason::DAMAGED)))
        })
        .collect()
}

fn copy_document(
    source: &Connection,
    target: &Transaction<'_>,
    id: i64,
    sum: &ContentHash,
) -> EmbeddedResult<()> {
    target.execute_batch("SAVEPOINT document")?;
    let copied = copy_rows(source, target, id).and_then(|()| {
        target
            .prepare_cached("INSERT INTO checksums (document, sum) VALUES (?1, ?2)")?
            .execute((id, sum.as_bytes()))?;
        Ok(())
    });

    target.execute_batch(if copied.is_ok() {
        "RELEASE document"
    } else {
        "ROLLBACK TO document; RELEASE document"
    })?;
    copied
}

fn copy_rows(source: &Connection, target: &Transaction<'_>, id: i64) -> EmbeddedResult<()> {
    for (table, column) in TABLES {
        let sql = format!("SELECT * FROM {table} WHERE {column} = ?1");
        let mut select = source.prepare_cached(&sql)?;
        let names = select.column_names().collect::<Vec<_>>().join(", ");
        let places = vec!["?"; select.column_count()].join(", ");
        let sql = format!("INSERT INTO {table} ({names}) VALUES ({places})");
        let mut insert = target.prepare_cached(&sql)?;

        let columns = select.column_count();
        let mut rows = select.query([id])?;
        while let Some(row) = rows.next()? {
            let values: Vec<Value> = (0..columns)
                .map(|column| row.get(column))
                .collect::<Result<_, _>>()?;
            insert.execute(rusqlite::params_from_iter(values))?;
        }
    }

    Ok(())
}

/// Copies the descriptions that fit their checksums. The ledger has the others.
fn copy_descriptions(source: &Connection, target: &Transaction<'_>) {
    let copy = || -> EmbeddedResult<()> {
        let mut select = source.prepare("SELECT root, description FROM descriptions")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (root, description): (String, String) = (row.get(0)?, row.get(1)?);
            let sum = ContentHash::of(&description);
            if description_sum(source, &root)? == Some(sum) {
                catalogue::put_description(target, &root, &description)?;
            }
        }

        Ok(())
    };
    if let Err(error) = copy() {
        tracing::debug!(%error, "the library's description is not readable");
    }
}

/// Writes what is computed from the documents, and those that were lost.
fn finish(
    transaction: &Transaction<'_>,
    revision: u64,
    lost: &BTreeMap<SourcePath, (LedgerDocument, &'static str)>,
) -> EmbeddedResult<()> {
    catalogue::recount(transaction, &counted_terms(transaction)?)?;
    // Without a shard: it is built from the catalogue, and its vectors decide which documents have
    // them.
    transaction.execute(
        "UPDATE library SET revision = ?1, shard = 0",
        [revision.cast_signed()],
    )?;
    for (document, reason) in lost.values() {
        catalogue::put_damaged(transaction, document, reason)?;
    }

    Ok(())
}
