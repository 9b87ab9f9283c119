//! Writes to the catalogue: changes that become visible together or not at all.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcdewey_core::{
    AttachedFile, AttachmentRole, IndexError, LibraryDescription, Revision, RootName, SourcePath,
};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use uuid::Uuid;

use super::Catalogue;
use super::integrity::{put_description, recount_documents};
use super::locations::{DocumentChanges, Locations};
use super::read::StoredLocation;
use crate::embedded::database;
use crate::embedded::error::EmbeddedResult;
use crate::embedded::held_snapshot::READER_GRACE;
use crate::embedded::integrity::{self, Ledger, LedgerDocument};
use crate::prepare::{Prepared, PreparedChunk};
use crate::terms;

/// The single connection that writes.
#[derive(Debug)]
pub(in crate::embedded) struct CatalogueWriter {
    connection: Connection,
    locations: Arc<Locations>,
    ledger: Ledger,
}

/// The changes of one transaction, rolled back unless [`Change::commit`] is called.
#[derive(Debug)]
pub(in crate::embedded) struct Change<'a> {
    transaction: Transaction<'a>,
    locations: &'a Locations,
    ledger: &'a mut Ledger,
    documents: RefCell<DocumentChanges>,
    /// What the ledger records of them.
    recorded: RefCell<Vec<integrity::Change>>,
    /// The revision that the changes lead to, if they raise it.
    revision: Cell<Revision>,
    /// By how much the number of chunks that contain each token changes. Documents share most of
    /// their words, so the changes are added up here and written once.
    terms: RefCell<BTreeMap<u32, i64>>,
    /// Whether totals and words are counted again, because a removed document may not be what was
    /// counted.
    recounts: Cell<bool>,
}

/// A document that was removed from the catalogue, or whose revision was replaced.
struct RemovedDocument {
    id: i64,
    pages: i64,
    chunks: i64,
    terms: BTreeMap<u32, u32>,
    points: Vec<Uuid>,
}

impl CatalogueWriter {
    pub(super) fn new(connection: Connection, locations: Arc<Locations>, ledger: Ledger) -> Self {
        Self {
            connection,
            locations,
            ledger,
        }
    }

