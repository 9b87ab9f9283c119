//! The trait for the store: what is written to it, and what is read to write it. Questions are
//! answered from an [`IndexReader`].

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    ChunkId, ContentHash, DamagedDocument, DocumentMeta, DocumentRevision, FileStamp, IndexReader,
    Integrity, InvalidValue, LibraryDescription, ManifestEntry, PageNumber, PassageToEmbed,
    RootName, Simhash, SourcePath, VectorBacklog, VectorCoverage, VectorEpoch,
};

/// The index of a library: its writes, and the [`IndexReader`]s that questions are answered from.
///
/// A document is visible either completely or not at all. Once [`Index::commit`] or
/// [`Index::remove`] has returned successfully, the change survives a crash of the process.
#[async_trait]
pub trait Index: Send + Sync + 'static {
    /// Returns a reader of the library as it is now. A request makes one, uses it to the end and
    /// drops it: what a reader sees is kept in the store while it exists, and a request that needs a
    /// second reader while it holds one may have to wait for it.
    async fn reader(&self) -> Result<Arc<dyn IndexReader>, IndexError>;

    /// Returns the generation, revision and size of the library as it is now, for those who read
    /// nothing else.
    async fn state(&self) -> Result<IndexState, IndexError> {
        Ok(self.reader().await?.state().clone())
    }

    /// Replaces the description of one root.
    async fn set_description(
        &self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Result<Revision, IndexError>;

    /// Returns the manifest entries of a root's documents.
    async fn manifest(&self, root: &RootName) -> Result<Vec<ManifestEntry>, IndexError>;

    /// Returns the stamps of a root's documents that still apply to their current revisions. An
    /// index that keeps none has every file read.
    async fn file_stamps(&self, _root: &RootName) -> Result<Vec<FileStamp>, IndexError> {
        Ok(Vec::new())
    }

    /// Keeps the stamps of documents whose current revision has their input, and ignores the
    /// others. The revision does not change. Stamps are lost with their documents.
    async fn keep_file_stamps(&self, _stamps: Vec<FileStamp>) -> Result<(), IndexError> {
        Ok(())
    }

    /// Returns the cached vectors for these embedding keys, in the order of `keys`.
    async fn cached_vectors(
        &self,
        keys: &[ContentHash],
    ) -> Result<Vec<Option<Vec<f32>>>, IndexError>;

    /// Adds a document or replaces its previous revision. The change is visible and durable when
    /// this returns. A document without vectors is accepted if [`Index::accepts_words_only`]; it is
    /// found by words, and by meaning once [`Index::complete`] has given it its vectors.
    async fn commit(&self, document: DocumentRevision) -> Result<Revision, IndexError>;

    /// Reports whether documents may be committed with their words only. The default is `false`.
    fn accepts_words_only(&self) -> bool {
        false
    }

    /// Returns what is left to embed.
    async fn vector_backlog(&self) -> Result<VectorBacklog, IndexError> {
        Ok(VectorBacklog::default())
    }

    /// Returns the different passages of these documents whose vectors are not in the cache, in
    /// document order. Documents that are unknown or have their vectors are skipped.
    async fn passages_to_embed(
        &self,
        _sources: &[SourcePath],
    ) -> Result<Vec<PassageToEmbed>, IndexError> {
        Ok(Vec::new())
    }

    /// Stores vectors in the cache, durably. No document changes by that.
    async fn cache_vectors(
        &self,
        _vectors: Vec<(ContentHash, Vec<f32>)>,
    ) -> Result<(), IndexError> {
        Err(IndexError::Store(
            "this index stores vectors only with their documents".to_owned(),
        ))
    }

    /// Gives documents their vectors, all of which are in the cache. Those that lack one, that are
    /// unknown or that have their vectors are skipped. Readers see the vectors with the next
    /// [`VectorEpoch`], which begins with this call if the last one is a minute old or if no document
    /// is left without vectors, else with a later call.
    async fn complete(&self, _sources: &[SourcePath]) -> Result<VectorEpoch, IndexError> {
        Ok(VectorEpoch::default())
    }

    /// Notes that these documents were among the hits of a question. The backlog counts it.
    fn note_asked(&self, _sources: &[SourcePath]) {}

    /// Removes documents; unknown ones are skipped.
    async fn remove(&self, sources: &[SourcePath]) -> Result<Revision, IndexError>;

    /// Removes documents and makes sure that the files of the index no longer contain any part of
    /// them, nor of anything that was removed or replaced earlier. Readers that still see them are
    /// ended after a moment. Costs about as much as rewriting
    /// the whole index; [`Index::optimize`] has nothing left to do afterwards.
    async fn erase(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        let revision = self.remove(sources).await?;
        self.optimize().await?;
        Ok(revision)
    }

    /// Optimises the index and finishes what an interrupted run left behind. Called at the end of a
    /// run of commits, even if there was nothing to commit.
    async fn optimize(&self) -> Result<(), IndexError>;

    /// The documents that are left out because they were found damaged or lost, ordered by source. The
    /// manifest lists them with an input that no file has, so a synchronisation reads them again.
    async fn damaged_documents(&self) -> Result<Vec<DamagedDocument>, IndexError> {
        Ok(Vec::new())
    }
}

