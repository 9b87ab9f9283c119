//! The collections of a library on a server: their names, their creation, and the check that an
//! existing collection was made by this program.
//!
//! ```text
//! <name>-<generation>       chunks, pages, documents and the library's state
//! <name>-vectors-<length>   vectors by embedding key, shared by all generations
//! <name>                    alias of the generation that was completed last
//! ```

use mcdewey_core::Generation;
use qdrant_client::qdrant::vectors_config::Config;
use qdrant_client::qdrant::{
    CollectionInfo, CreateAliasBuilder, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder,
    Distance, FieldType, HnswConfigDiffBuilder, SparseVectorParamsBuilder,
    SparseVectorsConfigBuilder, VectorParamsBuilder, VectorsConfigBuilder,
};

use super::connection::Server;
use super::lease::{OWNER, TERM};
use super::point::{DENSE, DOCUMENT, HANDLE, KEYWORD, KIND, LIBRARY_REVISION, PAGE, REVISION};
use super::server_error::ServerError;
use crate::facets;

/// The version of the points' format; part of a generation's fingerprint.
pub(super) const SCHEMA: &str = "server 3";

/// How a library is sharded and replicated in a cluster. The server's defaults apply where a value
/// is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplicationConfig {
    /// The number of shards of a collection.
    pub shards: Option<u32>,
    /// The number of replicas of each shard.
    pub replicas: Option<u32>,
    /// How many replicas must confirm a write; all of them by default. With fewer, reads query more
    /// than one replica.
    pub write_consistency: Option<u32>,
}

impl ReplicationConfig {
    /// How many replicas must confirm a write.
    fn acknowledgements(&self) -> Option<u32> {
        self.write_consistency.or(self.replicas)
    }

    /// How many replicas a read must query to find everything that was written.
    pub(super) fn read_consistency(&self) -> ReadConsistency {
        ReadConsistency::new(
            self.replicas.unwrap_or(1),
            self.acknowledgements().unwrap_or(1),
        )
    }
}

/// How many replicas a read queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadConsistency {
    /// Any one, because all of them hold everything that was written.
    One,
    Majority,
    All,
}

impl ReadConsistency {
    /// The fewest of `replicas` replicas that together hold every write that `acknowledged` of them
    /// confirmed.
    fn new(replicas: u32, acknowledged: u32) -> Self {
        if acknowledged >= replicas {
            Self::One
        } else if acknowledged + replicas / 2 + 1 > replicas {
            Self::Majority
        } else {
            Self::All
        }
    }
}

/// The names of a library's collections.
#[derive(Debug, Clone)]
pub(super) struct CollectionNames {
    pub(super) alias: String,
    pub(super) library: String,
    pub(super) vectors: String,
}

impl CollectionNames {
    pub(super) fn new(name: &str, generation: &Generation, dimensions: usize) -> Self {
        Self {
            alias: name.to_owned(),
            library: format!("{name}-{generation}"),
            vectors: format!("{name}-vectors-{dimensions}"),
        }
    }
}

/// Checks existing collections with the library's names. Returns how many replicas its reads must
/// query, or `None` if its collection does not exist yet. Fails if another program made a
/// collection with one of the names.
pub(super) async fn inspect(
    server: &Server,
    names: &CollectionNames,
    dimensions: usize,
) -> Result<Option<ReadConsistency>, ServerError> {
    let listed = server
        .read(|client| async move { client.list_collections().await })
        .await?;

    if listed
        .collections
        .iter()
        .any(|collection| collection.name == names.alias)
    {
        return Err(foreign_collection(
            &names.alias,
            "its name is needed for an alias",
        ));
    }

    if let Some(found) = info(server, &names.vectors).await? {
        check_vector(&names.vectors, &found, UNNAMED, dimensions)?;
    }

    match info(server, &names.library).await? {
        Some(found) => {
            check_vector(&names.library, &found, DENSE, dimensions)?;
            check_keyword_vector(&names.library, &found)?;
            let params = found.config.and_then(|config| config.params);
            let (replicas, acknowledged) = params
                .map(|params| (params.replication_factor, params.write_consistency_factor))
                .unwrap_or_default();

            Ok(Some(ReadConsistency::new(
                replicas.unwrap_or(1),
                acknowledged.unwrap_or(1),
            )))
        }
        None => {
            warn_of_another_generation(server, names).await?;
            Ok(None)
        }
    }
}

