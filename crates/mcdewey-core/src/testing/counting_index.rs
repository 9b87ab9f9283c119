//! An index that counts how often it is read, for tests of how many calls a request needs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::{
    AttachedFile, AttachmentRole, CandidateQuery, Candidates, Chunk, ChunkId, ContentHash,
    Document, DocumentPage, DocumentRevision, DocumentSummary, FileStamp, Index, IndexError,
    IndexReader, IndexState, LibraryDescription, ManifestEntry, Page, PageNumber, PassageToEmbed,
    Revision, RootName, Scope, SourcePath, VectorBacklog, VectorCoverage, VectorEpoch,
};

/// Wraps an [`Index`] and counts the calls of its readers by name, together with `reader` and `state`
/// of the index itself. [`IndexReader::state`] does not count: it reads nothing.
pub struct CountingIndex {
    index: Arc<dyn Index>,
    counts: Arc<Counts>,
    independent_lists: bool,
}

#[derive(Debug, Default)]
struct Counts {
    by_name: Mutex<BTreeMap<&'static str, usize>>,
}

/// A reader that counts its calls.
struct CountingReader {
    reader: Arc<dyn IndexReader>,
    counts: Arc<Counts>,
    independent_lists: bool,
}

impl CountingIndex {
    /// Wraps an index.
    pub fn new(index: Arc<dyn Index>) -> Self {
        Self {
            index,
            counts: Arc::default(),
            independent_lists: false,
        }
    }

    /// Lets its readers report [`IndexReader::lists_are_independent`].
    #[must_use]
    pub fn with_independent_lists(mut self) -> Self {
        self.independent_lists = true;
        self
    }

    /// Returns the number of calls by name since the last time, and starts again from zero.
    pub fn take_counts(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut self.counts.lock())
    }
}

