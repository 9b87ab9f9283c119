//! Which documents have no vectors yet, and which got theirs in the current epoch.
//!
//! A document that was committed with its vectors is in none of these tables. One that was committed
//! with its words only is in `unpublished_vectors` until an epoch with its vectors begins; then it is
//! in `published_vectors` until the next one begins, so that what the epoch before showed can still be
//! told.

use std::sync::Arc;

use mcdewey_core::{
    Chunk, ContentHash, DocumentMeta, PassageToEmbed, Scope, SourcePath, VectorCoverage,
    VectorEpoch,
};
use rusqlite::OptionalExtension;
use uuid::Uuid;

use super::read::{Snapshot, hash, unsigned};
use super::write::Change;
use crate::embedded::error::EmbeddedResult;
use crate::prepare::Prepared;

/// The tokens counted for a passage whose length is not known: one for so many bytes.
const BYTES_PER_TOKEN: i64 = 4;

/// A document without vectors, as the catalogue lists it.
#[derive(Debug)]
pub(in crate::embedded) struct MissingVectors {
    pub(in crate::embedded) meta: Arc<DocumentMeta>,
    pub(in crate::embedded) chunks: u32,
    /// Whether its vectors are stored, and wait for the next epoch.
    pub(in crate::embedded) is_embedded: bool,
}

/// The points of a document without vectors.
#[derive(Debug)]
pub(in crate::embedded) struct PointsWithoutVectors {
    pub(in crate::embedded) document: i64,
    /// Each with the key of its vector.
    pub(in crate::embedded) points: Vec<(Uuid, ContentHash)>,
}

