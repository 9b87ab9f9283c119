//! Readers of the index on a server. What they read is a snapshot as far as this process can make it
//! one.
//!
//! A reader pins the replica of the catalogue. State, description and list of documents come from it
//! alone. Documents, pages, chunks, files and ranked lists come from the server's points; this
//! process deletes none that is live in a pinned replica, and keeps the documents that it replaces.
//! So changes that this process makes are never visible to its earlier readers.
//!
//! Another process knows nothing of these readers, and deletes what it replaces. A chunk, document or
//! file that a reader can still find in its revision is returned even so; if something is missing,
//! and for everything that is searched for, the reader moves on to the current revision and stays
//! there. Its state is still that of its beginning.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use mcdewey_core::{
    AttachedFile, AttachmentRole, CandidateQuery, Candidates, Chunk, ChunkId, Document,
    DocumentPage, DocumentSummary, IndexError, IndexReader, IndexState, LibraryDescription, Page,
    PageNumber, Scope, SourcePath, VectorCoverage, VectorEpoch,
};

use super::search;
use super::server_error::ServerError;
use super::shared::{Pin, PinnedReplica, Shared};

/// An [`IndexReader`] of a [`ServerIndex`](super::ServerIndex).
pub(super) struct ServerReader {
    shared: Arc<Shared>,
    pin: Pin,
    state: IndexState,
}

impl ServerReader {
    pub(super) fn new(shared: Arc<Shared>, replica: Arc<PinnedReplica>) -> Self {
        Self {
            state: replica.state(&shared.generation),
            pin: Pin::new(replica),
            shared,
        }
    }

    /// Converts the error of a result for callers.
    fn explain<T>(&self, result: Result<T, ServerError>) -> Result<T, IndexError> {
        result.map_err(|error| self.shared.to_index_error(error))
    }
}

#[async_trait]
impl IndexReader for ServerReader {
    fn state(&self) -> &IndexState {
        &self.state
    }

    /// Every document of this index has its vectors.
    async fn coverage(
        &self,
        scope: &Scope,
        epoch: VectorEpoch,
    ) -> Result<Option<VectorCoverage>, IndexError> {
        let documents = self.pin.replica().summaries(scope);
        let passages = documents
            .iter()
            .map(|document| u64::from(document.chunks))
            .sum();
        Ok((epoch == self.state.epoch).then_some(VectorCoverage {
            passages,
            embedded: passages,
        }))
    }

    async fn candidates(
        &self,
        query: &CandidateQuery,
        scope: &Scope,
    ) -> Result<Candidates, IndexError> {
        search::candidates(&self.shared, &self.pin, query, scope).await
    }

    async fn occurring_words(
        &self,
        words: &[String],
        scope: &Scope,
    ) -> Result<BTreeSet<String>, IndexError> {
        search::occurring_words(&self.shared, &self.pin, words, scope).await
    }

    async fn chunks(&self, ids: &[ChunkId], scope: &Scope) -> Result<Vec<Chunk>, IndexError> {
        self.explain(self.shared.chunks(&self.pin, ids, scope).await)
    }

    async fn chunks_around(
        &self,
        id: &ChunkId,
        context: u32,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        let chunks = self.shared.chunks_around(&self.pin, id, context, scope);
        self.explain(chunks.await)
    }

    async fn document_chunks(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        self.explain(
            self.shared
                .document_chunks(&self.pin, source, ordinals, scope)
                .await,
        )
    }

    async fn chunks_on_page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        self.explain(
            self.shared
                .chunks_on_page(&self.pin, source, page, scope)
                .await,
        )
    }

    async fn chunks_by_handle(
        &self,
        handle: &str,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        self.explain(self.shared.chunks_by_handle(&self.pin, handle, scope).await)
    }

    async fn page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<Page>, IndexError> {
        self.explain(self.shared.page(&self.pin, source, page, scope).await)
    }

    async fn page_with_document(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<DocumentPage>, IndexError> {
        let found = self
            .shared
            .page_with_document(&self.pin, source, page, scope);
        self.explain(found.await)
    }

    async fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Option<Document>, IndexError> {
        self.explain(self.shared.document(&self.pin, source, scope).await)
    }

    async fn attachment(
        &self,
        source: &SourcePath,
        role: AttachmentRole,
        name: &str,
        scope: &Scope,
    ) -> Result<Option<AttachedFile>, IndexError> {
        self.explain(
            self.shared
                .attachment(&self.pin, source, (role, name), scope)
                .await,
        )
    }

    async fn documents(&self, scope: &Scope) -> Result<Vec<DocumentSummary>, IndexError> {
        Ok(self.pin.replica().summaries(scope))
    }

    async fn description(&self) -> Result<LibraryDescription, IndexError> {
        Ok(self.pin.replica().description())
    }
}
