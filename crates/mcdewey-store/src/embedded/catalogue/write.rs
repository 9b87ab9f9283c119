//! What is written to the catalogue: changes that become visible together, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use mcdewey_core::{
    AttachedFile, AttachmentRole, ContentHash, LibraryDescription, Revision, RootName, SourcePath,
};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use uuid::Uuid;

use super::read::Place;
use crate::embedded::failure::Outcome;
use crate::prepare::Prepared;
use crate::terms;

/// What a file is remembered by when it must be read again: the hash of no input.
const UNKNOWN_INPUT: [u8; 32] = [0; 32];

/// The one connection that writes.
#[derive(Debug)]
pub(in crate::embedded) struct CatalogueWriter {
    connection: Connection,
}

/// Changes of one transaction; dropped without [`Change::commit`] they never were.
#[derive(Debug)]
pub(in crate::embedded) struct Change<'a> {
    transaction: Transaction<'a>,
}

/// A document that is about to leave the catalogue.
struct Former {
    id: i64,
    pages: i64,
    chunks: i64,
    terms: BTreeMap<u32, u32>,
    points: Vec<Uuid>,
}

impl CatalogueWriter {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    pub(in crate::embedded) fn begin(&mut self) -> Outcome<Change<'_>> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Change { transaction })
    }

    pub(in crate::embedded) fn revision(&self) -> Outcome<Revision> {
        let revision: i64 =
            self.connection
                .query_row("SELECT revision FROM library", [], |row| row.get(0))?;
        Ok(Revision(revision.cast_unsigned()))
    }

    /// Sees to it that what was taken out or replaced can no longer be read from the file or its log.
    pub(in crate::embedded) fn scrub(&self) -> Outcome<()> {
        self.connection.execute_batch("VACUUM")?;
        let is_read: bool = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                row.get::<_, i64>(0)
            })
            .map(|busy| busy != 0)?;

        if is_read {
            let message = "the catalogue is being read without pause, so its log still holds what was taken out; run the \
                           removal again, or restart the program";
            return Err(mcdewey_core::IndexError::Store(message.to_owned()).into());
        }

        Ok(())
    }

    /// Another document whose chunk ids begin like those of this one, and its root; of the same source, another root's.
    pub(in crate::embedded) fn twin(
        &self,
        document: &Prepared,
    ) -> Outcome<Option<(String, String)>> {
        let sql =
            "SELECT source, root FROM documents WHERE prefix = ?1 AND (source <> ?2 OR root <> ?3)";
        let mut select = self.connection.prepare_cached(sql)?;
        let named = (
            &document.prefix,
            document.meta.source.as_str(),
            document.root.as_str(),
        );

        Ok(select
            .query_row(named, |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// Those of the points that no document has.
    pub(in crate::embedded) fn strays(
        &self,
        points: impl IntoIterator<Item = Uuid>,
    ) -> Outcome<Vec<Uuid>> {
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
    /// Makes everything visible and durable.
    pub(in crate::embedded) fn commit(self) -> Outcome<()> {
        Ok(self.transaction.commit()?)
    }

    /// Puts a document in place of its former revision; returns the points that are no longer live.
    pub(in crate::embedded) fn put(&self, document: &Prepared) -> Outcome<(Revision, Vec<Uuid>)> {
        let former = self.take_out(&document.meta.source)?;
        let id = self.insert(document)?;
        self.insert_pages(id, document)?;
        self.insert_passages(id, document)?;
        self.insert_attachments(id, document)?;

        let mut freed: BTreeSet<Uuid> = former
            .iter()
            .flat_map(|former| former.points.iter().copied())
            .collect();

        for passage in &document.passages {
            freed.remove(&passage.point);
        }

        let former_terms = former.as_ref().map(|former| &former.terms);
        self.count_terms(Some(&document.terms), former_terms)?;
        let gone = former
            .as_ref()
            .map_or((0, 0, 0), |former| (1, former.pages, former.chunks));

        let revision = self.step((
            1 - gone.0,
            document.pages.len() as i64 - gone.1,
            document.passages.len() as i64 - gone.2,
        ))?;

        Ok((revision, freed.into_iter().collect()))
    }

    /// Takes a document out; `None` when there is none. The revision is the caller's to raise, once for all.
    pub(in crate::embedded) fn remove(&self, source: &SourcePath) -> Outcome<Option<Vec<Uuid>>> {
        let Some(former) = self.take_out(source)? else {
            return Ok(None);
        };
        self.count_terms(None, Some(&former.terms))?;
        let sql = "UPDATE library SET documents = documents - 1, pages = pages - ?1, chunks = chunks - ?2";

        self.transaction
            .prepare_cached(sql)?
            .execute((former.pages, former.chunks))?;
        Ok(Some(former.points))
    }

    /// Replaces what a root says; `false` when it says so already.
    pub(in crate::embedded) fn describe(
        &self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Outcome<bool> {
        let sql = "SELECT description FROM descriptions WHERE root = ?1";
        let known: Option<String> = self
            .transaction
            .query_row(sql, [root.as_str()], |row| row.get(0))
            .optional()?;

        let known: LibraryDescription = known
            .map_or(Ok(LibraryDescription::default()), |text| {
                serde_json::from_str(&text)
            })?;

        if known == *description {
            return Ok(false);
        }

        let sql = "INSERT OR REPLACE INTO descriptions (root, description) VALUES (?1, ?2)";
        self.transaction
            .execute(sql, (root.as_str(), serde_json::to_string(description)?))?;
        Ok(true)
    }

    /// Raises the revision.
    pub(in crate::embedded) fn next_revision(&self) -> Outcome<Revision> {
        self.step((0, 0, 0))
    }

    /// Names the shard that belongs to this catalogue from now on.
    pub(in crate::embedded) fn set_shard(&self, number: u64) -> Outcome<()> {
        self.transaction
            .execute("UPDATE library SET shard = ?1", [number.cast_signed()])?;
        Ok(())
    }

    /// Forgets what a document was recognised by, so that the next ingest writes it anew.
    pub(in crate::embedded) fn forget_input(&self, source: &SourcePath) -> Outcome<()> {
        let sql = "UPDATE documents SET input = ?1 WHERE source = ?2";
        self.transaction
            .execute(sql, (UNKNOWN_INPUT, source.as_str()))?;
        Ok(())
    }

    fn step(&self, (documents, pages, chunks): (i64, i64, i64)) -> Outcome<Revision> {
        let sql = "UPDATE library SET revision = revision + 1, documents = documents + ?1, pages = pages + ?2, \
                   chunks = chunks + ?3 RETURNING revision";
        let mut update = self.transaction.prepare_cached(sql)?;
        let revision: i64 = update.query_row((documents, pages, chunks), |row| row.get(0))?;
        Ok(Revision(revision.cast_unsigned()))
    }

    fn take_out(&self, source: &SourcePath) -> Outcome<Option<Former>> {
        let sql = "SELECT id, pages, chunks, terms FROM documents WHERE source = ?1";
        let mut select = self.transaction.prepare_cached(sql)?;
        let found = select.query_row([source.as_str()], |row| {
            let terms: Vec<u8> = row.get(3)?;
            let terms = terms::from_bytes(&terms).collect();
            Ok(Former {
                id: row.get(0)?,
                pages: row.get(1)?,
                chunks: row.get(2)?,
                terms,
                points: Vec::new(),
            })
        });

        let Some(mut former) = found.optional()? else {
            return Ok(None);
        };

        let mut select = self
            .transaction
            .prepare_cached("SELECT point FROM points WHERE document = ?1")?;
        let points = select.query_map([former.id], |row| Ok(Uuid::from_bytes(row.get(0)?)))?;
        former.points = points.collect::<Result<_, _>>()?;

        for table in ["points", "passages", "pages", "attachments"] {
            let sql = format!("DELETE FROM {table} WHERE document = ?1");
            self.transaction
                .prepare_cached(&sql)?
                .execute([former.id])?;
        }

        self.transaction
            .prepare_cached("DELETE FROM documents WHERE id = ?1")?
            .execute([former.id])?;
        Ok(Some(former))
    }

    fn insert(&self, document: &Prepared) -> Outcome<i64> {
        let sql = "INSERT INTO documents (source, prefix, root, folder, input, hash, lang, pages, chunks, committed_at, \
                   meta, outline, terms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
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
                document.passages.len() as i64,
                now(),
                serde_json::to_string(&*document.meta)?,
                serde_json::to_string(&document.outline)?,
                terms::to_bytes(&document.terms),
            ])?;

        Ok(self.transaction.last_insert_rowid())
    }

    fn insert_pages(&self, id: i64, document: &Prepared) -> Outcome<()> {
        let sql =
            "INSERT INTO pages (document, place, number, page, text) VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut insert = self.transaction.prepare_cached(sql)?;
        for (place, page) in document.pages.iter().enumerate() {
            let named = serde_json::to_string(&page.page)?;
            insert.execute((id, place as i64, page.page.number.0, named, &page.text))?;
        }

        Ok(())
    }

    fn insert_attachments(&self, id: i64, document: &Prepared) -> Outcome<()> {
        let sql = "INSERT INTO attachments (document, role, name, attachment, content) VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut insert = self.transaction.prepare_cached(sql)?;
        for AttachedFile {
            attachment,
            content,
        } in &document.attachments
        {
            let told = serde_json::to_string(attachment)?;
            insert.execute((
                id,
                role_name(attachment.role),
                &attachment.name,
                told,
                content,
            ))?;
        }

        Ok(())
    }

    fn insert_passages(&self, id: i64, document: &Prepared) -> Outcome<()> {
        let sql = "INSERT INTO passages (document, ordinal, page, handle, place, text_hash, passage_hash, \
                   embedding_key, context, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let mut insert = self.transaction.prepare_cached(sql)?;
        let sql = "INSERT INTO points (point, document, ordinal, page, passage_hash, likeness) VALUES (?1, ?2, ?3, ?4, ?5, \
                   ?6)";

        let mut insert_point = self.transaction.prepare_cached(sql)?;
        for passage in &document.passages {
            let chunk = &passage.chunk;
            let place = Place {
                page: chunk.page.clone(),
                headings: chunk.headings.clone(),
                spans: chunk.spans.clone(),
            };

            insert.execute(rusqlite::params![
                id,
                chunk.ordinal,
                chunk.page.number.0,
                chunk.handle(),
                serde_json::to_string(&place)?,
                chunk.text_hash.as_bytes(),
                chunk.passage_hash.as_bytes(),
                passage.embedding_key.as_bytes(),
                chunk.context,
                chunk.text,
            ])?;

            let hash: &ContentHash = &chunk.passage_hash;
            let point = passage.point.as_bytes();
            let simhash = chunk.simhash().to_string();

            insert_point.execute((
                point,
                id,
                chunk.ordinal,
                chunk.page.number.0,
                hash.as_bytes(),
                simhash,
            ))?;
        }

        Ok(())
    }

    /// Keeps count of the passages that hold a token, when a document comes, goes or changes.
    fn count_terms(
        &self,
        comes: Option<&BTreeMap<u32, u32>>,
        goes: Option<&BTreeMap<u32, u32>>,
    ) -> Outcome<()> {
        let mut changes: BTreeMap<u32, i64> = BTreeMap::new();
        for (token, passages) in comes.into_iter().flatten() {
            *changes.entry(*token).or_default() += i64::from(*passages);
        }

        for (token, passages) in goes.into_iter().flatten() {
            *changes.entry(*token).or_default() -= i64::from(*passages);
        }

        let sql = "INSERT INTO terms (token, passages) VALUES (?1, ?2) \
                   ON CONFLICT (token) DO UPDATE SET passages = passages + excluded.passages";
        let mut count = self.transaction.prepare_cached(sql)?;
        let mut sweep = self
            .transaction
            .prepare_cached("DELETE FROM terms WHERE token = ?1 AND passages <= 0")?;

        for (token, change) in changes.into_iter().filter(|(_, change)| *change != 0) {
            count.execute((token, change))?;
            if change < 0 {
                sweep.execute([token])?;
            }
        }

        Ok(())
    }
}

/// A role as the table has it.
pub(super) fn role_name(role: AttachmentRole) -> &'static str {
    match role {
        AttachmentRole::Image => "image",
        AttachmentRole::Original => "original",
    }
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs().cast_signed())
}
