//! The index in a directory: a catalogue in SQLite, a Qdrant shard derived from it, one thread that writes.
//!
//! Reads run on the runtime's blocking threads, each from one snapshot of the catalogue. A point of the shard counts
//! only while the catalogue knows it as live, so a document is seen whole or not at all, whatever the shard holds.

mod catalogue;
mod commit;
mod database;
mod durable;
mod erase;
mod failure;
mod filter;
mod generations;
mod guarded;
mod layout;
mod lookup;
mod recovery;
mod reserve;
mod shard;
mod space;
mod traces;
mod vectors;
mod writer;

#[cfg(test)]
mod crash_tests;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use mcdewey_core::{
    AttachedFile, AttachmentRole, CandidateQuery, Candidates, Chunk, ChunkId, ContentHash,
    Document, DocumentRevision, DocumentSummary, Generation, Index, IndexError, IndexState,
    LibraryDescription, ManifestEntry, ModelInfo, Page, PageNumber, Revision, RootName, Scope,
    SourcePath,
};

pub use generations::{GenerationEntry, GenerationStatus, Generations};

use catalogue::{Catalogue, Snapshot};
use commit::Committer;
use failure::Outcome;
use layout::Layout;
use shard::Shard;
pub use space::free_space;
use vectors::VectorCache;
use writer::Writer;

use crate::bm25::Bm25;
use crate::commands::Command;
use crate::generation;
use crate::prepare::Prepared;

/// What an index in a directory is opened with.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// The data directory; whoever opens it owns it (see [`OwnerLock`](crate::OwnerLock)).
    pub dir: PathBuf,
    /// The model whose vectors are stored.
    pub model: ModelInfo,
    /// Fingerprint of the splitter that makes the passages.
    pub chunker: String,
    /// Nothing is written that would leave less than this many bytes free on the disk.
    pub min_free_bytes: u64,
}

/// The index in a directory. Dropping it waits for the commits under way.
pub struct EmbeddedIndex {
    writer: Writer,
    shared: Arc<Shared>,
}

/// A folder that documents were read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedRoot {
    /// The root it stood for.
    pub root: RootName,
    /// The folder, absolute and free of links.
    pub folder: String,
    /// How many documents of the index are from there.
    pub documents: u64,
}

/// What readers and the writer share.
struct Shared {
    generation: Generation,
    dimensions: usize,
    bm25: Bm25,
    catalogue: Catalogue,
    vectors: VectorCache,
    /// Held for reading during a lookup, for writing while points are taken out: a point that a lookup's snapshot knows
    /// as live stays until the lookup is done.
    shard: RwLock<Shard>,
    /// Goes last, after the shard has let go of its folder.
    presence: Arc<Presence>,
}

/// As long as there is one, files of the generation are in use.
#[derive(Debug)]
struct Presence;

/// The generation that belongs to a model and a splitter now.
fn wanted(model: &ModelInfo, chunker: &str) -> Generation {
    generation::fingerprint(&catalogue::SCHEMA.to_string(), model, chunker)
}

