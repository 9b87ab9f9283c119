//! The trait for everything that answering a question reads from the index.

use std::collections::BTreeSet;
use std::ops::Range;

use async_trait::async_trait;

use crate::{
    AttachedFile, AttachmentRole, CandidateQuery, Candidates, Chunk, ChunkId, Document,
    DocumentSummary, IndexError, IndexState, LibraryDescription, Page, PageNumber, Scope,
    SourcePath, VectorCoverage, VectorEpoch,
};

/// A page in its document.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentPage {
    /// The document.
    pub document: Document,
    /// The page; `None` if the document has no page with this number.
    pub page: Option<Page>,
    /// The chunks that start on the page, in document order.
    pub chunks: Vec<Chunk>,
}

/// Reads a library for one request. All reads of one reader see the same revision, that of
/// [`IndexReader::state`], whatever is committed meanwhile.
///
/// A reader is meant to live for seconds. An implementation may end it earlier, when documents are
/// erased or the index is closed; its reads then fail with [`IndexError::Unavailable`]. On a server,
/// changes of other processes can become visible to a reader.
///
/// Every read of documents takes a [`Scope`], so no read can forget it. Content outside the scope
/// is treated as if it did not exist.
#[async_trait]
pub trait IndexReader: Send + Sync + 'static {
    /// Returns the generation, revision and size of the library as this reader sees it.
    fn state(&self) -> &IndexState;

    /// Returns how many of the passages in the scope have a vector in this epoch, which is the current
    /// one or the one before it; `None` for any other epoch. The dense list of
    /// [`IndexReader::candidates`] lacks the passages without one.
    async fn coverage(
        &self,
        scope: &Scope,
        epoch: VectorEpoch,
    ) -> Result<Option<VectorCoverage>, IndexError>;

    /// Returns the ranked lists of chunks for a question.
    async fn candidates(
        &self,
        query: &CandidateQuery,
        scope: &Scope,
    ) -> Result<Candidates, IndexError>;

    /// Reports whether [`IndexReader::candidates`] costs the same and returns the same lists if it is
    /// asked for one after the other. Then the keyword list can be made before the question has been
    /// embedded.
    fn lists_are_independent(&self) -> bool {
        false
    }

    /// Returns those of `words` that occur in at least one chunk in the scope, in any inflection and
    /// without spelling correction: those for which [`IndexReader::candidates`] would return a BM25
    /// list that is not empty if the word were the whole question.
    async fn occurring_words(
        &self,
        words: &[String],
        scope: &Scope,
    ) -> Result<BTreeSet<String>, IndexError>;

    /// Returns the chunks with these ids, in the order of `ids`; unknown ids are skipped.
    async fn chunks(&self, ids: &[ChunkId], scope: &Scope) -> Result<Vec<Chunk>, IndexError>;

    /// Returns the chunk with this id and up to `context` chunks of its document before and after it,
    /// in document order; none if there is no such chunk.
    async fn chunks_around(
        &self,
        id: &ChunkId,
        context: u32,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError>;

    /// Returns the chunks of one document whose ordinal is in `ordinals`, in document order.
    async fn document_chunks(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError>;

    /// Returns the chunks that start on one page, in document order.
    async fn chunks_on_page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError>;

    /// Returns the chunks with this short handle ([`Chunk::handle`]).
    async fn chunks_by_handle(&self, handle: &str, scope: &Scope)
    -> Result<Vec<Chunk>, IndexError>;

    /// Returns one page of a document.
    async fn page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<Page>, IndexError>;

    /// Returns a document with one of its pages and the chunks that start there; `None` if there is
    /// no such document.
    async fn page_with_document(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<DocumentPage>, IndexError>;

    /// Returns a document's metadata, outline and list of pages.
    async fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Option<Document>, IndexError>;

    /// Returns an attachment of a document.
    async fn attachment(
        &self,
        source: &SourcePath,
        role: AttachmentRole,
        name: &str,
        scope: &Scope,
    ) -> Result<Option<AttachedFile>, IndexError>;

    /// Returns all documents in the scope, ordered by source.
    async fn documents(&self, scope: &Scope) -> Result<Vec<DocumentSummary>, IndexError>;

    /// Returns the merged description of all roots.
    async fn description(&self) -> Result<LibraryDescription, IndexError>;
}
