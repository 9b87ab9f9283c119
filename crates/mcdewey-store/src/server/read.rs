//! Reads of documents, pages, chunks and cached vectors. The ids of points of a pinned revision are
//! computed, not searched for: a point that is found by such an id belongs to that revision, whatever
//! the library's revision is meanwhile.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use mcdewey_core::{
    Chunk, ChunkId, ContentHash, Document, DocumentPage, Page, PageNumber, Scope, SourcePath,
};
use qdrant_client::qdrant::{Condition, Filter, Value};
use uuid::Uuid;

use super::point::{self, DOCUMENT, HANDLE, KIND, PAGE, kind};
use super::server_error::ServerError;
use super::shared::{Found, Pin, PinnedReplica, Shared};
use crate::facets;

impl Shared {
    pub(super) async fn chunks(
        &self,
        pin: &Pin,
        ids: &[ChunkId],
        scope: &Scope,
    ) -> Result<Vec<Chunk>, ServerError> {
        self.read_pinned(pin, |replica| async move {
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

    pub(super) async fn chunks_around(
        &self,
        pin: &Pin,
        id: &ChunkId,
        context: u32,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, ServerError> {
        self.read_pinned(pin, |replica| async move {
            let ordinal = id.ordinal();
            let Some(document) = replica
                .visible_by_prefix(id.document_prefix(), scope)
                .filter(|document| ordinal < document.chunks)
            else {
                return Ok(Found::complete(Vec::new()));
            };

            let last = ordinal.saturating_add(context).min(document.chunks - 1);
            let points: Vec<Uuid> = (ordinal.saturating_sub(context)..=last)
                .map(|ordinal| point::chunk_point_id(&document.source, ordinal, &document.hash))
                .collect();
            self.chunks_by_point(&replica, &points, scope).await
        })
        .await
    }

    pub(super) async fn document_chunks(
        &self,
        pin: &Pin,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, ServerError> {
        self.read_pinned(pin, |replica| {
            let ordinals = ordinals.clone();
            async move {
                let Some(document) = replica.visible(source, scope) else {
                    return Ok(Found::complete(Vec::new()));
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
        pin: &Pin,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, ServerError> {
        self.read_pinned(pin, |replica| async move {
            let Some(document) = replica.visible(source, scope) else {
                return Ok(Found::complete(Vec::new()));
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
            Ok(Found::perhaps_incomplete(chunks))
        })
        .await
    }

    pub(super) async fn chunks_by_handle(
        &self,
        pin: &Pin,
        handle: &str,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, ServerError> {
        self.read_pinned(pin, |replica| async move {
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

            Ok(Found::perhaps_incomplete(chunks))
        })
        .await
    }

    pub(super) async fn page(
        &self,
        pin: &Pin,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<Page>, ServerError> {
        self.read_pinned(pin, |replica| async move {
            let Some(document) = replica.visible(source, scope) else {
                return Ok(Found::complete(None));
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
            Ok(match pages.into_iter().next() {
                Some((_, page)) => Found::complete(Some(page)),
                None => Found::perhaps_incomplete(None),
            })
        })
        .await
    }

    /// Reads a document, one of its pages and the chunks on it, in concurrent requests.
    pub(super) async fn page_with_document(
        &self,
        pin: &Pin,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<DocumentPage>, ServerError> {
        let (document, page, chunks) = tokio::try_join!(
            self.document(pin, source, scope),
            self.page(pin, source, page, scope),
            self.chunks_on_page(pin, source, page, scope),
        )?;

        Ok(document.map(|document| DocumentPage {
            document,
            page,
            chunks,
        }))
    }

    pub(super) async fn document(
        &self,
        pin: &Pin,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Option<Document>, ServerError> {
        self.read_pinned(pin, |replica| self.document_of(replica, source, scope))
            .await
    }

    /// Reads a document of a pinned revision from its point or, if this process has replaced that,
    /// from what it kept. If another process has replaced it, only its present revision is left.
    pub(super) async fn document_of(
        &self,
        replica: Arc<PinnedReplica>,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Found<Option<Document>>, ServerError> {
        let Some(pinned) = replica.visible(source, scope) else {
            return Ok(Found::complete(None));
        };

        let present = self.present_documents(std::iter::once(source)).await?.pop();
        let is_pinned = |document: &Document| document.hash == pinned.hash;
        let found = match present {
            Some(document) if is_pinned(&document) => Some(document),
            other => match self.kept_documents.get(source, &pinned.hash) {
                Some(kept) => Some(Document::clone(&kept)),
                None => {
                    let visible = other.filter(|document| scope.contains(&document.meta));
                    return Ok(Found::perhaps_incomplete(visible));
                }
            },
        };

        Ok(Found::complete(found.map(|document| Document {
            meta: Arc::clone(&pinned.meta),
            committed_at: pinned.committed_at,
            ..document
        })))
    }

    /// Reads the points of documents, each of which is replaced atomically.
    pub(super) async fn present_documents<'a>(
        &self,
        sources: impl Iterator<Item = &'a SourcePath>,
    ) -> Result<Vec<Document>, ServerError> {
        let ids: Vec<Uuid> = sources.map(point::document_id).collect();
        let found = match self.points.get(&ids, &[], false).await {
            Err(ServerError::NoCollection) => Vec::new(),
            found => found?,
        };

        Ok(found
            .into_iter()
            .filter(|found| point::text_field(&found.payload, KIND) == Some(kind::DOCUMENT))
            .map(|found| point::read_document(found.payload))
            .collect::<Result<_, _>>()?)
    }

    /// Returns the chunks of these points, in the same order.
    async fn chunks_by_point(
        &self,
        replica: &PinnedReplica,
        ids: &[Uuid],
        scope: &Scope,
    ) -> Result<Found<Vec<Chunk>>, ServerError> {
        if ids.is_empty() {
            return Ok(Found::complete(Vec::new()));
        }

        let found = self.points.get(ids, &[], false).await?;
        let by_id: HashMap<String, HashMap<String, Value>> = found
            .into_iter()
            .filter_map(|found| Some((id_text(found.id?)?, found.payload)))
            .collect();

        let ordered = ids
            .iter()
            .filter_map(|id| by_id.get(&id.to_string()).cloned());
        let chunks = read_chunks(ordered, replica, scope)?;
        if chunks.len() == ids.len() {
            return Ok(Found::complete(chunks));
        }

        Ok(Found::perhaps_incomplete(chunks))
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
    replica: &PinnedReplica,
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
