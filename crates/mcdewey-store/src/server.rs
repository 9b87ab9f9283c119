//! The index on a Qdrant server or cluster: chunks are points with two vectors; pages, documents
//! and the library's state are points without vectors.
//!
//! The server has no transactions. What is visible depends on one point, the library's revision,
//! and on a replica of the catalogue that every process keeps in memory. A chunk counts only while
//! it belongs to the live revision of its document, so a document is visible as a whole or not at
//! all. One process writes at a time; any number of processes read.

mod catalogue_replica;
mod collection;
mod commit;
mod connection;
mod files;
mod kept_documents;
mod lease;
mod point;
mod read;
mod reader;
mod schema;
mod search;
mod server_error;
mod shared;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mcdewey_core::{
    ContentHash, DocumentRevision, Index, IndexError, IndexReader, InvalidValue,
    LibraryDescription, ManifestEntry, ModelInfo, Revision, RootName, SourcePath,
};

use collection::Collection;
use commit::Committer;
use reader::ServerReader;
use schema::CollectionNames;
use server_error::ServerError;
use shared::{PinnedReplica, Shared};
use writer::{Backoff, Writer};

use crate::commands::Command;
use crate::generation;
use crate::prepare::Prepared;

pub use connection::{Server, ServerAddress};
pub use schema::ReplicationConfig;

/// The default of [`ServerOptions::retry_timeout`].
pub const RETRY_TIMEOUT: Duration = Duration::from_secs(600);

/// The options for opening an index on a server.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The prefix of the collections' names: `mcdewey` results in `mcdewey-<generation>`,
    /// `mcdewey-vectors-<length>` and the alias `mcdewey`.
    pub collection: String,
    /// How new collections are sharded and replicated in a cluster.
    pub replication: ReplicationConfig,
    /// The model whose vectors are stored.
    pub model: ModelInfo,
    /// The fingerprint of the splitter that produces the chunks.
    pub chunker: String,
    /// How long writes are retried while the server is unavailable, before they fail.
    pub retry_timeout: Duration,
}

/// The index on a server. Dropping it lets pending commits finish.
pub struct ServerIndex {
    shared: Arc<Shared>,
    writer: Writer,
    retry_timeout: Duration,
}

impl ServerIndex {
    /// Opens the library of this model and splitter. Creates nothing on the server; the first write
    /// does.
    pub async fn open(server: Server, options: ServerOptions) -> Result<Self, IndexError> {
        check_name(&options.collection)?;
        let dimensions = options.model.dimensions;
        let generation = generation::fingerprint(schema::SCHEMA, &options.model, &options.chunker);
        let names = CollectionNames::new(&options.collection, &generation, dimensions);
        let existing = schema::inspect(&server, &names, dimensions)
            .await
            .map_err(|error| error.into_index_error(server.url()))?;

        let consistency = existing.unwrap_or_else(|| options.replication.read_consistency());
        let collections = [&names.library, &names.vectors].map(|name| Collection {
            server: server.clone(),
            name: name.clone(),
            read_consistency: consistency,
        });

        let shared = Arc::new(Shared::new(
            generation,
            dimensions,
            (names, options.replication),
            collections.into(),
        ));

        shared
            .refresh()
            .await
            .map_err(|error| shared.to_index_error(error))?;

        let writer = Writer::start(Committer::new(Arc::clone(&shared)), options.retry_timeout);
        Ok(Self {
            shared,
            writer,
            retry_timeout: options.retry_timeout,
        })
    }

    /// Converts the error of a result for callers.
    fn explain<T>(&self, result: Result<T, ServerError>) -> Result<T, IndexError> {
        result.map_err(|error| self.shared.to_index_error(error))
    }

    /// Refreshes the replica of the catalogue and pins it.
    async fn current_replica(&self) -> Result<Arc<PinnedReplica>, IndexError> {
        self.explain(self.shared.current_replica().await)
    }
}

/// The longest name of a collection, in bytes.
const MAX_NAME_LENGTH: usize = 100;

/// Checks the name of a collection, which becomes part of URLs and file names on the server.
fn check_name(name: &str) -> Result<(), IndexError> {
    if name.is_empty()
        || name.starts_with('.')
        || name.len() > MAX_NAME_LENGTH
        || !name.chars().all(is_allowed_in_name)
    {
        let reason = "letters, digits, `-`, `_` and `.` are allowed, at most 100";
        return Err(InvalidValue::new("name of a collection", name, reason).into());
    }

    Ok(())
}

fn is_allowed_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

impl fmt::Debug for ServerIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerIndex")
            .field("collection", &self.shared.names.library)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Index for ServerIndex {
    async fn reader(&self) -> Result<Arc<dyn IndexReader>, IndexError> {
        let replica = self.current_replica().await?;
        Ok(Arc::new(ServerReader::new(
            Arc::clone(&self.shared),
            replica,
        )))
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

    /// Retried like a write, because an ingest calls it.
    async fn manifest(&self, root: &RootName) -> Result<Vec<ManifestEntry>, IndexError> {
        let mut backoff = Backoff::new(self.retry_timeout);
        loop {
            match self.shared.current_replica().await {
                Err(error) if backoff.should_retry(&error).await => {}
                replica => return Ok(self.explain(replica)?.manifest(root)),
            }
        }
    }

    /// Retried like a write, because an ingest calls it.
    async fn cached_vectors(
        &self,
        keys: &[ContentHash],
    ) -> Result<Vec<Option<Vec<f32>>>, IndexError> {
        let mut backoff = Backoff::new(self.retry_timeout);
        loop {
            match self.shared.cached_vectors(keys).await {
                Err(error) if backoff.should_retry(&error).await => {}
                vectors => return self.explain(vectors),
            }
        }
    }

    async fn commit(&self, document: DocumentRevision) -> Result<Revision, IndexError> {
        if document.is_words_only() {
            let reason = "a library on a Qdrant server takes documents only with their vectors";
            return Err(
                InvalidValue::new("document", document.meta.source.as_str(), reason).into(),
            );
        }

        let shared = Arc::clone(&self.shared);
        let prepared = tokio::task::spawn_blocking(move || {
            Prepared::new(document, shared.dimensions, &shared.bm25)
        })
        .await
        .map_err(|error| IndexError::Store(format!("a commit panicked: {error}")))??;

        self.writer
            .execute(|reply| Command::Commit(Box::new(prepared), reply))
            .await
    }

    async fn remove(&self, sources: &[SourcePath]) -> Result<Revision, IndexError> {
        let sources = sources.to_vec();
        self.writer
            .execute(|reply| Command::Remove(sources, reply))
            .await
    }

    async fn optimize(&self) -> Result<(), IndexError> {
        self.writer.execute(Command::Optimize).await
    }
}