/// A question in the form in which the index looks it up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CandidateQuery {
    /// The question's vector; `None` requests no dense list.
    pub dense: Option<Vec<f32>>,
    /// The question's words and their expansions; empty requests no BM25 list.
    pub keyword: Vec<WeightedText>,
    /// Words, in lower case, that spelling correction must not change even if no chunk contains
    /// them.
    pub known_words: BTreeSet<String>,
    /// Maximum number of candidates in each list.
    pub depth: usize,
    /// Compare with every vector instead of using an approximate index.
    pub exact: bool,
}

/// Words with a weight; the question's own words have weight 1.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedText {
    /// The words.
    pub text: String,
    /// The weight of each of them.
    pub weight: f32,
}

/// The ranked lists for a question, and what is needed to interpret their scores.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// Ordered by cosine similarity; `None` if not requested.
    pub dense: Option<Vec<Candidate>>,
    /// Ordered by BM25 score; `None` if not requested.
    pub keyword: Option<Vec<Candidate>>,
    /// The BM25 score that a chunk full of all the question's own words (those of weight 1)
    /// approaches, including words that no chunk contains. It shows how much of the question a
    /// score accounts for. 0 without own words.
    pub keyword_ceiling: f32,
    /// The BM25 score that a chunk full of a single word approaches if no other chunk contains that
    /// word. It makes the scores of small and large libraries comparable. 0 in an empty library.
    pub keyword_unit: f32,
    /// The question's own words (those of weight 1) that were searched, in question order, each
    /// once.
    pub words: Vec<QuestionWord>,
}

/// A word of a question and its frequency in the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionWord {
    /// The word as written in the question.
    pub word: String,
    /// How many chunks of the whole library contain the word in any inflection.
    pub chunks: u64,
    /// The spelling correction that was searched instead, because no chunk contains the word as
    /// written.
    pub corrected_to: Option<String>,
}

/// A chunk that may answer the question: enough to fuse, collapse and count, without its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The chunk's id.
    pub chunk_id: ChunkId,
    /// The metadata of its document.
    pub document: Arc<DocumentMeta>,
    /// The page that it starts on.
    pub page: PageNumber,
    /// Its 0-based position in the document.
    pub ordinal: u32,
    /// [`Chunk::passage_hash`](crate::Chunk::passage_hash): equal for equal chunks.
    pub passage_hash: ContentHash,
    /// [`Chunk::simhash`](crate::Chunk::simhash): near for nearly equal chunks.
    pub simhash: Simhash,
    /// Cosine similarity or BM25 score. Lists are ordered by it, highest first, ties by chunk id.
    pub score: f32,
}

/// The name of an index generation: changes with schema, model and chunker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Generation(pub String);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of the library's current state; increases with every committed change.
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

/// The state of the library as reads see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexState {
    /// The live generation.
    pub generation: Generation,
    /// Its current revision.
    pub revision: Revision,
    /// Number of documents.
    pub documents: u64,
    /// Number of pages and sections.
    pub pages: u64,
    /// Number of chunks.
    pub chunks: u64,
    /// The current set of vectors.
    #[serde(default)]
    pub epoch: VectorEpoch,
    /// How many of the chunks have no vector in this epoch.
    #[serde(default)]
    pub without_vectors: u64,
    /// How sure it is that what is stored is what was written.
    #[serde(default)]
    pub integrity: Integrity,
}

impl IndexState {
    /// How many chunks of the whole library have a vector.
    pub fn coverage(&self) -> VectorCoverage {
        VectorCoverage {
            passages: self.chunks,
            embedded: self.chunks.saturating_sub(self.without_vectors),
        }
    }
}

/// Why an index operation failed.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A value cannot be stored or looked up.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// The store cannot be reached or opened now; the message names the remedy.
    #[error("the library is unavailable: {0}")]
    Unavailable(String),
    /// There is not enough free space to write safely; nothing was written.
    #[error("not enough disk space: {0}")]
    NoSpace(String),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
}
