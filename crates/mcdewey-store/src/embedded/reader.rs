//! Readers of the index in a directory. All reads of one reader come from one snapshot of the
//! catalogue, and run on the runtime's blocking threads.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use mcdewey_core::{
    AttachedFile, AttachmentRole, CandidateQuery, Candidates, Chunk, ChunkId, Document,
    DocumentPage, DocumentSummary, IndexError, IndexReader, IndexState, LibraryDescription, Page,
    PageNumber, Scope, SourcePath, VectorCoverage, VectorEpoch,
};

use super::catalogue::Snapshot;
use super::error::EmbeddedResult;
use super::held_snapshot::{self, HeldSnapshot};
use super::{Shared, blocking, search};

/// An [`IndexReader`] of an [`EmbeddedIndex`](super::EmbeddedIndex).
pub(super) struct EmbeddedReader {
    /// Weak, because a reader that is never dropped must not keep the files in use.
    shared: Weak<Shared>,
    snapshot: Arc<HeldSnapshot>,
    state: IndexState,
}

impl EmbeddedReader {
    /// Takes a snapshot of the library as it is now.
    pub(super) async fn begin(shared: &Arc<Shared>) -> Result<Self, IndexError> {
        let permit = shared.catalogue.held().permit().await?;
        let (snapshot, state) = blocking(Arc::clone(shared), move |shared| {
            let snapshot = shared.catalogue.hold(permit)?;
            let state = shared
                .catalogue
                .read_held(&snapshot, |snapshot| shared.state_of(snapshot))?;
            Ok((snapshot, state))
        })
        .await?;

        Ok(Self {
            shared: Arc::downgrade(shared),
            snapshot,
            state,
        })
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> EmbeddedResult<T> + Send + 'static,
    ) -> Result<T, IndexError> {
        self.read_shared(|_, snapshot| query(snapshot)).await
    }

    /// Reads from the snapshot and from what else the index consists of.
    async fn read_shared<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Shared, &Snapshot<'_>) -> EmbeddedResult<T> + Send + 'static,
    ) -> Result<T, IndexError> {
        let shared = self.shared.upgrade().ok_or_else(held_snapshot::ended)?;
        let snapshot = Arc::clone(&self.snapshot);
        blocking(shared, move |shared| {
            shared
                .catalogue
                .read_held(&snapshot, |snapshot| query(shared, snapshot))
        })
        .await
    }
}

#[async_trait]
impl IndexReader for EmbeddedReader {
    fn state(&self) -> &IndexState {
        &self.state
    }

    async fn coverage(
        &self,
        scope: &Scope,
        epoch: VectorEpoch,
    ) -> Result<Option<VectorCoverage>, IndexError> {
        let scope = scope.clone();
        self.read(move |snapshot| snapshot.coverage(&scope, epoch))
            .await
    }

    async fn candidates(
        &self,
        query: &CandidateQuery,
        scope: &Scope,
    ) -> Result<Candidates, IndexError> {
        let (query, scope) = (query.clone(), scope.clone());
        self.read_shared(move |shared, snapshot| {
            search::candidates(shared, snapshot, &query, &scope)
        })
        .await
    }

    fn lists_are_independent(&self) -> bool {
        true
    }

    async fn occurring_words(
        &self,
        words: &[String],
        scope: &Scope,
    ) -> Result<BTreeSet<String>, IndexError> {
        let (words, scope) = (words.to_vec(), scope.clone());
        self.read_shared(move |shared, snapshot| {
            search::occurring_words(shared, snapshot, &words, &scope)
        })
        .await
    }

    async fn chunks(&self, ids: &[ChunkId], scope: &Scope) -> Result<Vec<Chunk>, IndexError> {
        let (ids, scope) = (ids.to_vec(), scope.clone());
        self.read(move |snapshot| snapshot.chunks(&ids, &scope))
            .await
    }

    async fn chunks_around(
        &self,
        id: &ChunkId,
        context: u32,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        let (id, scope) = (id.clone(), scope.clone());
        self.read(move |snapshot| snapshot.chunks_around(&id, context, &scope))
            .await
    }

    async fn document_chunks(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        let (source, scope) = (source.clone(), scope.clone());
        self.read(move |snapshot| snapshot.document_chunks(&source, ordinals, &scope))
            .await
    }

    async fn chunks_on_page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        let (source, scope) = (source.clone(), scope.clone());
        self.read(move |snapshot| snapshot.chunks_on_page(&source, page, &scope))
            .await
    }

    async fn chunks_by_handle(
        &self,
        handle: &str,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        let (handle, scope) = (handle.to_owned(), scope.clone());
        self.read(move |snapshot| snapshot.chunks_by_handle(&handle, &scope))
            .await
    }

    async fn page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<Page>, IndexError> {
        let (source, scope) = (source.clone(), scope.clone());
        self.read(move |snapshot| snapshot.page(&source, page, &scope))
            .await
    }

    async fn page_with_document(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<DocumentPage>, IndexError> {
        let (source, scope) = (source.clone(), scope.clone());
        self.read(move |snapshot| snapshot.page_with_document(&source, page, &scope))
            .await
    }

    async fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Option<Document>, IndexError> {
        let (source, scope) = (source.clone(), scope.clone());
        self.read(move |snapshot| snapshot.document(&source, &scope))
            .await
    }

    async fn attachment(
        &self,
        source: &SourcePath,
        role: AttachmentRole,
        name: &str,
        scope: &Scope,
    ) -> Result<Option<AttachedFile>, IndexError> {
        let (source, name, scope) = (source.clone(), name.to_owned(), scope.clone());
        self.read(move |snapshot| snapshot.attachment(&source, role, &name, &scope))
            .await
    }

    async fn documents(&self, scope: &Scope) -> Result<Vec<DocumentSummary>, IndexError> {
        let scope = scope.clone();
        self.read(move |snapshot| snapshot.documents(&scope)).await
    }

    async fn description(&self) -> Result<LibraryDescription, IndexError> {
        self.read(|snapshot| snapshot.description()).await
    }
}
