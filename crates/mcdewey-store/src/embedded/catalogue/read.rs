//! What is read from the catalogue, all from one snapshot.

use std::ops::Range;
use std::sync::Arc;

use mcdewey_core::{
    AttachedFile, AttachmentRole, Chunk, ChunkId, ContentHash, Document, DocumentMeta,
    DocumentSummary, Generation, IndexState, LibraryDescription, ManifestEntry, OutlineEntry, Page,
    PageNumber, PageRef, Revision, RootName, Scope, SourcePath, Span,
};
use rusqlite::{OptionalExtension, Params, Row, Transaction};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Catalogue;
use super::write::role_name;
use crate::embedded::IndexedRoot;
use crate::embedded::failure::{Failure, Outcome};
use crate::ranking::Located;

/// The columns [`chunk`] reads.
const CHUNK: &str = "SELECT ordinal, place, context, text, text_hash, passage_hash FROM passages";

/// The catalogue as it was at one moment.
#[derive(Debug)]
pub(in crate::embedded) struct Snapshot<'a> {
    transaction: &'a Transaction<'a>,
    catalogue: &'a Catalogue,
}

/// Where a passage stands, as it is stored beside its text.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) page: PageRef,
    pub(super) headings: Vec<String>,
    pub(super) spans: Vec<Span>,
}

/// What a point is made of.
#[derive(Debug)]
pub(in crate::embedded) struct LivePoint {
    pub(in crate::embedded) point: Uuid,
    pub(in crate::embedded) chunk: Chunk,
    pub(in crate::embedded) embedding_key: ContentHash,
}

impl<'a> Snapshot<'a> {
    pub(super) fn new(transaction: &'a Transaction<'a>, catalogue: &'a Catalogue) -> Self {
        Self {
            transaction,
            catalogue,
        }
    }