impl Snapshot<'_> {
    pub(in crate::embedded) fn epoch(&self) -> EmbeddedResult<VectorEpoch> {
        let epoch = self.one("SELECT epoch FROM vector_state", [], |row| {
            Ok(unsigned(row, 0)?)
        })?;
        Ok(VectorEpoch(epoch.unwrap_or_default()))
    }

    /// How many chunks have no vector in the current epoch.
    pub(in crate::embedded) fn chunks_without_vectors(&self) -> EmbeddedResult<u64> {
        let sql = "SELECT coalesce(sum(chunks), 0) FROM unpublished_vectors";
        let chunks = self.one(sql, [], |row| Ok(unsigned(row, 0)?))?;
        Ok(chunks.unwrap_or_default())
    }

    /// The documents without vectors in the current epoch, ordered by source.
    pub(in crate::embedded) fn missing_vectors(&self) -> EmbeddedResult<Vec<MissingVectors>> {
        let sql = "SELECT document, chunks, embedded FROM unpublished_vectors";
        let mut missing = self.all(sql, [], |row| {
            Ok(MissingVectors {
                meta: self.metadata(row.get(0)?)?,
                chunks: row.get(1)?,
                is_embedded: row.get(2)?,
            })
        })?;

        missing.sort_by(|a, b| a.meta.source.cmp(&b.meta.source));
        Ok(missing)
    }

    /// How many passages in the scope have a vector in this epoch; `None` if it is neither the
    /// current one nor the one before.
    pub(in crate::embedded) fn coverage(
        &self,
        scope: &Scope,
        epoch: VectorEpoch,
    ) -> EmbeddedResult<Option<VectorCoverage>> {
        let current = self.epoch()?;
        let tables = if epoch == current {
            "SELECT document, chunks FROM unpublished_vectors"
        } else if Some(epoch) == current.previous() {
            "SELECT document, chunks FROM unpublished_vectors \
             UNION ALL SELECT document, chunks FROM published_vectors"
        } else {
            return Ok(None);
        };

        let missing = self.count_in_scope(tables, scope)?;
        let passages = self.count_in_scope("SELECT id, chunks FROM documents", scope)?;
        Ok(Some(VectorCoverage {
            passages,
            embedded: passages.saturating_sub(missing),
        }))
    }

    /// Adds up the chunks of those documents that are in the scope; `sql` selects ids and numbers.
    fn count_in_scope(&self, sql: &str, scope: &Scope) -> EmbeddedResult<u64> {
        let counted = self.all(sql, [], |row| {
            let meta = self.metadata(row.get(0)?)?;
            Ok(if scope.contains(&meta) {
                unsigned(row, 1)?
            } else {
                0
            })
        })?;
        Ok(counted.into_iter().sum())
    }

    /// The number and the tokens of the different passages that have to be embedded.
    pub(in crate::embedded) fn work_left(&self) -> EmbeddedResult<(u64, u64)> {
        let sql = "SELECT count(*), coalesce(sum(tokens), 0) FROM passages_to_embed";
        let work = self.one(sql, [], |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))?;
        Ok(work.unwrap_or_default())
    }

    /// The passages of a document that have to be embedded, in document order. Equal ones may be
    /// repeated.
    pub(in crate::embedded) fn passages_to_embed(
        &self,
        source: &SourcePath,
    ) -> EmbeddedResult<Vec<PassageToEmbed>> {
        let sql = "SELECT wanted.embedding_key, wanted.tokens, passages.context, passages.text \
                   FROM documents JOIN passages ON passages.document = documents.id \
                   JOIN passages_to_embed AS wanted \
                   ON wanted.embedding_key = passages.embedding_key \
                   WHERE documents.source = ?1 \
                   AND documents.id IN (SELECT document FROM unpublished_vectors) \
                   ORDER BY passages.ordinal";
        self.all(sql, [source.as_str()], |row| {
            let (context, text): (String, String) = (row.get(2)?, row.get(3)?);
            Ok(PassageToEmbed {
                key: hash(row, 0)?,
                text: Chunk::dense_text_of(&context, &text),
                tokens: row.get(1)?,
            })
        })
    }

    /// Reports whether a document has no vectors because it is not embedded yet.
    pub(in crate::embedded) fn awaits_vectors(&self, source: &SourcePath) -> EmbeddedResult<bool> {
        let sql = "SELECT 1 FROM documents JOIN unpublished_vectors AS missing \
                   ON missing.document = documents.id WHERE source = ?1 AND NOT missing.embedded";
        Ok(self.one(sql, [source.as_str()], |_| Ok(()))?.is_some())
    }

    /// The points of a document whose vectors are not stored yet; `None` if there is no such document.
    pub(in crate::embedded) fn points_without_vectors(
        &self,
        source: &SourcePath,
    ) -> EmbeddedResult<Option<PointsWithoutVectors>> {
        let sql = "SELECT id FROM documents JOIN unpublished_vectors AS missing \
                   ON missing.document = documents.id WHERE source = ?1 AND NOT missing.embedded";
        let Some(document): Option<i64> =
            self.one(sql, [source.as_str()], |row| Ok(row.get(0)?))?
        else {
            return Ok(None);
        };

        let sql = "SELECT points.point, passages.embedding_key FROM points JOIN passages \
                   ON passages.document = points.document AND passages.ordinal = points.ordinal \
                   WHERE points.document = ?1 ORDER BY points.ordinal";
        let points = self.all(sql, [document], |row| {
            Ok((Uuid::from_bytes(row.get(0)?), hash(row, 1)?))
        })?;

        Ok(Some(PointsWithoutVectors { document, points }))
    }
}