/// Creates the library's collections and payload indexes that are missing.
pub(super) async fn create(
    server: &Server,
    names: &CollectionNames,
    dimensions: usize,
    replication: &ReplicationConfig,
) -> Result<(), ServerError> {
    if info(server, &names.vectors).await?.is_none() {
        // Vectors in the cache must stay bit-identical and are read by id only: the dot product
        // avoids normalisation, there is no HNSW index, and nothing is kept in memory.
        let params = VectorParamsBuilder::new(dimensions as u64, Distance::Dot)
            .hnsw_config(HnswConfigDiffBuilder::default().m(0))
            .on_disk(true);

        let request = with_replication(
            CreateCollectionBuilder::new(&names.vectors).vectors_config(params),
            replication,
        );
        create_once(server, request).await?;
    }

    if info(server, &names.library).await?.is_none() {
        let mut vectors = VectorsConfigBuilder::default();
        vectors.add_named_vector_params(
            DENSE,
            VectorParamsBuilder::new(dimensions as u64, Distance::Cosine),
        );
        let mut sparse_vectors = SparseVectorsConfigBuilder::default();

        // Without the engine's IDF modifier: the weights of a question contain the rarity of its
        // words, see `ranking::weigh_words`.
        sparse_vectors.add_named_vector_params(KEYWORD, SparseVectorParamsBuilder::default());
        let request = CreateCollectionBuilder::new(&names.library)
            .vectors_config(vectors)
            .sparse_vectors_config(sparse_vectors)
            .on_disk_payload(true);
        create_once(server, with_replication(request, replication)).await?;
    }

    // Every field that appears in a condition: servers in strict mode reject conditions on fields
    // without an index.
    let keywords = facets::FIELDS
        .into_iter()
        .chain([KIND, DOCUMENT, HANDLE, OWNER]);
    let numbers = [PAGE, REVISION, LIBRARY_REVISION, TERM].map(|field| (field, FieldType::Integer));
    let existing = info(server, &names.library)
        .await?
        .map(|info| info.payload_schema)
        .unwrap_or_default();

    let wanted = keywords
        .map(|field| (field, FieldType::Keyword))
        .chain(numbers);

    // An API key restricted to these collections cannot create indexes, and does not have to if
    // they exist.
    for (field, kind) in wanted.filter(|(field, _)| !existing.contains_key(*field)) {
        let request = CreateFieldIndexCollectionBuilder::new(&names.library, field, kind)
            .wait(true)
            .build();
        server
            .write(|client| async move { client.create_field_index(request).await })
            .await?;
    }

    Ok(())
}

/// Points the alias at this library's collection. The server replaces a previous target atomically.
pub(super) async fn switch_alias(
    server: &Server,
    names: &CollectionNames,
) -> Result<(), ServerError> {
    if is_alias_current(server, names).await? {
        return Ok(());
    }

    let request = CreateAliasBuilder::new(&names.library, &names.alias).build();
    server
        .write(|client| async move { client.create_alias(request).await })
        .await?;

    tracing::info!(
        alias = names.alias,
        collection = names.library,
        "switched the alias to this generation"
    );

    Ok(())
}

/// Reports whether the alias points at this library's collection.
pub(super) async fn is_alias_current(
    server: &Server,
    names: &CollectionNames,
) -> Result<bool, ServerError> {
    Ok(alias_target(server, names).await?.as_ref() == Some(&names.library))
}

/// The collection at which the alias points.
async fn alias_target(
    server: &Server,
    names: &CollectionNames,
) -> Result<Option<String>, ServerError> {
    let aliases = server
        .read(|client| async move { client.list_aliases().await })
        .await?
        .aliases;

    let named = aliases
        .into_iter()
        .find(|alias| alias.alias_name == names.alias);
    Ok(named.map(|alias| alias.collection_name))
}

/// Warns if the alias points at another generation than the one this program uses.
async fn warn_of_another_generation(
    server: &Server,
    names: &CollectionNames,
) -> Result<(), ServerError> {
    if let Some(target) = alias_target(server, names).await? {
        tracing::warn!(
            live = target,
            wanted = names.library,
            url = server.url(),
            "the library on the Qdrant server was made with another model, splitter or version; \
             the next ingest builds a new generation beside it"
        );
    }

    Ok(())
}

