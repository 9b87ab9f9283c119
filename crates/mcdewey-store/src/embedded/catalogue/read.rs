//! Queries on one snapshot of the catalogue.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use mcdewey_core::{
    AttachedFile, AttachmentRole, Chunk, ChunkId, ContentHash, Document, DocumentMeta,
    DocumentPage, DocumentSummary, Generation, IndexState, Integrity, LibraryDescription,
    ManifestEntry, OutlineEntry, Page, PageNumber, PageRef, Revision, RootName, Scope, SourcePath,
    Span,
};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Catalogue;
use super::locations::{DescribedDocument, StoredPoint};
use super::write::role_name;
use crate::embedded::IndexedRoot;
use crate::embedded::database;
use crate::embedded::error::{EmbeddedError, EmbeddedResult, Suspect};
use crate::ranking::ChunkLocation;

/// The columns that [`chunk_from_row`] reads.
const SELECT_CHUNK: &str =
    "SELECT ordinal, place, context, text, text_hash, passage_hash FROM passages";

/// The catalogue at one point in time: that of the connection's transaction.
#[derive(Debug)]
pub(in crate::embedded) struct Snapshot<'a> {
    connection: &'a Connection,
    catalogue: &'a Catalogue,
}

/// The location of a chunk in its document: the JSON in the column `passages.place`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredLocation {
    pub(super) page: PageRef,
    pub(super) headings: Vec<String>,
    pub(super) spans: Vec<Span>,
}

/// The data that a live point is built from.
#[derive(Debug)]
pub(in crate::embedded) struct LivePoint {
    pub(in crate::embedded) point: Uuid,
    pub(in crate::embedded) chunk: Chunk,
    pub(in crate::embedded) embedding_key: ContentHash,
}

impl<'a> Snapshot<'a> {
    pub(super) fn new(connection: &'a Connection, catalogue: &'a Catalogue) -> Self {
        Self {
            connection,
            catalogue,
        }
    }

    /// The state of the library, which says nothing yet about whether its files were verified.
    pub(in crate::embedded) fn state(&self, generation: &Generation) -> EmbeddedResult<IndexState> {
        let (epoch, without_vectors) = (self.epoch()?, self.chunks_without_vectors()?);
        let damaged = self.damaged_count()?;
        let sql = "SELECT revision, documents, pages, chunks FROM library";
        let mut select = self.connection.prepare_cached(sql)?;
        Ok(select.query_row([], |row| {
            let integrity = Integrity {
                verified: false,
                damaged,
            };
            Ok(IndexState {
                generation: generation.clone(),
                revision: Revision(unsigned(row, 0)?),
                documents: unsigned(row, 1)?,
                pages: unsigned(row, 2)?,
                chunks: unsigned(row, 3)?,
                epoch,
                without_vectors,
                integrity,
            })
        })?)
    }

    /// The number of the shard that belongs to this catalogue.
    pub(in crate::embedded) fn shard(&self) -> EmbeddedResult<u64> {
        let number: i64 = self
            .connection
            .query_row("SELECT shard FROM library", [], |row| row.get(0))?;
        Ok(number.cast_unsigned())
    }

    /// The number of chunks in the library.
    pub(in crate::embedded) fn chunk_count(&self) -> EmbeddedResult<u64> {
        let mut select = self
            .connection
            .prepare_cached("SELECT chunks FROM library")?;
        Ok(select.query_row([], |row| unsigned(row, 0))?)
    }