impl Change<'_> {
    /// Records that a document was committed with its words only. `wanted` are the keys of its
    /// vectors that are not in the cache.
    pub(super) fn insert_missing_vectors(
        &self,
        id: i64,
        document: &Prepared,
    ) -> EmbeddedResult<()> {
        let Some(wanted) = &document.keys_to_embed else {
            return Ok(());
        };

        let sql = "INSERT INTO unpublished_vectors (document, chunks, embedded) VALUES (?1, ?2, 0)";
        self.transaction()
            .prepare_cached(sql)?
            .execute((id, document.chunks.len() as i64))?;

        let sql = "INSERT OR IGNORE INTO passages_to_embed (embedding_key, tokens) VALUES (?1, ?2)";
        let mut insert = self.transaction().prepare_cached(sql)?;
        for chunk in &document.chunks {
            if wanted.contains(&chunk.embedding_key) {
                insert.execute((chunk.embedding_key.as_bytes(), chunk.tokens))?;
            }
        }

        Ok(())
    }

    /// Records that these vectors are in the cache.
    pub(in crate::embedded) fn set_cached<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k ContentHash>,
    ) -> EmbeddedResult<()> {
        let sql = "DELETE FROM passages_to_embed WHERE embedding_key = ?1";
        let mut delete = self.transaction().prepare_cached(sql)?;
        for key in keys {
            delete.execute([key.as_bytes()])?;
        }

        Ok(())
    }

    /// Records that the vectors of a document are stored, and wait for the next epoch.
    pub(in crate::embedded) fn set_embedded(&self, document: i64) -> EmbeddedResult<()> {
        self.transaction()
            .prepare_cached("UPDATE unpublished_vectors SET embedded = 1 WHERE document = ?1")?
            .execute([document])?;
        Ok(())
    }

    /// Records that a document has lost its vectors: it has to be embedded again.
    pub(in crate::embedded) fn lose_vectors(&self, source: &SourcePath) -> EmbeddedResult<()> {
        let select = "SELECT id FROM documents WHERE source = ?1";
        let found: Option<i64> = self
            .transaction()
            .query_row(select, [source.as_str()], |row| row.get(0))
            .optional()?;
        let Some(document) = found else {
            return Ok(());
        };

        self.forget_vectors_of(document)?;
        self.transaction().execute(
            "INSERT INTO unpublished_vectors (document, chunks, embedded) \
             SELECT id, chunks, 0 FROM documents WHERE id = ?1",
            [document],
        )?;
        self.transaction().execute(
            "INSERT OR IGNORE INTO passages_to_embed (embedding_key, tokens) \
             SELECT embedding_key, 1 + length(text) / ?2 FROM passages WHERE document = ?1",
            (document, BYTES_PER_TOKEN),
        )?;

        Ok(())
    }

    /// Forgets what is known about the vectors of a document that is removed or replaced.
    pub(super) fn forget_vectors_of(&self, document: i64) -> EmbeddedResult<()> {
        for table in ["unpublished_vectors", "published_vectors"] {
            let sql = format!("DELETE FROM {table} WHERE document = ?1");
            self.transaction()
                .prepare_cached(&sql)?
                .execute([document])?;
        }

        Ok(())
    }

    /// Begins the next epoch if vectors wait for it, and if `is_due` or no other document lacks its
    /// vectors. Returns the current epoch, and whether it has just begun.
    pub(in crate::embedded) fn publish_vectors(
        &self,
        is_due: bool,
    ) -> EmbeddedResult<(VectorEpoch, bool)> {
        let transaction = self.transaction();
        let (waiting, lacking): (i64, i64) = transaction.query_row(
            "SELECT coalesce(sum(embedded), 0), coalesce(sum(NOT embedded), 0) \
             FROM unpublished_vectors",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;

        if lacking == 0 {
            // Left by documents that were replaced before they were embedded.
            transaction.execute("DELETE FROM passages_to_embed", [])?;
        }

        let begins = waiting > 0 && (is_due || lacking == 0);
        if begins {
            transaction.execute_batch(
                "DELETE FROM published_vectors;
                 INSERT INTO published_vectors (document, chunks)
                     SELECT document, chunks FROM unpublished_vectors WHERE embedded;
                 DELETE FROM unpublished_vectors WHERE embedded;
                 UPDATE vector_state SET epoch = epoch + 1;",
            )?;
        }

        let epoch: i64 =
            transaction.query_row("SELECT epoch FROM vector_state", [], |row| row.get(0))?;
        Ok((VectorEpoch(epoch.cast_unsigned()), begins))
    }
}