    pub(in crate::embedded) fn ledger(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    pub(in crate::embedded) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(in crate::embedded) fn begin(&mut self) -> EmbeddedResult<Change<'_>> {
        self.ledger.open();
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Change {
            transaction,
            locations: &self.locations,
            ledger: &mut self.ledger,
            documents: RefCell::default(),
            recorded: RefCell::default(),
            revision: Cell::default(),
            terms: RefCell::default(),
            recounts: Cell::default(),
        })
    }

    /// Copies the log into the file. Returns whether the file is complete without it.
    pub(in crate::embedded) fn checkpoint(&self) -> EmbeddedResult<bool> {
        Ok(database::checkpoint(&self.connection)?)
    }

    /// Computes the checksums of documents that an earlier program committed.
    pub(in crate::embedded) fn add_missing_checksums(&mut self) -> EmbeddedResult<()> {
        let sums = integrity::missing_sums(&self.connection)?;
        if sums.is_empty() {
            return Ok(());
        }

        let change = self.begin()?;
        for (document, sum) in sums {
            change.set_checksum(document, &sum)?;
        }
        change.commit()
    }

    pub(in crate::embedded) fn revision(&self) -> EmbeddedResult<Revision> {
        let revision: i64 =
            self.connection
                .query_row("SELECT revision FROM library", [], |row| row.get(0))?;
        Ok(Revision(revision.cast_unsigned()))
    }

    /// Ensures that removed and replaced data can no longer be read from the file or its log.
    ///
    /// The log is emptied when no snapshot needs it. Those that are older than the new file are
    /// ended after a moment, those begun meanwhile only if the log cannot be emptied otherwise.
    pub(in crate::embedded) fn scrub(&self, catalogue: &Catalogue) -> EmbeddedResult<()> {
        self.connection.execute_batch("VACUUM")?;
        catalogue.held().end_all(READER_GRACE);
        if self.empty_log()? {
            return Ok(());
        }

        catalogue.held().end_all(Duration::ZERO);
        if !self.empty_log()? {
            let message = "the catalogue is constantly being read, so its log still holds the \
                           removed data; run the removal again, or restart the program";
            return Err(IndexError::Store(message.to_owned()).into());
        }

        Ok(())
    }

    /// Copies the log into the file and truncates it. Returns whether it could be truncated: it
    /// cannot while another connection reads from it.
    fn empty_log(&self) -> EmbeddedResult<bool> {
        let busy: i64 =
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// Returns the source and root of a document with the same chunk id prefix as this one: another
    /// source, or the same source in another root.
    pub(in crate::embedded) fn duplicate(
        &self,
        document: &Prepared,
    ) -> EmbeddedResult<Option<(String, String)>> {
        let sql =
            "SELECT source, root FROM documents WHERE prefix = ?1 AND (source <> ?2 OR root <> ?3)";
        let mut select = self.connection.prepare_cached(sql)?;
        let params = (
            &document.prefix,
            document.meta.source.as_str(),
            document.root.as_str(),
        );

        Ok(select
            .query_row(params, |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// Filters the points that belong to no document.
    pub(in crate::embedded) fn stray_points(
        &self,
        points: impl IntoIterator<Item = Uuid>,
    ) -> EmbeddedResult<Vec<Uuid>> {
        let mut select = self
            .connection
            .prepare_cached("SELECT 1 FROM points WHERE point = ?1")?;

        let mut strays = Vec::new();
        for point in points {
            if !select.exists([point.as_bytes()])? {
                strays.push(point);
            }
        }

        Ok(strays)
    }
}

impl Change<'_> {
    pub(super) fn transaction(&self) -> &Transaction<'_> {
        &self.transaction
    }

    /// Makes all changes visible and durable.
    pub(in crate::embedded) fn commit(self) -> EmbeddedResult<()> {
        self.write_terms()?;
        if self.recounts.get() {
            recount_documents(&self.transaction)?;
        }

        let documents = self.documents.into_inner();
        self.locations.announce(&documents, self.revision.get());
        self.transaction
            .commit()
            .inspect_err(|_| self.locations.withdraw(&documents))?;
        self.ledger
            .record(self.revision.get(), self.recorded.into_inner());

        Ok(())
    }

    /// Adds a document or replaces its previous revision. Also returns the points that are no
    /// longer live.
    pub(in crate::embedded) fn put(
        &self,
        document: &Prepared,
    ) -> EmbeddedResult<(Revision, Vec<Uuid>)> {
        let previous = self.delete(&document.meta.source)?;
        let id = self.insert(document)?;
        self.insert_pages(id, document)?;
        self.insert_chunks(id, document)?;
        self.insert_attachments(id, document)?;
        self.insert_missing_vectors(id, document)?;
        self.forget_damaged(&document.meta.source)?;
        let sum = self.put_checksum(id)?;
        self.record(integrity::Change::Committed(LedgerDocument {
            source: document.meta.source.clone(),
            root: document.root.clone(),
            folder: document.folder.clone(),
            sum,
        }));

        // A chunk that did not change keeps its point.
        let mut freed: BTreeSet<Uuid> = previous
            .iter()
            .flat_map(|previous| previous.points.iter().copied())
            .collect();
        for chunk in &document.chunks {
            freed.remove(&chunk.point);
        }

        let previous_terms = previous.as_ref().map(|previous| &previous.terms);
        self.count_terms(Some(&document.terms), previous_terms);

        let (documents, pages, chunks) = previous
            .as_ref()
            .map_or((0, 0, 0), |previous| (1, previous.pages, previous.chunks));
        let revision = self.raise_revision(
            1 - documents,
            document.pages.len() as i64 - pages,
            document.chunks.len() as i64 - chunks,
        )?;

        Ok((revision, freed.into_iter().collect()))
    }

    /// Removes a document and returns its points, or `None` if it does not exist. The caller raises
    /// the revision, once for all removals.
    pub(in crate::embedded) fn remove(
        &self,
        source: &SourcePath,
    ) -> EmbeddedResult<Option<Vec<Uuid>>> {
        let was_damaged = self.forget_damaged(source)?;
        let Some(removed) = self.delete(source)? else {
            return Ok(was_damaged.then(Vec::new));
        };

        self.count_terms(None, Some(&removed.terms));
        let sql = "UPDATE library SET documents = documents - 1, pages = pages - ?1, \
                   chunks = chunks - ?2";
        self.transaction
            .prepare_cached(sql)?
            .execute((removed.pages, removed.chunks))?;

        Ok(Some(removed.points))
    }

    /// Replaces the description of a root. Returns `false` if it is the same as before.
    pub(in crate::embedded) fn describe(
        &self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> EmbeddedResult<bool> {
        let sql = "SELECT description FROM descriptions WHERE root = ?1";
        let stored: Option<String> = self
            .transaction
            .query_row(sql, [root.as_str()], |row| row.get(0))
            .optional()?;

        let stored: Option<LibraryDescription> = match stored {
            Some(text) => serde_json::from_str(&text).ok(),
            None => Some(LibraryDescription::default()),
        };

        if stored.as_ref() == Some(description) {
            return Ok(false);
        }

        let description = serde_json::to_string(description)?;
        put_description(&self.transaction, root.as_str(), &description)?;
        self.record(integrity::Change::Described {
            root: root.as_str().to_owned(),
            description,
        });
        Ok(true)
    }

    /// Counts the library again when the changes are committed.
    pub(super) fn recount_at_commit(&self) {
        self.recounts.set(true);
    }

    fn record(&self, change: integrity::Change) {
        self.recorded.borrow_mut().push(change);
    }

    /// Raises the revision.
    pub(in crate::embedded) fn next_revision(&self) -> EmbeddedResult<Revision> {
        self.raise_revision(0, 0, 0)
    }

    /// Records the number of the shard that belongs to this catalogue from now on.
    pub(in crate::embedded) fn set_shard(&self, number: u64) -> EmbeddedResult<()> {
        self.transaction
            .execute("UPDATE library SET shard = ?1", [number.cast_signed()])?;
        Ok(())
    }

    /// Raises the revision and adds these differences to the totals of the library.
    fn raise_revision(&self, documents: i64, pages: i64, chunks: i64) -> EmbeddedResult<Revision> {
        let sql = "UPDATE library SET revision = revision + 1, \
                   documents = documents + ?1, pages = pages + ?2, \
                   chunks = chunks + ?3 RETURNING revision";
        let mut update = self.transaction.prepare_cached(sql)?;
        let revision: i64 = update.query_row((documents, pages, chunks), |row| row.get(0))?;
        let revision = Revision(revision.cast_unsigned());
        self.revision.set(revision);

        Ok(revision)
    }

    fn delete(&self, source: &SourcePath) -> EmbeddedResult<Option<RemovedDocument>> {
        let sql = "SELECT id, pages, chunks, terms FROM documents WHERE source = ?1";
        let mut select = self.transaction.prepare_cached(sql)?;
        let found = select.query_row([source.as_str()], |row| {
            let terms: Vec<u8> = row.get(3)?;
            let terms = terms::from_bytes(&terms).collect();
            Ok(RemovedDocument {
                id: row.get(0)?,
                pages: row.get(1)?,
                chunks: row.get(2)?,
                terms,
                points: Vec::new(),
            })
        });

        let Some(mut removed) = found.optional()? else {
            return Ok(None);
        };

        let mut select = self
            .transaction
            .prepare_cached("SELECT point FROM points WHERE document = ?1")?;
        let points = select.query_map([removed.id], |row| Ok(Uuid::from_bytes(row.get(0)?)))?;
        removed.points = points.collect::<Result<_, _>>()?;

        for table in [
            "points",
            "passages",
            "pages",
            "attachments",
            "file_stamps",
            "checksums",
        ] {
            let sql = format!("DELETE FROM {table} WHERE document = ?1");
            self.transaction
                .prepare_cached(&sql)?
                .execute([removed.id])?;
        }

        self.forget_vectors_of(removed.id)?;
        self.transaction
            .prepare_cached("DELETE FROM documents WHERE id = ?1")?
            .execute([removed.id])?;
        self.documents.borrow_mut().removed.push(removed.id);
        self.record(integrity::Change::Removed(source.clone()));

        Ok(Some(removed))
    }

    fn insert(&self, document: &Prepared) -> EmbeddedResult<i64> {
        let sql = "INSERT INTO documents (source, prefix, root, folder, input, hash, lang, pages, \
                   chunks, committed_at, meta, outline, terms) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        self.transaction
            .prepare_cached(sql)?
            .execute(rusqlite::params![
                document.meta.source.as_str(),
                document.prefix,
                document.root.as_str(),
                document.folder,
                document.input.as_bytes(),
                document.hash.as_bytes(),
                document.meta.facets.lang,
                document.pages.len() as i64,
                document.chunks.len() as i64,
                unix_seconds(),
                serde_json::to_string(&*document.meta)?,
                serde_json::to_string(&document.outline)?,
                terms::to_bytes(&document.terms),
            ])?;

        let id = self.transaction.last_insert_rowid();
        let added = (id, Arc::clone(&document.meta));
        self.documents.borrow_mut().added.push(added);

        Ok(id)
    }

    fn insert_pages(&self, id: i64, document: &Prepared) -> EmbeddedResult<()> {
        let sql =
            "INSERT INTO pages (document, place, number, page, text) VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut insert = self.transaction.prepare_cached(sql)?;
        for (position, page) in document.pages.iter().enumerate() {
            let reference = serde_json::to_string(&page.page)?;
            insert.execute((
                id,
                position as i64,
                page.page.number.0,
                reference,
                &page.text,
            ))?;
        }

        Ok(())
    }

    fn insert_attachments(&self, id: i64, document: &Prepared) -> EmbeddedResult<()> {
        let sql = "INSERT INTO attachments (document, role, name, attachment, content) \
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut insert = self.transaction.prepare_cached(sql)?;
        for AttachedFile {
            attachment,
            content,
        } in &document.attachments
        {
            let metadata = serde_json::to_string(attachment)?;
            insert.execute((
                id,
                role_name(attachment.role),
                &attachment.name,
                metadata,
                content,
            ))?;
        }

        Ok(())
    }

    fn insert_chunks(&self, id: i64, document: &Prepared) -> EmbeddedResult<()> {
        let sql = "INSERT INTO passages (document, ordinal, page, handle, place, text_hash, \
                   passage_hash, embedding_key, context, text) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let mut insert = self.transaction.prepare_cached(sql)?;

        let sql = "INSERT INTO points (point, document, ordinal, page, passage_hash, likeness) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut insert_point = self.transaction.prepare_cached(sql)?;

        for PreparedChunk {
            point,
            chunk,
            embedding_key,
            ..
        } in &document.chunks
        {
            let location = StoredLocation {
                page: chunk.page.clone(),
                headings: chunk.headings.clone(),
                spans: chunk.spans.clone(),
            };

            insert.execute(rusqlite::params![
                id,
                chunk.ordinal,
                chunk.page.number.0,
                chunk.handle(),
                serde_json::to_string(&location)?,
                chunk.text_hash.as_bytes(),
                chunk.passage_hash.as_bytes(),
                embedding_key.as_bytes(),
                chunk.context,
                chunk.text,
            ])?;

            insert_point.execute((
                point.as_bytes(),
                id,
                chunk.ordinal,
                chunk.page.number.0,
                chunk.passage_hash.as_bytes(),
                chunk.simhash().to_string(),
            ))?;
        }

        Ok(())
    }

    /// Changes the number of chunks that contain each token.
    fn count_terms(
        &self,
        added: Option<&BTreeMap<u32, u32>>,
        removed: Option<&BTreeMap<u32, u32>>,
    ) {
        let mut changes = self.terms.borrow_mut();
        for (token, chunks) in added.into_iter().flatten() {
            *changes.entry(*token).or_default() += i64::from(*chunks);
        }

        for (token, chunks) in removed.into_iter().flatten() {
            *changes.entry(*token).or_default() -= i64::from(*chunks);
        }
    }

    fn write_terms(&self) -> EmbeddedResult<()> {
        let sql = "INSERT INTO terms (token, passages) VALUES (?1, ?2) \
                   ON CONFLICT (token) DO UPDATE SET passages = passages + excluded.passages";
        let mut add = self.transaction.prepare_cached(sql)?;
        let mut delete_unused = self
            .transaction
            .prepare_cached("DELETE FROM terms WHERE token = ?1 AND passages <= 0")?;

        let changes = self.terms.take();
        for (token, change) in changes.into_iter().filter(|(_, change)| *change != 0) {
            add.execute((token, change))?;
            if change < 0 {
                delete_unused.execute([token])?;
            }
        }

        Ok(())
    }
}

/// The name of a role in the table `attachments`.
pub(super) fn role_name(role: AttachmentRole) -> &'static str {
    match role {
        AttachmentRole::Image => "image",
        AttachmentRole::Original => "original",
        AttachmentRole::WordBoxes => "word-boxes",
    }
}

fn unix_seconds() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs().cast_signed())
}