    /// In how many chunks each of these BM25 tokens occurs, without those that occur in none.
    pub(in crate::embedded) fn chunks_with(
        &self,
        tokens: &BTreeSet<u32>,
    ) -> EmbeddedResult<HashMap<u32, u64>> {
        if tokens.is_empty() {
            return Ok(HashMap::new());
        }

        let sql = "SELECT token, passages FROM terms \
                   WHERE token IN (SELECT value FROM json_each(?1))";
        let counts = self.all(sql, [serde_json::to_string(tokens)?], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        })?;
        Ok(counts.into_iter().collect())
    }

    /// The languages that documents declare.
    pub(in crate::embedded) fn languages(&self) -> EmbeddedResult<Arc<[String]>> {
        let revision = self.revision()?;
        if let Some((cached, languages)) = &*self.catalogue.languages()
            && *cached == revision
        {
            return Ok(Arc::clone(languages));
        }

        let languages: Arc<[String]> = self
            .all(
                "SELECT DISTINCT lang FROM documents WHERE lang IS NOT NULL ORDER BY lang",
                [],
                |row| Ok(row.get(0)?),
            )?
            .into();
        *self.catalogue.languages() = Some((revision, Arc::clone(&languages)));

        Ok(languages)
    }

    /// Returns the locations of the chunks of these points, `None` for a point that is not live.
    /// Reads only those that are not in memory yet.
    pub(in crate::embedded) fn locate(
        &self,
        points: &[Uuid],
    ) -> EmbeddedResult<Vec<Option<ChunkLocation>>> {
        let known = &self.catalogue.locations;
        let mut found = known.of_points(points, self.revision()?);

        let mut read = Vec::new();
        for (point, location) in points.iter().zip(&mut found) {
            if location.is_none()
                && let Some((id, stored)) = self.stored_point(*point)?
            {
                *location = Some(self.described(id)?.location(stored));
                read.push((*point, id, stored));
            }
        }

        if !read.is_empty() {
            known.remember(&read);
        }

        Ok(found)
    }

    /// Reads the row of a point, with the id of its document.
    fn stored_point(&self, point: Uuid) -> EmbeddedResult<Option<(i64, StoredPoint)>> {
        let sql =
            "SELECT document, ordinal, page, passage_hash, likeness FROM points WHERE point = ?1";
        self.one(sql, [point.as_bytes()], |row| {
            let simhash = row.get::<_, String>(4)?.parse();
            Ok((
                row.get(0)?,
                StoredPoint {
                    ordinal: row.get(1)?,
                    page: PageNumber(row.get(2)?),
                    passage_hash: hash(row, 3)?,
                    simhash: simhash.map_err(|_| EmbeddedError::damaged_id(row, 0))?,
                },
            ))
        })
    }

    fn revision(&self) -> EmbeddedResult<Revision> {
        let mut select = self
            .connection
            .prepare_cached("SELECT revision FROM library")?;
        Ok(Revision(select.query_row([], |row| unsigned(row, 0))?))
    }

    pub(in crate::embedded) fn live_point_ids(&self) -> EmbeddedResult<Vec<Uuid>> {
        self.all("SELECT point FROM points", [], |row| {
            Ok(Uuid::from_bytes(row.get(0)?))
        })
    }

    /// Returns the data that these points are built from, without those that are not live.
    pub(in crate::embedded) fn live_points(
        &self,
        points: &[Uuid],
    ) -> EmbeddedResult<Vec<LivePoint>> {
        let mut live = Vec::with_capacity(points.len());
        let sql = "SELECT document, ordinal FROM points WHERE point = ?1";
        for point in points {
            let mut select = self.connection.prepare_cached(sql)?;
            let Some((document, ordinal)): Option<(i64, u32)> = select
                .query_row([point.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?
            else {
                continue;
            };

            let meta = self.metadata(document)?;
            let columns = SELECT_CHUNK.replace(" FROM", ", embedding_key FROM");

            let found = self.one(
                &format!("{columns} WHERE document = ?1 AND ordinal = ?2"),
                (document, ordinal),
                |row| {
                    Ok(LivePoint {
                        point: *point,
                        chunk: chunk_from_row(row, &meta)?,
                        embedding_key: hash(row, 6)?,
                    })
                },
            )?;

            live.extend(found);
        }

        Ok(live)
    }

    pub(in crate::embedded) fn chunks(
        &self,
        ids: &[ChunkId],
        scope: &Scope,
    ) -> EmbeddedResult<Vec<Chunk>> {
        let mut chunks = Vec::with_capacity(ids.len());
        for id in ids {
            let by_prefix = "SELECT id FROM documents WHERE prefix = ?1";
            let Some((document, meta)) =
                self.document_in_scope(by_prefix, id.document_prefix(), scope)?
            else {
                continue;
            };

            let sql = format!("{SELECT_CHUNK} WHERE document = ?1 AND ordinal = ?2");
            chunks.extend(self.one(&sql, (document, id.ordinal()), |row| {
                chunk_from_row(row, &meta)
            })?);
        }

        Ok(chunks)
    }

    pub(in crate::embedded) fn chunks_around(
        &self,
        id: &ChunkId,
        context: u32,
        scope: &Scope,
    ) -> EmbeddedResult<Vec<Chunk>> {
        let by_prefix = "SELECT id FROM documents WHERE prefix = ?1";
        let Some((document, meta)) =
            self.document_in_scope(by_prefix, id.document_prefix(), scope)?
        else {
            return Ok(Vec::new());
        };

        let first = id.ordinal().saturating_sub(context);
        let last = id.ordinal().saturating_add(context);
        let sql = format!(
            "{SELECT_CHUNK} WHERE document = ?1 AND ordinal >= ?2 AND ordinal <= ?3 ORDER BY ordinal"
        );
        let mut chunks = self.all(&sql, (document, first, last), |row| {
            chunk_from_row(row, &meta)
        })?;

        if chunks.iter().all(|chunk| chunk.ordinal != id.ordinal()) {
            chunks.clear();
        }

        Ok(chunks)
    }

    pub(in crate::embedded) fn document_chunks(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> EmbeddedResult<Vec<Chunk>> {
        let Some((document, meta)) = self.document_by_source(source, scope)? else {
            return Ok(Vec::new());
        };

        let sql = format!(
            "{SELECT_CHUNK} WHERE document = ?1 AND ordinal >= ?2 AND ordinal < ?3 ORDER BY ordinal"
        );

        self.all(&sql, (document, ordinals.start, ordinals.end), |row| {
            chunk_from_row(row, &meta)
        })
    }

    pub(in crate::embedded) fn chunks_on_page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> EmbeddedResult<Vec<Chunk>> {
        let Some((document, meta)) = self.document_by_source(source, scope)? else {
            return Ok(Vec::new());
        };

        let sql = format!("{SELECT_CHUNK} WHERE document = ?1 AND page = ?2 ORDER BY ordinal");
        self.all(&sql, (document, page.0), |row| chunk_from_row(row, &meta))
    }

    pub(in crate::embedded) fn chunks_by_handle(
        &self,
        handle: &str,
        scope: &Scope,
    ) -> EmbeddedResult<Vec<Chunk>> {
        let sql = format!(
            "{} WHERE handle = ?1 ORDER BY document, ordinal",
            SELECT_CHUNK.replace(" FROM", ", document FROM")
        );

        let found = self.all(&sql, [handle], |row| {
            let meta = self.metadata(row.get(6)?)?;
            scope
                .contains(&meta)
                .then(|| chunk_from_row(row, &meta))
                .transpose()
        })?;

        Ok(found.into_iter().flatten().collect())
    }

    pub(in crate::embedded) fn page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> EmbeddedResult<Option<Page>> {
        let Some((document, _)) = self.document_by_source(source, scope)? else {
            return Ok(None);
        };

        let sql = "SELECT page, text FROM pages WHERE document = ?1 AND number = ?2 \
                   ORDER BY place LIMIT 1";
        self.one(sql, (document, page.0), |row| {
            Ok(Page {
                page: json(row, 0)?,
                text: row.get(1)?,
            })
        })
    }

    pub(in crate::embedded) fn page_with_document(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> EmbeddedResult<Option<DocumentPage>> {
        let Some(document) = self.document(source, scope)? else {
            return Ok(None);
        };

        Ok(Some(DocumentPage {
            document,
            page: self.page(source, page, scope)?,
            chunks: self.chunks_on_page(source, page, scope)?,
        }))
    }

    pub(in crate::embedded) fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> EmbeddedResult<Option<Document>> {
        let Some((document, meta)) = self.document_by_source(source, scope)? else {
            return Ok(None);
        };

        let pages = self.all(
            "SELECT page FROM pages WHERE document = ?1 ORDER BY place",
            [document],
            |row| json(row, 0),
        )?;

        let sql = "SELECT attachment FROM attachments WHERE document = ?1 ORDER BY role, name";
        let attachments = self.all(sql, [document], |row| json(row, 0))?;
        let sql = "SELECT outline, chunks, hash, committed_at FROM documents WHERE id = ?1";

        self.one(sql, [document], |row| {
            Ok(Document {
                meta,
                outline: json::<Vec<OutlineEntry>>(row, 0)?,
                pages,
                attachments,
                chunks: row.get(1)?,
                hash: hash(row, 2)?,
                committed_at: row.get(3)?,
            })
        })
    }

    pub(in crate::embedded) fn attachment(
        &self,
        source: &SourcePath,
        role: AttachmentRole,
        name: &str,
        scope: &Scope,
    ) -> EmbeddedResult<Option<AttachedFile>> {
        let Some((document, _)) = self.document_by_source(source, scope)? else {
            return Ok(None);
        };

        let sql = "SELECT attachment, content FROM attachments \
                   WHERE document = ?1 AND role = ?2 AND name = ?3";
        self.one(sql, (document, role_name(role), name), |row| {
            Ok(AttachedFile {
                attachment: json(row, 0)?,
                content: row.get(1)?,
            })
        })
    }

    pub(in crate::embedded) fn documents(
        &self,
        scope: &Scope,
    ) -> EmbeddedResult<Vec<DocumentSummary>> {
        let sql = "SELECT id, pages, chunks, committed_at FROM documents ORDER BY source";
        let mut summaries = self.all(sql, [], |row| {
            let meta = self.metadata(row.get(0)?)?;
            Ok(DocumentSummary {
                meta,
                pages: row.get(1)?,
                chunks: row.get(2)?,
                committed_at: row.get(3)?,
            })
        })?;

        summaries.retain(|summary| scope.contains(&summary.meta));
        Ok(summaries)
    }

    /// Merges the descriptions of all roots, the default root first.
    pub(in crate::embedded) fn description(&self) -> EmbeddedResult<LibraryDescription> {
        let sql = "SELECT description FROM descriptions ORDER BY root <> ?1, root";
        let descriptions: Vec<LibraryDescription> =
            self.all(sql, [RootName::DEFAULT], |row| json(row, 0))?;
        Ok(descriptions
            .into_iter()
            .reduce(LibraryDescription::merged)
            .unwrap_or_default())
    }

    pub(in crate::embedded) fn manifest(
        &self,
        root: &RootName,
    ) -> EmbeddedResult<Vec<ManifestEntry>> {
        let sql = "SELECT source, folder, input FROM documents WHERE root = ?1";
        let mut manifest = self.all(sql, [root.as_str()], |row| {
            let source: String = row.get(0)?;
            let source = source
                .parse()
                .map_err(|_| EmbeddedError::malformed("source path"))?;

            Ok(ManifestEntry {
                source,
                folder: row.get(1)?,
                input: hash(row, 2)?,
            })
        })?;

        manifest.extend(self.damaged_manifest(root)?);
        manifest.sort_by(|a, b| a.source.cmp(&b.source));
        Ok(manifest)
    }

    pub(in crate::embedded) fn indexed_roots(&self) -> EmbeddedResult<Vec<IndexedRoot>> {
        let sql = "SELECT root, folder, count(*) FROM documents \
                   GROUP BY root, folder ORDER BY root, folder";
        self.all(sql, [], |row| {
            let root: String = row.get(0)?;
            let root = root.parse().map_err(|_| EmbeddedError::malformed("root"))?;

            Ok(IndexedRoot {
                root,
                folder: row.get(1)?,
                documents: row.get::<_, i64>(2)?.cast_unsigned(),
            })
        })
    }

    fn document_by_source(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> EmbeddedResult<Option<(i64, Arc<DocumentMeta>)>> {
        self.document_in_scope(
            "SELECT id FROM documents WHERE source = ?1",
            source.as_str(),
            scope,
        )
    }

    /// Returns the document whose id `sql` selects by `name`, if it is in the scope.
    fn document_in_scope(
        &self,
        sql: &str,
        name: &str,
        scope: &Scope,
    ) -> EmbeddedResult<Option<(i64, Arc<DocumentMeta>)>> {
        let Some(document) = self.one(sql, [name], |row| Ok(row.get(0)?))? else {
            return Ok(None);
        };

        let meta = self.metadata(document)?;
        Ok(scope.contains(&meta).then_some((document, meta)))
    }

    pub(super) fn metadata(&self, document: i64) -> EmbeddedResult<Arc<DocumentMeta>> {
        Ok(self.described(document)?.meta)
    }

    /// Returns the metadata of a document from memory, or reads it.
    fn described(&self, document: i64) -> EmbeddedResult<DescribedDocument> {
        if let Some(described) = self.catalogue.locations.described(document) {
            return Ok(described);
        }

        let mut select = self
            .connection
            .prepare_cached("SELECT meta FROM documents WHERE id = ?1")?;
        let text: String = select.query_row([document], |row| row.get(0))?;
        let meta = serde_json::from_str(&text)
            .map_err(|_| EmbeddedError::Damaged(Suspect::Id(document)))?;
        let described = DescribedDocument::new(Arc::new(meta));
        self.catalogue.locations.describe(document, &described);

        Ok(described)
    }

    pub(super) fn connection(&self) -> &Connection {
        self.connection
    }

    /// Reads all rows of a query.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> EmbeddedResult<T>,
    ) -> EmbeddedResult<Vec<T>> {
        let mut select = self.connection.prepare_cached(sql)?;
        let mut rows = select.query(params)?;

        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }

        Ok(found)
    }

    /// Reads the first row of a query, if there is one.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> EmbeddedResult<T>,
    ) -> EmbeddedResult<Option<T>> {
        let mut select = self.connection.prepare_cached(sql)?;
        let mut rows = select.query(params)?;
        rows.next()?.map(read).transpose()
    }
}

/// Reads the chunk in a row of [`SELECT_CHUNK`]. Errs if its text is not the one that was committed.
fn chunk_from_row(row: &Row<'_>, meta: &Arc<DocumentMeta>) -> EmbeddedResult<Chunk> {
    let damaged = || EmbeddedError::Damaged(Suspect::Source(meta.source.clone()));
    let chunk = read_chunk(row, meta).map_err(|error| match error {
        EmbeddedError::Sqlite(error) if database::is_damage(&error) => error.into(),
        _ => damaged(),
    })?;

    if ContentHash::of(&chunk.text) == chunk.text_hash {
        Ok(chunk)
    } else {
        Err(damaged())
    }
}

fn read_chunk(row: &Row<'_>, meta: &Arc<DocumentMeta>) -> EmbeddedResult<Chunk> {
    let ordinal: u32 = row.get(0)?;
    let location: StoredLocation = json(row, 1)?;

    Ok(Chunk {
        chunk_id: ChunkId::new(&meta.source, ordinal),
        document: Arc::clone(meta),
        ordinal,
        page: location.page,
        headings: location.headings,
        context: row.get(2)?,
        text: row.get(3)?,
        spans: location.spans,
        text_hash: hash(row, 4)?,
        passage_hash: hash(row, 5)?,
    })
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

pub(super) fn hash(row: &Row<'_>, column: usize) -> EmbeddedResult<ContentHash> {
    Ok(ContentHash::from_bytes(row.get(column)?))
}

pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> EmbeddedResult<T> {
    let text = row
        .get_ref(column)?
        .as_str()
        .map_err(|_| EmbeddedError::malformed("text"))?;

    Ok(serde_json::from_str(text)?)
}
