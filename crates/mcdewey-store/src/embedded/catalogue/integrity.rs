//! Checksums of documents, and the documents that were found damaged or lost.

use std::collections::BTreeMap;
use std::path::Path;

use mcdewey_core::{ContentHash, DamagedDocument, ManifestEntry, RootName, SourcePath};
use rusqlite::{Connection, Transaction};

use super::read::{Snapshot, hash};
use super::tables::DATABASE;
use super::write::Change;
use crate::embedded::database;
use crate::embedded::error::{EmbeddedError, EmbeddedResult, Suspect};
use crate::embedded::integrity::{self, LedgerDocument};

/// Creates an empty catalogue, which is not in use yet.
pub(in crate::embedded) fn create(path: &Path) -> EmbeddedResult<Connection> {
    database::create_file(path, DATABASE)
}

/// Stores the description of a root.
pub(in crate::embedded) fn put_description(
    connection: &Connection,
    root: &str,
    description: &str,
) -> EmbeddedResult<()> {
    let sql = "INSERT OR REPLACE INTO descriptions (root, description) VALUES (?1, ?2)";
    connection.execute(sql, (root, description))?;
    let sql = "INSERT OR REPLACE INTO description_checksums (root, sum) VALUES (?1, ?2)";
    connection.execute(sql, (root, ContentHash::of(description).as_bytes()))?;

    Ok(())
}

/// Lists a document as damaged.
pub(in crate::embedded) fn put_damaged(
    connection: &Connection,
    document: &LedgerDocument,
    reason: &str,
) -> EmbeddedResult<()> {
    let sql = "INSERT OR REPLACE INTO damaged_documents (source, root, folder, reason) \
               VALUES (?1, ?2, ?3, ?4)";
    connection.execute(
        sql,
        (
            document.source.as_str(),
            document.root.as_str(),
            &document.folder,
            reason,
        ),
    )?;

    Ok(())
}

/// Computes the totals of the library from its documents, and stores these counts of words.
pub(in crate::embedded) fn recount(
    connection: &Connection,
    terms: &BTreeMap<u32, i64>,
) -> EmbeddedResult<()> {
    connection.execute(
        "UPDATE library SET (documents, pages, chunks) = \
         (SELECT count(*), coalesce(sum(pages), 0), coalesce(sum(chunks), 0) FROM documents)",
        [],
    )?;
    connection.execute("DELETE FROM terms", [])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO terms (token, passages) VALUES (?1, ?2)")?;
    for (token, passages) in terms {
        insert.execute((token, passages))?;
    }

    Ok(())
}

