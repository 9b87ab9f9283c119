//! The index on a Qdrant server or cluster: passages with their two vectors, and pages, documents and the library's
//! state as points without any.
//!
//! The server has no transactions. What is visible is decided by one point, the library's revision, and by a mirror of
//! the catalogue that every process keeps: a passage counts only while its document's live revision is its own, so a
//! document is seen whole or not at all. One process writes at a time; any number reads.

mod catalogue_replica;
mod collection;
mod commit;
mod connection;
mod files;
mod lease;
mod library;
mod lookup;
mod point;
mod reads;
mod schema;
mod server_error;
mod writer;

#[cfg(all(test, feature = "testing"))]
mod takeover_tests;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mcdewey_core::{
    AttachedFile, AttachmentRole, CandidateQuery, Candidates, Chunk, ChunkId, ContentHash,
    Document, DocumentRevision, DocumentSummary, Index, IndexError, IndexState, LibraryDescription,
    ManifestEntry, ModelInfo, Page, PageNumber, Revision, RootName, Scope, SourcePath,
};

use collection::Collection;
use commit::Committer;
use library::Library;
use schema::Names;
use writer::{Patience, Writer};

use crate::commands::Command;
use crate::generation;
use crate::prepare::Prepared;

pub use connection::{Server, ServerAddress};
pub use schema::ReplicationConfig;

/// How long writing waits for a server that is away before it gives up, unless told otherwise.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// What an index on a server is opened with.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// What the library's collections are named after: `mcdewey` gives `mcdewey-<generation>`,
    /// `mcdewey-vectors-<length>` and the alias `mcdewey`.
    pub collection: String,
    /// How new collections are replication over a cluster.
    pub replication: ReplicationConfig,
    /// The model whose vectors are stored.
    pub model: ModelInfo,
    /// Fingerprint of the splitter that makes the passages.
    pub chunker: String,
    /// How long writing waits for a server that is away.
    pub patience: Duration,
}

/// The index on a server. Dropping it lets the commits under way finish.
pub struct ServerIndex {
    library: Arc<Library>,
    writer: Writer,
    patience: Duration,
}

impl ServerIndex {
    /// Opens the library of this model and splitter. Nothing is made on the server before something is written.
    pub async fn open(server: Server, options: ServerOptions) -> Result<Self, IndexError> {
        check_name(&options.collection)?;
        let dimensions = options.model.dimensions;
        let generation = generation::fingerprint(schema::SCHEMA, &options.model, &options.chunker);
        let names = Names::new(&options.collection, &generation, dimensions);
        let looked = schema::look(&server, &names, dimensions).await;
        let looked = looked.map_err(|refusal| refusal.to_index_error(server.url()))?;
        let reads = looked.unwrap_or_else(|| options.replication.reads());

        let collection = |name: &str| Collection {
            server: server.clone(),
            name: name.to_owned(),
            reads,
        };

        let collections = (collection(&names.library), collection(&names.vectors));
        let library = Arc::new(Library::new(
            generation,
            dimensions,
            (names, options.replication),
            collections,
        ));

        library
            .refresh()
            .await
            .map_err(|refusal| library.to_index_error(refusal))?;
        let writer = Writer::start(Committer::new(Arc::clone(&library)), options.patience);
        Ok(Self {
            library,
            writer,
            patience: options.patience,
        })
    }

    /// The mirror, brought forward.
    async fn current(&self) -> Result<library::View, IndexError> {
        self.library
            .current()
            .await
            .map_err(|refusal| self.library.to_index_error(refusal))
    }
}

/// The name becomes part of URLs and file names on the server.
fn check_name(name: &str) -> Result<(), IndexError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || name.len() > 100 || !name.chars().all(allowed) {
        let reason = "letters, digits, `-`, `_` and `.` are allowed, at most 100";
        return Err(mcdewey_core::InvalidValue::new("name of a collection", name, reason).into());
    }

    Ok(())
}