impl Counts {
    fn count(&self, name: &'static str) {
        *self.lock().entry(name).or_default() += 1;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, usize>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Index for CountingIndex {
    async fn reader(&self) -> Result<Arc<dyn IndexReader>, IndexError> {
        self.counts.count("reader");
        Ok(Arc::new(CountingReader {
            reader: self.index.reader().await?,
            counts: Arc::clone(&self.counts),
            independent_lists: self.independent_lists,
        }))
    }

    async fn state(&self) -> Result<IndexState, IndexError> {
        self.counts.count("state");
        self.index.state().await
    }

    async fn set_description(
        &self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Result<Revision, IndexError> {
        self.index.set_description(root, description).await
    }

    async fn manifest(&self, root: &RootName) -> Result<Vec<ManifestEntry>, IndexError> {
        self.index.manifest(root).await
    }

    async fn file_stamps(&self, root: &RootName) -> Result<Vec<FileStamp>, IndexError> {
        self.index.file_stamps(root).await
    }

    async fn keep_file_stamps(&self, stamps: Vec<FileStamp>) -> Result<(), IndexError> {
        self.index.keep_file_stamps(stamps).await
    }

    async fn cached_vectors(
        &self,
        keys: &[ContentHash],
    ) -> Result<Vec<Option<Vec<f32>>>, IndexError> {
        self.index.cached_vectors(keys).await
    }

    async fn commit(&self, document: DocumentRevision) -> Result<Revision, IndexError> {
        self.index.commit(document).await
    }

    fn accepts_words_only(&self) -> bool {
        self.index.accepts_words_only()
    }

    async fn vector_backlog(&self) -> Result<VectorBacklog, IndexError> {
        self.index.vector_backlog().await
    }

    async fn passages_to_embed(
        &self,
        sources: &[SourcePath],
    ) -> Result<Vec<PassageToEmbed>, IndexError> {
        self.index.passages_to_embed(sources).await
    }

    async fn cache_vectors(&self, vectors: Vec<(ContentHash, Vec<f32>)>) -> Result<(), IndexError> {
        self.index.cache_vectors(vectors).await
    }

    async fn complete(&self, sources: &[SourcePath]) -> Result<VectorEpoch, IndexError> {
        self.index.complete(sources).await
    }

    fn note_asked(&self, sources: &[SourcePath]) {
        self.index.note_asked(sources);
    }

    async fn remove(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        self.index.remove(sources).await
    }

    async fn erase(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        self.index.erase(sources).await
    }

    async fn optimize(&self) -> Result<(), IndexError> {
        self.index.optimize().await
    }
}

#[async_trait]
impl IndexReader for CountingReader {
    fn state(&self) -> &IndexState {
        self.reader.state()
    }

    async fn coverage(
        &self,
        scope: &Scope,
        epoch: VectorEpoch,
    ) -> Result<Option<VectorCoverage>, IndexError> {
        self.counts.count("coverage");
        self.reader.coverage(scope, epoch).await
    }

    async fn candidates(
        &self,
        query: &CandidateQuery,
        scope: &Scope,
    ) -> Result<Candidates, IndexError> {
        self.counts.count("candidates");
        self.reader.candidates(query, scope).await
    }

    fn lists_are_independent(&self) -> bool {
        self.independent_lists || self.reader.lists_are_independent()
    }

    async fn occurring_words(
        &self,
        words: &[String],
        scope: &Scope,
    ) -> Result<BTreeSet<String>, IndexError> {
        self.counts.count("occurring_words");
        self.reader.occurring_words(words, scope).await
    }

    async fn chunks(&self, ids: &[ChunkId], scope: &Scope) -> Result<Vec<Chunk>, IndexError> {
        self.counts.count("chunks");
        self.reader.chunks(ids, scope).await
    }

    async fn chunks_around(
        &self,
        id: &ChunkId,
        context: u32,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        self.counts.count("chunks_around");
        self.reader.chunks_around(id, context, scope).await
    }

    async fn document_chunks(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        self.counts.count("document_chunks");
        self.reader.document_chunks(source, ordinals, scope).await
    }

    async fn chunks_on_page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        self.counts.count("chunks_on_page");
        self.reader.chunks_on_page(source, page, scope).await
    }

    async fn chunks_by_handle(
        &self,
        handle: &str,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        self.counts.count("chunks_by_handle");
        self.reader.chunks_by_handle(handle, scope).await
    }

    async fn page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<Page>, IndexError> {
        self.counts.count("page");
        self.reader.page(source, page, scope).await
    }

    async fn page_with_document(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<DocumentPage>, IndexError> {
        self.counts.count("page_with_document");
        self.reader.page_with_document(source, page, scope).await
    }

    async fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Option<Document>, IndexError> {
        self.counts.count("document");
        self.reader.document(source, scope).await
    }

    async fn attachment(
        &self,
        source: &SourcePath,
        role: AttachmentRole,
        name: &str,
        scope: &Scope,
    ) -> Result<Option<AttachedFile>, IndexError> {
        self.counts.count("attachment");
        self.reader.attachment(source, role, name, scope).await
    }

    async fn documents(&self, scope: &Scope) -> Result<Vec<DocumentSummary>, IndexError> {
        self.counts.count("documents");
        self.reader.documents(scope).await
    }

    async fn description(&self) -> Result<LibraryDescription, IndexError> {
        self.counts.count("description");
        self.reader.description().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::MemoryIndex;

    async fn make() -> Option<(Arc<dyn Index>, ())> {
        let index = CountingIndex::new(Arc::new(MemoryIndex::new()));
        Some((Arc::new(index), ()))
    }

    crate::index_suite!(make);

    #[tokio::test]
    async fn calls_are_counted_by_name() {
        let index = CountingIndex::new(Arc::new(MemoryIndex::new()));
        let all = Scope::everything();
        let reader = index.reader().await.unwrap();
        reader.documents(&all).await.unwrap();
        reader.documents(&all).await.unwrap();
        assert_eq!(reader.state().documents, 0);
        index.state().await.unwrap();

        let expected = BTreeMap::from([("documents", 2), ("reader", 1), ("state", 1)]);
        assert_eq!(index.take_counts(), expected);
        assert_eq!(index.take_counts(), BTreeMap::new());
    }
}