impl Shared {
    fn shard(&self) -> RwLockReadGuard<'_, Shard> {
        self.shard.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard_alone(&self) -> RwLockWriteGuard<'_, Shard> {
        self.shard.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EmbeddedIndex {
    /// Opens the generation that belongs to model and splitter, making it when it is new, and repairs what a crash left.
    /// Blocks; call it where blocking is allowed.
    pub fn open(options: EmbeddedOptions) -> Result<Self, IndexError> {
        Ok(Self::start(Self::open_committer(options)?))
    }

    fn open_committer(options: EmbeddedOptions) -> Result<Committer, IndexError> {
        let generation = wanted(&options.model, &options.chunker);
        let dimensions = options.model.dimensions;
        Self::committer_of(&options.dir, generation, dimensions, options.min_free_bytes)
    }

    /// Opens a generation by its name, whatever it was made by.
    fn open_generation(
        dir: &Path,
        generation: Generation,
        dimensions: usize,
        min_free_bytes: u64,
    ) -> Result<Self, IndexError> {
        Ok(Self::start(Self::committer_of(
            dir,
            generation,
            dimensions,
            min_free_bytes,
        )?))
    }

    fn committer_of(
        dir: &Path,
        generation: Generation,
        dimensions: usize,
        min_free_bytes: u64,
    ) -> Result<Committer, IndexError> {
        let layout = Layout::create(dir, &generation)?;
        let (vectors, vector_writer) = VectorCache::open(&layout.embeddings())?;
        let (catalogue, mut catalogue_writer) = Catalogue::open(&layout.catalogue())?;
        let bm25 = Bm25::default();

        let source = recovery::Source {
            catalogue: &catalogue,
            vectors: &vectors,
            bm25: &bm25,
            dimensions,
            min_free_bytes,
        };

        let explained = |failure| space::explained(layout.data(), failure);
        let shard = recovery::open(&layout, &source, &mut catalogue_writer).map_err(explained)?;
        let shard = RwLock::new(shard);
        let presence = Arc::new(Presence);

        let shared = Arc::new(Shared {
            generation,
            dimensions,
            bm25,
            catalogue,
            vectors,
            shard,
            presence,
        });

        let unfinished = erase::is_unfinished(&layout);
        let mut committer = Committer::new(
            shared,
            catalogue_writer,
            vector_writer,
            layout,
            min_free_bytes,
        );

        if unfinished {
            tracing::info!("finishing the removal of documents that was interrupted");
            committer
                .finish_erasing()
                .map_err(|failure| space::explained(dir, failure))?;
        }

        Ok(committer)
    }

    fn start(committer: Committer) -> Self {
        let shared = Arc::clone(committer.shared());
        Self {
            writer: Writer::start(committer),
            shared,
        }
    }

    /// The folders that its documents were read from.
    pub async fn indexed_roots(&self) -> Result<Vec<IndexedRoot>, IndexError> {
        self.read(|snapshot| snapshot.indexed_roots()).await
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Snapshot<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T, IndexError> {
        self.blocking(move |shared| shared.catalogue.read(look))
            .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Outcome<T> + Send + 'static,
    ) -> Result<T, IndexError> {
        let shared = Arc::clone(&self.shared);
        let done = tokio::task::spawn_blocking(move || work(&shared)).await;
        done.map_err(|error| IndexError::Store(format!("a read broke off: {error}")))?
            .map_err(IndexError::from)
    }
}

impl fmt::Debug for EmbeddedIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedIndex")
            .field("generation", &self.shared.generation)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Index for EmbeddedIndex {
    async fn state(&self) -> Result<IndexState, IndexError> {
        let generation = self.shared.generation.clone();
        self.read(move |snapshot| snapshot.state(&generation)).await
    }

    async fn candidates(
        &self,
        query: &CandidateQuery,
        scope: &Scope,
    ) -> Result<Candidates, IndexError> {
        let (query, scope) = (query.clone(), scope.clone());
        self.blocking(move |shared| lookup::candidates(shared, &query, &scope))
            .await
    }

    async fn chunks(&self, ids: &[ChunkId], scope: &Scope) -> Result<Vec<Chunk>, IndexError> {
        let (ids, scope) = (ids.to_vec(), scope.clone());
        self.read(move |snapshot| snapshot.chunks(&ids, &scope))
            .await
    }

    async fn passages(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        let (source, scope) = (source.clone(), scope.clone());
        self.read(move |snapshot| snapshot.passages(&source, ordinals, &scope))
            .await
    }

    async fn chunks_on(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        let (source, scope) = (source.clone(), scope.clone());
        self.read(move |snapshot| snapshot.chunks_on(&source, page, &scope))
            .await
    }

    async fn by_handle(&self, handle: &str, scope: &Scope) -> Result<Vec<Chunk>, IndexError> {
        let (handle, scope) = (handle.to_owned(), scope.clone());
        self.read(move |snapshot| snapshot.by_handle(&handle, &scope))
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

    async fn describe(
        &self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Result<Revision, IndexError> {
        let (root, description) = (root.clone(), description.clone());
        self.writer
            .ask(|reply| Command::Describe(root, description, reply))
            .await
    }

    async fn manifest(&self, root: &RootName) -> Result<Vec<ManifestEntry>, IndexError> {
        let root = root.clone();
        self.read(move |snapshot| snapshot.manifest(&root)).await
    }

    async fn cached_vectors(
        &self,
        keys: &[ContentHash],
    ) -> Result<Vec<Option<Vec<f32>>>, IndexError> {
        let keys = keys.to_vec();
        self.blocking(move |shared| shared.vectors.get(&keys)).await
    }

    async fn commit(&self, document: DocumentRevision) -> Result<Revision, IndexError> {
        let prepared = self
            .blocking(move |shared| Ok(Prepared::new(document, shared.dimensions, &shared.bm25)?))
            .await?;

        self.writer
            .ask(|reply| Command::Commit(Box::new(prepared), reply))
            .await
    }

    async fn remove(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        let sources = sources.to_vec();
        self.writer
            .ask(|reply| Command::Remove(sources, reply))
            .await
    }

    async fn erase(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        let sources = sources.to_vec();
        self.writer
            .ask(|reply| Command::Erase(sources, reply))
            .await
    }

    async fn optimize(&self) -> Result<(), IndexError> {
        self.writer.ask(Command::Optimize).await
    }
}
