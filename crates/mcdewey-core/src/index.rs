//! The seam to the store: what is indexed, and the ranked candidates for a question.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    AttachedFile, AttachmentRole, Chunk, ChunkId, ContentHash, Document, DocumentMeta,
    DocumentRevision, DocumentSummary, InvalidValue, LibraryDescription, ManifestEntry, Page,
    PageNumber, RootName, Scope, Simhash, SourcePath,
};

/// A library's index. Every read takes a [`Scope`]; there is no unscoped read to forget. What lies outside the scope
/// is answered like what does not exist.
///
/// A document is visible whole or not at all. What [`Index::commit`] and [`Index::remove`] reported as done survives
/// the death of the process.
#[async_trait]
pub trait Index: Send + Sync + 'static {
    /// Which state of the library reads see now.
    async fn state(&self) -> Result<IndexState, IndexError>;

    /// The ranked lists of passages for a question.
    async fn candidates(
        &self,
        query: &CandidateQuery,
        scope: &Scope,
    ) -> Result<Candidates, IndexError>;

    /// The passages with these ids, in the order asked; unknown ones are left out.
    async fn chunks(&self, ids: &[ChunkId], scope: &Scope) -> Result<Vec<Chunk>, IndexError>;

    /// The passages of one document with ordinals in `ordinals`, in order.
    async fn passages(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError>;

    /// The passages that begin on one page, in order.
    async fn chunks_on(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError>;

    /// The passages whose short handle ([`Chunk::handle`]) is `handle`.
    async fn by_handle(&self, handle: &str, scope: &Scope) -> Result<Vec<Chunk>, IndexError>;

    /// One page of a document.
    async fn page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<Page>, IndexError>;

    /// A document's metadata, outline and list of pages.
    async fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Option<Document>, IndexError>;

    /// A file that is kept with a document.
    async fn attachment(
        &self,
        source: &SourcePath,
        role: AttachmentRole,
        name: &str,
        scope: &Scope,
    ) -> Result<Option<AttachedFile>, IndexError>;

    /// All documents in the scope, by source.
    async fn documents(&self, scope: &Scope) -> Result<Vec<DocumentSummary>, IndexError>;

    /// Products and aliases, of all roots together.
    async fn description(&self) -> Result<LibraryDescription, IndexError>;

    /// Replaces what one root says about products and aliases.
    async fn describe(
        &self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Result<Revision, IndexError>;

    /// What is remembered of a root's files.
    async fn manifest(&self, root: &RootName) -> Result<Vec<ManifestEntry>, IndexError>;

    /// The vectors known for these embedding keys, in order.
    async fn cached_vectors(
        &self,
        keys: &[ContentHash],
    ) -> Result<Vec<Option<Vec<f32>>>, IndexError>;

    /// Puts a document in place of its former revision, if any; visible and durable when this returns.
    async fn commit(&self, document: DocumentRevision) -> Result<Revision, IndexError>;

    /// Takes documents out; unknown ones are passed over.
    async fn remove(&self, sources: &[SourcePath]) -> Result<Revision, IndexError>;

    /// Takes documents out and sees to it that nothing of them can be read from the files of the index any more, nor of
    /// anything that was taken out or replaced before. Costs about as much as writing the whole index anew; once it is
    /// done [`Index::optimize`] has nothing to do.
    async fn erase(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        let revision = self.remove(sources).await?;
        self.optimize().await?;
        Ok(revision)
    }

    /// Called when a run of commits is over, even one that found nothing to commit: the time to optimise, and to finish
    /// what an interrupted run left.
    async fn optimize(&self) -> Result<(), IndexError>;
}

/// A question, ready to be looked up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CandidateQuery {
    /// The question's vector; without it there is no dense list.
    pub dense: Option<Vec<f32>>,
    /// The question's words and what they are expanded with; without any there is no BM25 list.
    pub keyword: Vec<WeightedText>,
    /// Words, in lower case, that are spelled as they are meant even if no passage has them.
    pub known_words: BTreeSet<String>,
    /// How many candidates each list may hold.
    pub depth: usize,
    /// Compare with every vector instead of using an approximate index.
    pub exact: bool,
}

/// Words and how much they count; the question's own count 1.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedText {
    /// The words.
    pub text: String,
    /// Their weight.
    pub weight: f32,
}

/// The two ranked lists. `None` means the list was not asked for.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// By cosine similarity.
    pub dense: Option<Vec<Candidate>>,
    /// By BM25 score.
    pub keyword: Option<Vec<Candidate>>,
    /// What BM25 score a passage would come close to that is full of all the question's own words (those of weight 1),
    /// words that no passage has included: says how much of the question a score stands for. 0 without own words.
    pub keyword_ceiling: f32,
    /// What BM25 score a passage would come close to that is full of one word no other passage has: makes scores of
    /// small and large libraries comparable. 0 in an empty library.
    pub keyword_unit: f32,
    /// The question's own words (those of weight 1) that count, in their order, each once.
    pub words: Vec<QuestionWord>,
}

/// A word of a question, and how well the library knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionWord {
    /// The word as the question writes it.
    pub word: String,
    /// How many passages of the whole library have it, in any of its inflections.
    pub chunks: u64,
    /// The word it was taken for, because no passage has it as it is written.
    pub taken_for: Option<String>,
}

/// A passage that may answer: enough to fuse, collapse and count, without its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The passage.
    pub chunk_id: ChunkId,
    /// Its document.
    pub document: Arc<DocumentMeta>,
    /// Its page.
    pub page: PageNumber,
    /// Its place in the document.
    pub ordinal: u32,
    /// Equal for equal passages.
    pub passage_hash: ContentHash,
    /// Near for nearly equal passages.
    pub simhash: Simhash,
    /// Cosine similarity or BM25 score; lists are ordered by it, highest first, ties by chunk id.
    pub score: f32,
}

/// Which index this is: changes with schema, model and chunker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Generation(pub String);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Grows with every committed change.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The state of the library that reads see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexState {
    /// Which index.
    pub generation: Generation,
    /// Which change of it.
    pub revision: Revision,
    /// How many documents it holds.
    pub documents: u64,
    /// How many pages and sections.
    pub pages: u64,
    /// How many passages.
    pub chunks: u64,
}

/// Why the index did not answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A value that cannot be stored or looked up.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// The store cannot be reached or opened now; the message says what to do.
    #[error("the library is unavailable: {0}")]
    Unavailable(String),
    /// Not enough free space to write safely; nothing was written.
    #[error("not enough disk space: {0}")]
    NoSpace(String),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
}
