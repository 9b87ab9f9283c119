//! Reads of documents, pages, chunks and cached vectors. The ids of points of a live revision are
//! computed, not searched for.

use std::collections::HashMap;
use std::ops::Range;

use mcdewey_core::{Chunk, ChunkId, ContentHash, Document, Page, PageNumber, Scope, SourcePath};
use qdrant_client::qdrant::{Condition, Filter, Value};
use uuid::Uuid;

use super::point::{self, DOCUMENT, HANDLE, KIND, PAGE, kind};
use super::server_error::ServerError;
use super::shared::{ReplicaGuard, Shared};
use crate::facets;

impl Shared {
    pub(super) async fn chunks(
        &self,
        ids: &[ChunkId],
        scope: &Scope,
    ) -> Result<Vec<Chunk>, ServerError> {
        self.consistent_read(|replica| async move {
            let points = ids.iter().filter_map(|id| {
                let document = replica.visible_by_prefix(id.document_prefix(), scope)?;
                (id.ordinal() < document.chunks)
                    .then(|| point::chunk_point_id(&document.source, id.ordinal(), &document.hash))
            });
            self.chunks_by_point(&replica, &points.collect::<Vec<_>>(), scope)
                .await
        })
        .await
    }

    pub(super) async fn document_chunks(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, ServerError> {
        self.consistent_read(|replica| {
            let ordinals = ordinals.clone();
            async move {
                let Some(document) = replica.visible(source, scope) else {
                    return Ok(Vec::new());
                };
                let ordinals = ordinals.start..ordinals.end.min(document.chunks);
                let points: Vec<Uuid> = ordinals
                    .map(|ordinal| point::chunk_point_id(source, ordinal, &document.hash))
                    .collect();
                self.chunks_by_point(&replica, &points, scope).await
            }
        })
        .await
    }

    pub(super) async fn chunks_on_page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, ServerError> {
        self.consistent_read(|replica| async move {
            let Some(document) = replica.visible(source, scope) else {
                return Ok(Vec::new());
            };

            let found = self
                .points
                .scroll(&on_page(&document.hash, kind::CHUNK, page), &[])
                .await?;
            let mut chunks = read_chunks(
                found.into_iter().map(|found| found.payload),
                &replica,
                scope,
            )?;
            chunks.sort_by_key(|chunk| chunk.ordinal);
            Ok(chunks)
        })
        .await
    }

    pub(super) async fn chunks_by_handle(
        &self,
        handle: &str,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, ServerError> {
        self.consistent_read(|replica| async move {
            let filter = Filter::must([Condition::matches(HANDLE, handle.to_owned())]);
            let found = match self.points.scroll(&filter, &[]).await {
                Err(ServerError::NoCollection) => Vec::new(),
                found => found?,
            };
            let mut chunks = read_chunks(
                found.into_iter().map(|found| found.payload),
                &replica,
                scope,
            )?;
            chunks.sort_by(|left, right| left.chunk_id.cmp(&right.chunk_id));

            Ok(chunks)
        })
        .await
    }

    pub(super) async fn page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<Page>, ServerError> {
        self.consistent_read(|replica| async move {
            let Some(document) = replica.visible(source, scope) else {
                return Ok(None);
            };

            let found = self
                .points
                .scroll(&on_page(&document.hash, kind::PAGE, page), &[])
                .await?;

            let mut pages = found
                .into_iter()
                .map(|found| point::read_page(found.payload))
                .collect::<Result<Vec<_>, _>>()?;
            pages.sort_by_key(|(position, _)| *position);
            Ok(pages.into_iter().next().map(|(_, page)| page))
        })
        .await
    }

    /// Reads a document from its single point, which is replaced atomically.
    pub(super) async fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Option<Document>, ServerError> {
        let found = match self
            .points
            .get(&[point::document_id(source)], &[], false)
            .await
        {
            Err(ServerError::NoCollection) => return Ok(None),
            found => found?.into_iter().next(),
        };

        let Some(found) =
            found.filter(|found| point::text_field(&found.payload, KIND) == Some(kind::DOCUMENT))
        else {
            return Ok(None);
        };

        let document = point::read_document(found.payload)?;
        Ok(scope.contains(&document.meta).then_some(document))
    }

    /// Returns the chunks of these points, in the same order.
    async fn chunks_by_point(
        &self,
        replica: &ReplicaGuard,
        ids: &[Uuid],
        scope: &Scope,
    ) -> Result<Vec<Chunk>, ServerError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }

        let found = self.points.get(ids, &[], false).await?;
        let by_id: HashMap<String, HashMap<String, Value>> = found
            .into_iter()
            .filter_map(|found| Some((id_text(found.id?)?, found.payload)))
            .collect();

        let ordered = ids
            .iter()
            .filter_map(|id| by_id.get(&id.to_string()).cloned());
        read_chunks(ordered, replica, scope)
    }

    /// Returns the cached vector for each key, in order.
    pub(super) async fn cached_vectors(
        &self,
        keys: &[ContentHash],
    ) -> Result<Vec<Option<Vec<f32>>>, ServerError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }

        let ids: Vec<Uuid> = keys.iter().map(vector_id).collect();
        let found = match self.vectors.get(&ids, &[], true).await {
            Err(ServerError::NoCollection) => return Ok(vec![None; keys.len()]),
            found => found?,
        };

        let by_id: HashMap<String, Vec<f32>> = found
            .into_iter()
            .filter_map(|found| Some((id_text(found.id?)?, point::unnamed_vector(found.vectors)?)))
            .collect();

        Ok(ids
            .iter()
            .map(|id| by_id.get(&id.to_string()).cloned())
            .collect())
    }
}

/// The id of a cached vector: the first half of its key, 128 bits of a hash.
pub(super) fn vector_id(key: &ContentHash) -> Uuid {
    let mut half = [0; 16];
    half.copy_from_slice(&key.as_bytes()[..16]);
    Uuid::from_bytes(half)
}

/// Parses the chunks that are live and in scope.
fn read_chunks(
    payloads: impl Iterator<Item = HashMap<String, Value>>,
    replica: &ReplicaGuard,
    scope: &Scope,
) -> Result<Vec<Chunk>, ServerError> {
    let mut chunks = Vec::new();
    for payload in payloads {
        let Some((hash, meta)) = point::text_field(&payload, facets::SOURCE)
            .and_then(|source| replica.live_revision(source, scope))
        else {
            continue;
        };
        if point::text_field(&payload, DOCUMENT) == Some(hash.to_string().as_str()) {
            chunks.push(point::read_chunk(payload, &meta)?);
        }
    }

    Ok(chunks)
}

/// Matches the points of one kind on a page of one revision of a document.
fn on_page(hash: &ContentHash, kind: &str, page: PageNumber) -> Filter {
    Filter::must([
        Condition::matches(DOCUMENT, hash.to_string()),
        Condition::matches(KIND, kind.to_owned()),
        Condition::matches(PAGE, i64::from(page.0)),
    ])
}

fn id_text(id: qdrant_client::qdrant::PointId) -> Option<String> {
    match id.point_id_options? {
        qdrant_client::qdrant::point_id::PointIdOptions::Uuid(id) => Some(id),
        qdrant_client::qdrant::point_id::PointIdOptions::Num(_) => None,
    }
}
