//! The index in a directory: a catalogue in SQLite, a Qdrant shard derived from it, and one thread
//! that writes.
//!
//! Reads run on the runtime's blocking threads. All reads of one reader come from one snapshot of the
//! catalogue. A point of the shard counts only while it is live in that snapshot, so a document is
//! visible as a whole or not at all, whatever the shard holds; points that are live in an open
//! snapshot are not removed.

mod asked;
mod backup;
mod catalogue;
mod commit;
mod database;
mod durable;
mod erase;
mod error;
mod files_in_use;
mod filter;
mod generations;
mod held_snapshot;
mod indexed_root;
mod integrity;
mod keyword_vectors;
mod layout;
mod panic_guard;
mod reader;
mod recovery;
mod replace_file;
mod reserve;
mod search;
mod shard;
mod space;
#[cfg(test)]
mod tests;
mod traces;
mod vector_storage;
mod vectors;
mod writer;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use mcdewey_core::{
    ContentHash, DamagedDocument, DocumentRevision, FileStamp, Generation, Index, IndexError,
    IndexReader, IndexState, LibraryDescription, ManifestEntry, ModelInfo, PassageToEmbed,
    Revision, RootName, SourcePath, VectorBacklog, VectorEpoch, WordsOnlyDocument,
};

pub use backup::{CopiedLibrary, check_copy, copied_files, copy_library, copy_size};
pub use files_in_use::wait_until_closed;
pub use generations::{GenerationEntry, GenerationStatus, Generations};
pub use indexed_root::IndexedRoot;
pub use space::free_space;
pub use vector_storage::{VectorEncoding, VectorStorage};

use asked::AskedDocuments;
use catalogue::{Catalogue, Snapshot};
use commit::Committer;
use error::EmbeddedResult;
use files_in_use::FilesInUse;
use integrity::{Ledger, Unverified, Verification, WorkAtOpen};
use keyword_vectors::KeywordVectors;
use layout::Layout;
use reader::EmbeddedReader;
use shard::Shard;
use vectors::VectorCache;
use writer::Writer;

use crate::bm25::Bm25;
use crate::commands::Command;
use crate::generation;
use crate::prepare::Prepared;

/// Options for opening an index in a directory.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// The data directory. The process that opens it must own it (see
    /// [`OwnerLock`](crate::OwnerLock)).
    pub dir: PathBuf,
    /// The model that computed the stored vectors.
    pub model: ModelInfo,
    /// Fingerprint of the splitter that makes the chunks.
    pub chunker: String,
    /// No write may leave less than this many bytes free on the disk.
    pub min_free_bytes: u64,
    /// How vectors are stored.
    pub vectors: VectorStorage,
}

/// How a generation is opened.
#[derive(Debug, Clone, Copy)]
struct OpenSettings<'a> {
    dir: &'a Path,
    dimensions: usize,
    min_free_bytes: u64,
    storage: VectorStorage,
    work: WorkAtOpen,
}

/// The index in a directory. Dropping it waits for the commits in progress; readers that still exist
/// then err.
pub struct EmbeddedIndex {
    writer: Writer,
    shared: Arc<Shared>,
}

/// State shared by readers and the writer.
struct Shared {
    generation: Generation,
    dimensions: usize,
    storage: VectorStorage,
    bm25: Bm25,
    catalogue: Catalogue,
    vectors: VectorCache,
    /// How often documents were among the hits while they had no vectors.
    asked: AskedDocuments,
    keyword_vectors: KeywordVectors,
    verification: Verification,
    /// Locked for reading during a search and for writing while points are removed or the shard is
    /// replaced.
    shard: RwLock<Shard>,
    /// Declared last, so that it is dropped after the shard has closed its files.
    files_in_use: Arc<FilesInUse>,
}

/// The generation that this version of the program makes with a model and a splitter.
fn generation_for(model: &ModelInfo, chunker: &str) -> Generation {
    generation::fingerprint(&catalogue::SCHEMA.to_string(), model, chunker)
}

impl Shared {
    fn shard(&self) -> RwLockReadGuard<'_, Shard> {
        self.shard.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of the library in a snapshot.
    fn state_of(&self, snapshot: &Snapshot<'_>) -> EmbeddedResult<IndexState> {
        let mut state = snapshot.state(&self.generation)?;
        state.integrity.verified = self.verification.is_verified();
        Ok(state)
    }