    pub(in crate::embedded) fn state(&self, generation: &Generation) -> Outcome<IndexState> {
        let sql = "SELECT revision, documents, pages, chunks FROM library";
        Ok(self.transaction.query_row(sql, [], |row| {
            let count =
                |column| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.cast_unsigned());
            Ok(IndexState {
                generation: generation.clone(),
                revision: Revision(count(0)?),
                documents: count(1)?,
                pages: count(2)?,
                chunks: count(3)?,
            })
        })?)
    }

    /// The number of the shard that belongs to this catalogue.
    pub(in crate::embedded) fn shard(&self) -> Outcome<u64> {
        let number: i64 = self
            .transaction
            .query_row("SELECT shard FROM library", [], |row| row.get(0))?;
        Ok(number.cast_unsigned())
    }

    /// How many passages the library holds.
    pub(in crate::embedded) fn passages_in_all(&self) -> Outcome<u64> {
        let count: i64 = self
            .transaction
            .query_row("SELECT chunks FROM library", [], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// In how many passages a BM25 token occurs.
    pub(in crate::embedded) fn passages_with(&self, token: u32) -> Outcome<u64> {
        let mut select = self
            .transaction
            .prepare_cached("SELECT passages FROM terms WHERE token = ?1")?;
        let count: Option<i64> = select.query_row([token], |row| row.get(0)).optional()?;
        Ok(count.unwrap_or_default().cast_unsigned())
    }

    /// The languages documents name.
    pub(in crate::embedded) fn languages(&self) -> Outcome<Vec<String>> {
        self.all(
            "SELECT DISTINCT lang FROM documents WHERE lang IS NOT NULL ORDER BY lang",
            [],
            |row| Ok(row.get(0)?),
        )
    }

    /// A point, if it is live.
    pub(in crate::embedded) fn located(&self, point: Uuid) -> Outcome<Option<Located>> {
        let sql =
            "SELECT document, ordinal, page, passage_hash, likeness FROM points WHERE point = ?1";
        let mut select = self.transaction.prepare_cached(sql)?;
        let mut rows = select.query([point.as_bytes()])?;

        let Some(row) = rows.next()? else {
            return Ok(None);
        };

        Ok(Some(Located {
            document: self.meta(row.get(0)?)?,
            ordinal: row.get(1)?,
            page: PageNumber(row.get(2)?),
            passage_hash: hash(row, 3)?,
            simhash: row
                .get::<_, String>(4)?
                .parse()
                .map_err(|_| Failure::stored("likeness"))?,
        }))
    }

    /// All live points.
    pub(in crate::embedded) fn points(&self) -> Outcome<Vec<Uuid>> {
        self.all("SELECT point FROM points", [], |row| {
            Ok(Uuid::from_bytes(row.get(0)?))
        })
    }

    /// What these points are made of; those that are not live are left out.
    pub(in crate::embedded) fn live_points(&self, points: &[Uuid]) -> Outcome<Vec<LivePoint>> {
        let mut live = Vec::with_capacity(points.len());
        let sql = "SELECT document, ordinal FROM points WHERE point = ?1";
        for point in points {
            let mut select = self.transaction.prepare_cached(sql)?;
            let place = select
                .query_row([point.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;

            let Some((document, ordinal)): Option<(i64, u32)> = place else {
                continue;
            };
            let meta = self.meta(document)?;
            let columns = CHUNK.replace(" FROM", ", embedding_key FROM");

            let found = self.one(
                &format!("{columns} WHERE document = ?1 AND ordinal = ?2"),
                (document, ordinal),
                |row| {
                    Ok(LivePoint {
                        point: *point,
                        chunk: chunk(row, &meta)?,
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
    ) -> Outcome<Vec<Chunk>> {
        let mut chunks = Vec::with_capacity(ids.len());
        for id in ids {
            let by_prefix = "SELECT id FROM documents WHERE prefix = ?1";
            let Some((document, meta)) = self.seen(by_prefix, id.document_prefix(), scope)? else {
                continue;
            };
            let sql = format!("{CHUNK} WHERE document = ?1 AND ordinal = ?2");
            chunks.extend(self.one(&sql, (document, id.ordinal()), |row| chunk(row, &meta))?);
        }

        Ok(chunks)
    }

    pub(in crate::embedded) fn passages(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Outcome<Vec<Chunk>> {
        let Some((document, meta)) = self.by_source(source, scope)? else {
            return Ok(Vec::new());
        };

        let sql = format!(
            "{CHUNK} WHERE document = ?1 AND ordinal >= ?2 AND ordinal < ?3 ORDER BY ordinal"
        );

        self.all(&sql, (document, ordinals.start, ordinals.end), |row| {
            chunk(row, &meta)
        })
    }

    pub(in crate::embedded) fn chunks_on(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Outcome<Vec<Chunk>> {
        let Some((document, meta)) = self.by_source(source, scope)? else {
            return Ok(Vec::new());
        };
        let sql = format!("{CHUNK} WHERE document = ?1 AND page = ?2 ORDER BY ordinal");
        self.all(&sql, (document, page.0), |row| chunk(row, &meta))
    }

    pub(in crate::embedded) fn by_handle(
        &self,
        handle: &str,
        scope: &Scope,
    ) -> Outcome<Vec<Chunk>> {
        let sql = format!(
            "{} WHERE handle = ?1 ORDER BY document, ordinal",
            CHUNK.replace(" FROM", ", document FROM")
        );

        let found = self.all(&sql, [handle], |row| {
            let meta = self.meta(row.get(6)?)?;
            scope.contains(&meta).then(|| chunk(row, &meta)).transpose()
        })?;

        Ok(found.into_iter().flatten().collect())
    }

    pub(in crate::embedded) fn page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Outcome<Option<Page>> {
        let Some((document, _)) = self.by_source(source, scope)? else {
            return Ok(None);
        };
        let sql = "SELECT page, text FROM pages WHERE document = ?1 AND number = ?2 ORDER BY place LIMIT 1";
        self.one(sql, (document, page.0), |row| {
            Ok(Page {
                page: json(row, 0)?,
                text: row.get(1)?,
            })
        })
    }

    pub(in crate::embedded) fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Outcome<Option<Document>> {
        let Some((document, meta)) = self.by_source(source, scope)? else {
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
    ) -> Outcome<Option<AttachedFile>> {
        let Some((document, _)) = self.by_source(source, scope)? else {
            return Ok(None);
        };
        let sql = "SELECT attachment, content FROM attachments WHERE document = ?1 AND role = ?2 AND name = ?3";
        self.one(sql, (document, role_name(role), name), |row| {
            Ok(AttachedFile {
                attachment: json(row, 0)?,
                content: row.get(1)?,
            })
        })
    }

    pub(in crate::embedded) fn documents(&self, scope: &Scope) -> Outcome<Vec<DocumentSummary>> {
        let sql = "SELECT id, pages, chunks, committed_at FROM documents ORDER BY source";
        let mut summaries = self.all(sql, [], |row| {
            let meta = self.meta(row.get(0)?)?;
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

    /// What all roots say, the default root first.
    pub(in crate::embedded) fn description(&self) -> Outcome<LibraryDescription> {
        let sql = "SELECT description FROM descriptions ORDER BY root <> ?1, root";
        let all: Vec<LibraryDescription> =
            self.all(sql, [RootName::DEFAULT], |row| json(row, 0))?;
        Ok(all
            .into_iter()
            .reduce(LibraryDescription::merged)
            .unwrap_or_default())
    }

    pub(in crate::embedded) fn manifest(&self, root: &RootName) -> Outcome<Vec<ManifestEntry>> {
        let sql = "SELECT source, folder, input FROM documents WHERE root = ?1 ORDER BY source";
        self.all(sql, [root.as_str()], |row| {
            let source: String = row.get(0)?;
            let source = source.parse().map_err(|_| Failure::stored("source path"))?;
            Ok(ManifestEntry {
                source,
                folder: row.get(1)?,
                input: hash(row, 2)?,
            })
        })
    }

    /// Where the documents were read from: root, folder, how many.
    pub(in crate::embedded) fn indexed_roots(&self) -> Outcome<Vec<IndexedRoot>> {
        let sql = "SELECT root, folder, count(*) FROM documents GROUP BY root, folder ORDER BY root, folder";
        self.all(sql, [], |row| {
            let root: String = row.get(0)?;
            let root = root.parse().map_err(|_| Failure::stored("root"))?;
            Ok(IndexedRoot {
                root,
                folder: row.get(1)?,
                documents: row.get::<_, i64>(2)?.cast_unsigned(),
            })
        })
    }

    fn by_source(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Outcome<Option<(i64, Arc<DocumentMeta>)>> {
        self.seen(
            "SELECT id FROM documents WHERE source = ?1",
            source.as_str(),
            scope,
        )
    }

    /// The document that `sql` names, if it lies in the scope.
    fn seen(
        &self,
        sql: &str,
        name: &str,
        scope: &Scope,
    ) -> Outcome<Option<(i64, Arc<DocumentMeta>)>> {
        let Some(document) = self.one(sql, [name], |row| Ok(row.get(0)?))? else {
            return Ok(None);
        };
        let meta = self.meta(document)?;
        Ok(scope.contains(&meta).then_some((document, meta)))
    }

    fn meta(&self, document: i64) -> Outcome<Arc<DocumentMeta>> {
        self.catalogue.remembered(document, || {
            let mut select = self
                .transaction
                .prepare_cached("SELECT meta FROM documents WHERE id = ?1")?;
            let text: String = select.query_row([document], |row| row.get(0))?;
            Ok(serde_json::from_str(&text)?)
        })
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Outcome<T>,
    ) -> Outcome<Vec<T>> {
        let mut select = self.transaction.prepare_cached(sql)?;
        let mut rows = select.query(params)?;

        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }

        Ok(found)
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Outcome<T>,
    ) -> Outcome<Option<T>> {
        let mut select = self.transaction.prepare_cached(sql)?;
        let mut rows = select.query(params)?;
        rows.next()?.map(read).transpose()
    }
}

/// The passage in a row of [`CHUNK`].
fn chunk(row: &Row<'_>, meta: &Arc<DocumentMeta>) -> Outcome<Chunk> {
    let ordinal: u32 = row.get(0)?;
    let place: Place = json(row, 1)?;
    Ok(Chunk {
        chunk_id: ChunkId::new(&meta.source, ordinal),
        document: Arc::clone(meta),
        ordinal,
        page: place.page,
        headings: place.headings,
        context: row.get(2)?,
        text: row.get(3)?,
        spans: place.spans,
        text_hash: hash(row, 4)?,
        passage_hash: hash(row, 5)?,
    })
}

fn hash(row: &Row<'_>, column: usize) -> Outcome<ContentHash> {
    Ok(ContentHash::from_bytes(row.get(column)?))
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Outcome<T> {
    Ok(serde_json::from_str(
        row.get_ref(column)?
            .as_str()
            .map_err(|_| Failure::stored("text"))?,
    )?)
}
