//! Checks a catalogue document by document.

use std::collections::BTreeMap;

use mcdewey_core::{ContentHash, RootName, SourcePath};
use rusqlite::{Connection, OptionalExtension};

use super::document_sum::document_sum;
use super::ledger::{LedgerContents, LedgerDocument};
use super::reason;
use crate::embedded::catalogue::{READABLE_FROM, SCHEMA};
use crate::embedded::error::{EmbeddedError, EmbeddedResult};
use crate::terms;

/// Returns what is wrong with a catalogue, worded for an operator, or `None`.
pub(in crate::embedded) fn check(
    connection: &Connection,
    ledger: &LedgerContents,
) -> Option<String> {
    find_damage(connection, ledger).unwrap_or_else(|error| Some(error.to_string()))
}

fn find_damage(connection: &Connection, ledger: &LedgerContents) -> EmbeddedResult<Option<String>> {
    let schema: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if !(READABLE_FROM..=SCHEMA).contains(&schema) {
        return Ok(Some(format!("its tables have version {schema}")));
    }

    let structure: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if structure != "ok" {
        return Ok(Some(structure));
    }

    if !has_checksums(connection)? {
        // Only a program that knows no ledger makes a catalogue without checksums.
        let damage = ledger.is_known.then_some("its checksums are missing");
        return Ok(damage.map(str::to_owned));
    }

    let (damaged, whole) = documents(connection)?;
    if let Some(source) = damaged.first() {
        return Ok(Some(format!("{source}: {}", reason::DAMAGED)));
    }

    let missing = missing_documents(connection, ledger, &whole)?;
    if let Some((document, reason)) = missing.first() {
        return Ok(Some(format!("{}: {reason}", document.source)));
    }

    let findings = [
        (totals_differ(connection)?, "the number of documents"),
        (
            terms_differ(connection)?,
            "the number of passages of each word",
        ),
        (vectors_differ(connection)?, "which documents have vectors"),
        (
            descriptions_differ(connection, ledger)?,
            "the library's description",
        ),
    ];
    Ok(findings
        .into_iter()
        .find(|(differs, _)| *differs)
        .map(|(_, what)| format!("{what} is not what was written")))
}

/// Whether the tables of checksums exist: an earlier program did not know them.
fn has_checksums(connection: &Connection) -> EmbeddedResult<bool> {
    let sql = "SELECT count(*) = 3 FROM sqlite_schema WHERE type = 'table' \
               AND name IN ('checksums', 'description_checksums', 'damaged_documents')";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// The documents whose rows do not fit their checksums, and the checksums of the others.
fn documents(
    connection: &Connection,
) -> EmbeddedResult<(Vec<String>, BTreeMap<SourcePath, ContentHash>)> {
    let (mut damaged, mut whole) = (Vec::new(), BTreeMap::new());
    let sql = "SELECT id, source, checksums.sum FROM documents \
               LEFT JOIN checksums ON checksums.document = documents.id";
    let mut select = connection.prepare(sql)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
        let stored = row
            .get::<_, Option<[u8; 32]>>(2)?
            .map(ContentHash::from_bytes);
        let sum = document_sum(connection, id)?;
        match name.parse() {
            Ok(source) if stored.is_none_or(|stored| stored == sum) => {
                whole.insert(source, sum);
            }
            _ => damaged.push(name),
        }
    }

    Ok((damaged, whole))
}

/// The documents of the ledger that a catalogue with these documents lacks, or has another revision of,
/// each with the reason. If the catalogue has a later revision than the ledger knows, it is right.
fn missing_documents<'l>(
    connection: &Connection,
    ledger: &'l LedgerContents,
    whole: &BTreeMap<SourcePath, ContentHash>,
) -> EmbeddedResult<Vec<(&'l LedgerDocument, &'static str)>> {
    if is_later(connection, ledger)? {
        return Ok(Vec::new());
    }

    let missing =
        ledger
            .documents
            .values()
            .filter_map(|document| match whole.get(&document.source) {
                Some(sum) if *sum == document.sum => None,
                Some(_) => Some((document, reason::OUTDATED)),
                None => Some((document, reason::LOST)),
            });
    Ok(missing.collect())
}