impl Snapshot<'_> {
    /// The documents that are left out because they are damaged.
    pub(in crate::embedded) fn damaged_documents(&self) -> EmbeddedResult<Vec<DamagedDocument>> {
        let sql = "SELECT source, root, reason FROM damaged_documents ORDER BY source";
        self.all(sql, [], |row| {
            Ok(DamagedDocument {
                source: parse_source(&row.get::<_, String>(0)?)?,
                root: parse_root(&row.get::<_, String>(1)?)?,
                reason: row.get(2)?,
            })
        })
    }

    pub(in crate::embedded) fn damaged_count(&self) -> EmbeddedResult<u64> {
        let sql = "SELECT count(*) FROM damaged_documents";
        let count = self.one(sql, [], |row| Ok(row.get::<_, i64>(0)?))?;
        Ok(count.unwrap_or_default().cast_unsigned())
    }

    /// The damaged documents of a root, as entries that no file fits.
    pub(super) fn damaged_manifest(&self, root: &RootName) -> EmbeddedResult<Vec<ManifestEntry>> {
        let sql = "SELECT source, folder FROM damaged_documents WHERE root = ?1 ORDER BY source";
        self.all(sql, [root.as_str()], |row| {
            Ok(ManifestEntry {
                source: parse_source(&row.get::<_, String>(0)?)?,
                folder: row.get(1)?,
                input: ContentHash::from_bytes([0; 32]),
            })
        })
    }

    /// What the ledger has of the documents and descriptions.
    pub(in crate::embedded) fn ledger_contents(
        &self,
    ) -> EmbeddedResult<(Vec<LedgerDocument>, BTreeMap<String, String>)> {
        let descriptions = self.all("SELECT root, description FROM descriptions", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok((self.ledger_documents()?, descriptions.into_iter().collect()))
    }

    fn ledger_documents(&self) -> EmbeddedResult<Vec<LedgerDocument>> {
        let sql = "SELECT source, root, folder, sum FROM documents \
                   JOIN checksums ON checksums.document = documents.id ORDER BY source";
        self.all(sql, [], |row| {
            Ok(LedgerDocument {
                source: parse_source(&row.get::<_, String>(0)?)?,
                root: parse_root(&row.get::<_, String>(1)?)?,
                folder: row.get(2)?,
                sum: hash(row, 3)?,
            })
        })
    }

    /// Returns the document that a reader suspects, if its rows do not fit its checksum.
    pub(in crate::embedded) fn confirm(
        &self,
        suspect: &Suspect,
    ) -> EmbeddedResult<Option<LedgerDocument>> {
        let (column, value) = match suspect {
            Suspect::Id(id) => ("id", rusqlite::types::Value::from(*id)),
            Suspect::Source(source) => ("source", source.as_str().to_owned().into()),
        };
        let sql = format!(
            "SELECT source, root, folder, sum, id FROM documents \
             LEFT JOIN checksums ON checksums.document = documents.id WHERE {column} = ?1"
        );
        let found = self.one(&sql, [value], |row| {
            let document = LedgerDocument {
                source: parse_source(&row.get::<_, String>(0)?)?,
                root: parse_root(&row.get::<_, String>(1)?)?,
                folder: row.get(2)?,
                sum: hash(row, 3)?,
            };
            Ok((document, row.get::<_, i64>(4)?))
        })?;

        let Some((document, id)) = found else {
            return Ok(None);
        };
        let sum = integrity::document_sum(self.connection(), id)?;
        Ok((sum != document.sum).then_some(document))
    }
}

impl Change<'_> {
    /// Stores the checksum of a document whose rows are complete, and returns it.
    pub(super) fn put_checksum(&self, document: i64) -> EmbeddedResult<ContentHash> {
        let sum = integrity::document_sum(self.transaction(), document)?;
        self.set_checksum(document, &sum)?;
        Ok(sum)
    }

    /// Stores the checksum of a document.
    pub(in crate::embedded) fn set_checksum(
        &self,
        document: i64,
        sum: &ContentHash,
    ) -> EmbeddedResult<()> {
        let sql = "INSERT OR REPLACE INTO checksums (document, sum) VALUES (?1, ?2)";
        self.transaction()
            .prepare_cached(sql)?
            .execute((document, sum.as_bytes()))?;
        Ok(())
    }

    /// Takes a document off the list of damaged ones. Returns whether it was on it.
    pub(super) fn forget_damaged(&self, source: &SourcePath) -> EmbeddedResult<bool> {
        let sql = "DELETE FROM damaged_documents WHERE source = ?1";
        let mut delete = self.transaction().prepare_cached(sql)?;
        Ok(delete.execute([source.as_str()])? > 0)
    }

    /// Removes a damaged document, lists it as damaged, and counts the library again. Returns its points.
    pub(in crate::embedded) fn set_aside(
        &self,
        document: &LedgerDocument,
        reason: &str,
    ) -> EmbeddedResult<Vec<uuid::Uuid>> {
        let points = self.remove(&document.source)?.unwrap_or_default();
        put_damaged(self.transaction(), document, reason)?;
        self.recount_at_commit();

        Ok(points)
    }
}

/// Replaces the totals and the counts of words by those that the documents have.
pub(super) fn recount_documents(transaction: &Transaction<'_>) -> EmbeddedResult<()> {
    recount(transaction, &integrity::counted_terms(transaction)?)
}

fn parse_source(text: &str) -> EmbeddedResult<SourcePath> {
    text.parse()
        .map_err(|_| EmbeddedError::malformed("source path"))
}

fn parse_root(text: &str) -> EmbeddedResult<RootName> {
    text.parse().map_err(|_| EmbeddedError::malformed("root"))
}