impl fmt::Debug for ServerIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerIndex")
            .field("collection", &self.library.names.library)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Index for ServerIndex {
    async fn state(&self) -> Result<IndexState, IndexError> {
        Ok(self.current().await?.state(&self.library.generation))
    }

    async fn candidates(
        &self,
        query: &CandidateQuery,
        scope: &Scope,
    ) -> Result<Candidates, IndexError> {
        lookup::candidates(&self.library, query, scope).await
    }

    async fn chunks(&self, ids: &[ChunkId], scope: &Scope) -> Result<Vec<Chunk>, IndexError> {
        self.library
            .chunks(ids, scope)
            .await
            .map_err(|refusal| self.library.to_index_error(refusal))
    }

    async fn passages(
        &self,
        source: &SourcePath,
        ordinals: Range<u32>,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        self.library
            .passages(source, ordinals, scope)
            .await
            .map_err(|refusal| self.library.to_index_error(refusal))
    }

    async fn chunks_on(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Vec<Chunk>, IndexError> {
        self.library
            .chunks_on(source, page, scope)
            .await
            .map_err(|refusal| self.library.to_index_error(refusal))
    }

    async fn by_handle(&self, handle: &str, scope: &Scope) -> Result<Vec<Chunk>, IndexError> {
        self.library
            .by_handle(handle, scope)
            .await
            .map_err(|refusal| self.library.to_index_error(refusal))
    }

    async fn page(
        &self,
        source: &SourcePath,
        page: PageNumber,
        scope: &Scope,
    ) -> Result<Option<Page>, IndexError> {
        self.library
            .page(source, page, scope)
            .await
            .map_err(|refusal| self.library.to_index_error(refusal))
    }

    async fn document(
        &self,
        source: &SourcePath,
        scope: &Scope,
    ) -> Result<Option<Document>, IndexError> {
        self.library
            .document(source, scope)
            .await
            .map_err(|refusal| self.library.to_index_error(refusal))
    }

    async fn attachment(
        &self,
        source: &SourcePath,
        role: AttachmentRole,
        name: &str,
        scope: &Scope,
    ) -> Result<Option<AttachedFile>, IndexError> {
        let found = self.library.attachment(source, role, name, scope).await;
        found.map_err(|refusal| self.library.to_index_error(refusal))
    }

    async fn documents(&self, scope: &Scope) -> Result<Vec<DocumentSummary>, IndexError> {
        Ok(self.current().await?.summaries(scope))
    }

    async fn description(&self) -> Result<LibraryDescription, IndexError> {
        Ok(self.current().await?.description())
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

    /// Asked for by who ingests, who waits for a server that is away.
    async fn manifest(&self, root: &RootName) -> Result<Vec<ManifestEntry>, IndexError> {
        let mut patience = Patience::new(self.patience);
        loop {
            match self.library.current().await {
                Err(refusal) if patience.allows(&refusal).await => {}
                view => {
                    return Ok(view
                        .map_err(|refusal| self.library.to_index_error(refusal))?
                        .manifest(root));
                }
            }
        }
    }

    /// Asked for by who ingests, who waits for a server that is away.
    async fn cached_vectors(
        &self,
        keys: &[ContentHash],
    ) -> Result<Vec<Option<Vec<f32>>>, IndexError> {
        let mut patience = Patience::new(self.patience);
        loop {
            match self.library.cached_vectors(keys).await {
                Err(refusal) if patience.allows(&refusal).await => {}
                vectors => return vectors.map_err(|refusal| self.library.to_index_error(refusal)),
            }
        }
    }

    async fn commit(&self, document: DocumentRevision) -> Result<Revision, IndexError> {
        let library = Arc::clone(&self.library);
        let prepare = move || Prepared::new(document, library.dimensions, &library.bm25);
        let prepared = tokio::task::spawn_blocking(prepare).await;
        let prepared = prepared
            .map_err(|error| IndexError::Store(format!("a commit broke off: {error}")))??;

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

    async fn optimize(&self) -> Result<(), IndexError> {
        self.writer.ask(Command::Optimize).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_collections_are_checked() {
        check_name("mcdewey").unwrap();
        check_name("team-2_docs.v1").unwrap();
        for wrong in ["", "a/b", "a b", ".a", "é"] {
            assert!(
                check_name(wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("collection"),
                "{wrong:?}"
            );
        }
    }
}