async fn info(server: &Server, name: &str) -> Result<Option<CollectionInfo>, ServerError> {
    match server
        .read(|client| async move { client.collection_info(name).await })
        .await
    {
        Ok(answer) => Ok(answer.result),
        Err(ServerError::NoCollection) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Creates a collection, unless another process creates it at the same time.
async fn create_once(server: &Server, request: CreateCollectionBuilder) -> Result<(), ServerError> {
    let request = request.build();
    let name = request.collection_name.clone();
    match server
        .write(|client| async move { client.create_collection(request).await })
        .await
    {
        Ok(_) => Ok(()),
        Err(error @ ServerError::Failed(_)) => match info(server, &name).await? {
            Some(_) => Ok(()),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

fn with_replication(
    mut request: CreateCollectionBuilder,
    replication: &ReplicationConfig,
) -> CreateCollectionBuilder {
    if let Some(shards) = replication.shards {
        request = request.shard_number(shards);
    }

    if let Some(replicas) = replication.replicas {
        request = request.replication_factor(replicas);
    }

    if let Some(replicas) = replication.acknowledgements() {
        request = request.write_consistency_factor(replicas);
    }

    request
}

/// The name of a collection's only vector.
const UNNAMED: &str = "";

/// Rejects a collection whose vector of this name is missing or has another length.
fn check_vector(
    collection: &str,
    info: &CollectionInfo,
    vector: &str,
    dimensions: usize,
) -> Result<(), ServerError> {
    let params = info
        .config
        .as_ref()
        .and_then(|config| config.params.as_ref());
    let config = params.and_then(|params| params.vectors_config.as_ref()?.config.as_ref());
    let size = match config {
        Some(Config::Params(params)) if vector == UNNAMED => Some(params.size),
        Some(Config::ParamsMap(map)) => map.map.get(vector).map(|params| params.size),
        _ => None,
    };

    match size {
        Some(size) if size == dimensions as u64 => Ok(()),
        Some(size) => Err(foreign_collection(
            collection,
            &format!("its vectors have {size} numbers instead of {dimensions}"),
        )),
        None => Err(foreign_collection(
            collection,
            &format!("it lacks the vector {vector:?}"),
        )),
    }
}

fn check_keyword_vector(collection: &str, info: &CollectionInfo) -> Result<(), ServerError> {
    let params = info
        .config
        .as_ref()
        .and_then(|config| config.params.as_ref());
    let sparse = params.and_then(|params| params.sparse_vectors_config.as_ref());
    if sparse.is_some_and(|sparse| sparse.map.contains_key(KEYWORD)) {
        return Ok(());
    }

    Err(foreign_collection(
        collection,
        &format!("it lacks the sparse vector {KEYWORD:?}"),
    ))
}

fn foreign_collection(collection: &str, reason: &str) -> ServerError {
    ServerError::Unavailable(format!(
        "its collection `{collection}` has another schema and was not created by this program: \
         {reason}; choose another name with --qdrant-collection, or delete that collection"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_replicas_confirm_a_write_by_default() {
        let replication = |replicas, write_consistency| ReplicationConfig {
            shards: None,
            replicas,
            write_consistency,
        };

        assert_eq!(replication(None, None).acknowledgements(), None);
        assert_eq!(replication(Some(3), None).acknowledgements(), Some(3));
        assert_eq!(
            replication(None, None).read_consistency(),
            ReadConsistency::One
        );
        assert_eq!(
            replication(Some(3), None).read_consistency(),
            ReadConsistency::One
        );
        assert_eq!(
            replication(Some(3), Some(2)).read_consistency(),
            ReadConsistency::Majority
        );
        assert_eq!(
            replication(Some(3), Some(1)).read_consistency(),
            ReadConsistency::All
        );
        assert_eq!(
            replication(Some(2), Some(1)).read_consistency(),
            ReadConsistency::Majority
        );
    }

    #[test]
    fn collection_names_contain_generation_and_vector_length() {
        let names = CollectionNames::new("docs", &Generation("abc".to_owned()), 384);
        assert_eq!(
            (names.alias.as_str(), names.library.as_str()),
            ("docs", "docs-abc")
        );
        assert_eq!(names.vectors, "docs-vectors-384");
    }
}