/// Whether the totals of the library are not the sums of its documents.
fn totals_differ(connection: &Connection) -> EmbeddedResult<bool> {
    let sql = "SELECT (SELECT documents || ' ' || pages || ' ' || chunks FROM library) IS NOT \
               (SELECT count(*) || ' ' || coalesce(sum(pages), 0) || ' ' || \
                       coalesce(sum(chunks), 0) FROM documents)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// In how many passages each token occurs, according to the documents.
pub(in crate::embedded) fn counted_terms(
    connection: &Connection,
) -> EmbeddedResult<BTreeMap<u32, i64>> {
    let mut counts: BTreeMap<u32, i64> = BTreeMap::new();
    let mut select = connection.prepare("SELECT terms FROM documents")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        for (token, passages) in terms::from_bytes(&bytes) {
            *counts.entry(token).or_default() += i64::from(passages);
        }
    }

    Ok(counts)
}

fn terms_differ(connection: &Connection) -> EmbeddedResult<bool> {
    let mut stored = BTreeMap::new();
    let mut select = connection.prepare("SELECT token, passages FROM terms")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        stored.insert(row.get::<_, u32>(0)?, row.get::<_, i64>(1)?);
    }

    Ok(stored != counted_terms(connection)?)
}

/// Whether a document that lacks vectors is listed with another number of chunks than it has.
fn vectors_differ(connection: &Connection) -> EmbeddedResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM unpublished_vectors AS missing \
               LEFT JOIN documents ON documents.id = missing.document \
               WHERE documents.chunks IS NOT missing.chunks OR missing.embedded NOT IN (0, 1))";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// Whether a description does not fit its checksum, or is not the last that was written.
fn descriptions_differ(connection: &Connection, ledger: &LedgerContents) -> EmbeddedResult<bool> {
    let mut expected = ledger.descriptions.clone();
    let mut select = connection.prepare("SELECT root, description FROM descriptions")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (root, description): (String, String) = (row.get(0)?, row.get(1)?);
        let stored = description_sum(connection, &root)?;
        let is_known = root.parse::<RootName>().is_ok();
        let fits = stored.is_none_or(|stored| stored == ContentHash::of(&description));
        let is_last = expected
            .remove(&root)
            .is_none_or(|expected| expected == description);
        if !is_known || !fits || (!is_last && !is_later(connection, ledger)?) {
            return Ok(true);
        }
    }

    Ok(!expected.is_empty() && !is_later(connection, ledger)?)
}

/// Whether a catalogue has a later revision than the ledger knows, because the program ended between
/// the two.
fn is_later(connection: &Connection, ledger: &LedgerContents) -> EmbeddedResult<bool> {
    let revision: i64 =
        connection.query_row("SELECT revision FROM library", [], |row| row.get(0))?;
    Ok(revision.cast_unsigned() > ledger.revision)
}

/// The checksum of a root's description; `None` if an earlier program wrote it.
pub(super) fn description_sum(
    connection: &Connection,
    root: &str,
) -> EmbeddedResult<Option<ContentHash>> {
    let sql = "SELECT sum FROM description_checksums WHERE root = ?1";
    let sum: Option<[u8; 32]> = connection
        .query_row(sql, [root], |row| row.get(0))
        .optional()?;
    Ok(sum.map(ContentHash::from_bytes))
}

/// Computes the checksums of the documents that an earlier program committed without one.
pub(in crate::embedded) fn missing_sums(
    connection: &Connection,
) -> EmbeddedResult<Vec<(i64, ContentHash)>> {
    let sql = "SELECT id FROM documents WHERE id NOT IN (SELECT document FROM checksums)";
    let mut select = connection.prepare(sql)?;
    let ids = select.query_map([], |row| row.get(0))?;
    ids.map(|id| {
        let id = id.map_err(EmbeddedError::from)?;
        Ok((id, document_sum(connection, id)?))
    })
    .collect()
}