    fn shard_exclusive(&self) -> RwLockWriteGuard<'_, Shard> {
        self.shard.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EmbeddedIndex {
    /// Opens the generation for the model and splitter, creating it if it is new, and repairs what
    /// a crash left behind. Blocks: do not call it on an async worker thread.
    pub fn open(options: EmbeddedOptions) -> Result<Self, IndexError> {
        Ok(Self::start(Self::open_committer(options)?))
    }

    fn open_committer(options: EmbeddedOptions) -> Result<Committer, IndexError> {
        Self::open_within(options, WorkAtOpen::default())
    }

    fn open_within(options: EmbeddedOptions, work: WorkAtOpen) -> Result<Committer, IndexError> {
        let generation = generation_for(&options.model, &options.chunker);
        let settings = OpenSettings {
            dir: &options.dir,
            dimensions: options.model.dimensions,
            min_free_bytes: options.min_free_bytes,
            storage: options.vectors,
            work,
        };
        Self::generation_committer(generation, &settings)
    }

    /// Opens a generation by its name, whatever it was made with.
    fn open_generation(
        generation: Generation,
        settings: &OpenSettings<'_>,
    ) -> Result<Self, IndexError> {
        let committer = Self::generation_committer(generation, settings)?;
        Ok(Self::start(committer))
    }

    fn generation_committer(
        generation: Generation,
        settings: &OpenSettings<'_>,
    ) -> Result<Committer, IndexError> {
        let OpenSettings {
            dir,
            dimensions,
            min_free_bytes,
            storage,
            work,
        } = *settings;
        let layout = Layout::create(dir, &generation)?;
        let examined = integrity::examine(&layout, work);
        let knows_catalogue = examined
            .repair_catalogue(&layout, work)
            .map_err(|error| space::explain(dir, error))?;
        let (vectors, vector_writer) =
            VectorCache::open(&layout, examined.embeddings.is_suspect())?;
        let (catalogue, mut catalogue_writer) =
            Catalogue::open(&layout.catalogue(), Ledger::new(layout.ledger()))?;
        let bm25 = Bm25::default();

        let source = recovery::ShardSource {
            catalogue: &catalogue,
            vectors: &vectors,
            bm25: &bm25,
            dimensions,
            storage,
            min_free_bytes,
            built_at_open: work.built_points,
        };
        let mut unverified = Unverified::new(examined, knows_catalogue);
        if !unverified.is_sealed() {
            if !unverified.ledger.is_known && catalogue_writer.revision()? == Revision::default() {
                catalogue_writer.ledger().start();
            }
            catalogue_writer.ledger().open();
            catalogue_writer.add_missing_checksums()?;
        }

        let shard = recovery::open(
            &layout,
            &source,
            &mut catalogue_writer,
            &mut unverified.shard,
        )
        .map_err(|error| space::explain(layout.data_dir(), error))?;

        let shared = Arc::new(Shared {
            generation,
            dimensions,
            storage,
            bm25,
            catalogue,
            vectors,
            asked: AskedDocuments::default(),
            keyword_vectors: KeywordVectors::default(),
            verification: Verification::default(),
            shard: RwLock::new(shard),
            files_in_use: Arc::new(FilesInUse::new()),
        });

        let erasure_is_unfinished = erase::is_unfinished(&layout);
        let mut committer = Committer::new(
            shared,
            (catalogue_writer, vector_writer),
            layout,
            min_free_bytes,
            unverified,
        );

        if erasure_is_unfinished {
            tracing::info!("finishing an interrupted removal of documents");
            committer
                .finish_erasing()
                .map_err(|error| space::explain(dir, error))?;
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

    /// Lists the folders that the documents were read from.
    pub async fn indexed_roots(&self) -> Result<Vec<IndexedRoot>, IndexError> {
        self.read(|snapshot| snapshot.indexed_roots()).await
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> EmbeddedResult<T> + Send + 'static,
    ) -> Result<T, IndexError> {
        self.blocking(move |shared| shared.catalogue.read(query))
            .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> EmbeddedResult<T> + Send + 'static,
    ) -> Result<T, IndexError> {
        blocking(Arc::clone(&self.shared), work).await
    }
}

/// Runs work on one of the runtime's blocking threads.
async fn blocking<T: Send + 'static>(
    shared: Arc<Shared>,
    work: impl FnOnce(&Shared) -> EmbeddedResult<T> + Send + 'static,
) -> Result<T, IndexError> {
    tokio::task::spawn_blocking(move || {
        shared.verification.check()?;
        work(&shared).inspect_err(|error| shared.verification.note(error))
    })
    .await
    .map_err(|error| IndexError::Store(format!("a read panicked: {error}")))?
    .map_err(IndexError::from)
}

impl Drop for EmbeddedIndex {
    /// Readers do not keep the files of a closed index open.
    fn drop(&mut self) {
        self.shared.catalogue.close();
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
    async fn reader(&self) -> Result<Arc<dyn IndexReader>, IndexError> {
        Ok(Arc::new(EmbeddedReader::begin(&self.shared).await?))
    }

    async fn state(&self) -> Result<IndexState, IndexError> {
        self.blocking(|shared| shared.catalogue.read(|snapshot| shared.state_of(snapshot)))
            .await
    }

    async fn set_description(
        &self,
        root: &RootName,
        description: &LibraryDescription,
    ) -> Result<Revision, IndexError> {
        let (root, description) = (root.clone(), description.clone());
        self.writer
            .execute(|reply| Command::Describe(root, description, reply))
            .await
    }

    async fn manifest(&self, root: &RootName) -> Result<Vec<ManifestEntry>, IndexError> {
        let root = root.clone();
        self.read(move |snapshot| snapshot.manifest(&root)).await
    }

    async fn file_stamps(&self, root: &RootName) -> Result<Vec<FileStamp>, IndexError> {
        let root = root.clone();
        self.read(move |snapshot| snapshot.file_stamps(&root)).await
    }

    async fn keep_file_stamps(&self, stamps: Vec<FileStamp>) -> Result<(), IndexError> {
        self.writer
            .execute(|reply| Command::KeepFileStamps(stamps, reply))
            .await
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
            .execute(|reply| Command::Commit(Box::new(prepared), reply))
            .await
    }

    fn accepts_words_only(&self) -> bool {
        true
    }

    async fn vector_backlog(&self) -> Result<VectorBacklog, IndexError> {
        self.blocking(|shared| {
            let (missing, (passages, tokens)) = shared
                .catalogue
                .read(|snapshot| Ok((snapshot.missing_vectors()?, snapshot.work_left()?)))?;

            let documents: Vec<WordsOnlyDocument> = missing
                .into_iter()
                .filter(|document| !document.is_embedded)
                .map(|document| WordsOnlyDocument {
                    asked: shared.asked.count(&document.meta.source),
                    meta: document.meta,
                    passages: document.chunks,
                })
                .collect();

            if documents.is_empty() {
                // Passages may be left of documents that were replaced or removed.
                return Ok(VectorBacklog::default());
            }

            Ok(VectorBacklog {
                documents,
                passages,
                tokens,
            })
        })
        .await
    }

    async fn passages_to_embed(
        &self,
        sources: &[SourcePath],
    ) -> Result<Vec<PassageToEmbed>, IndexError> {
        let sources = sources.to_vec();
        self.read(move |snapshot| {
            let mut seen = HashSet::new();
            let mut passages = Vec::new();
            for source in &sources {
                passages.extend(snapshot.passages_to_embed(source)?);
            }

            passages.retain(|passage| seen.insert(passage.key));
            Ok(passages)
        })
        .await
    }

    async fn cache_vectors(&self, vectors: Vec<(ContentHash, Vec<f32>)>) -> Result<(), IndexError> {
        self.writer
            .execute(|reply| Command::CacheVectors(vectors, reply))
            .await
    }

    async fn complete(&self, sources: &[SourcePath]) -> Result<VectorEpoch, IndexError> {
        let sources = sources.to_vec();
        self.writer
            .execute(|reply| Command::Complete(sources, reply))
            .await
    }

    fn note_asked(&self, sources: &[SourcePath]) {
        self.shared.asked.note(sources);
    }

    async fn remove(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        let sources = sources.to_vec();
        self.writer
            .execute(|reply| Command::Remove(sources, reply))
            .await
    }

    async fn erase(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        let sources = sources.to_vec();
        self.writer
            .execute(|reply| Command::Erase(sources, reply))
            .await
    }

    async fn optimize(&self) -> Result<(), IndexError> {
        self.writer.execute(Command::Optimize).await
    }

    async fn damaged_documents(&self) -> Result<Vec<DamagedDocument>, IndexError> {
        self.read(|snapshot| snapshot.damaged_documents()).await
    }
}
