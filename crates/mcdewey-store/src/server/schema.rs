//! The collections of a library on a server: their names, how they are made, and whether one that is there is ours.
//!
//! ```text
//! <name>-<generation>       passages, pages, documents and the library's state
//! <name>-vectors-<length>   vectors by embedding key, shared by all generations
//! <name>                    alias of the generation that was filled last
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
use super::point::{DENSE, DOCUMENT, HANDLE, KIND, LIBRARY_REVISION, PAGE, REVISION, WORDS};
use super::server_error::ServerError;
use crate::facets;

/// The version of what points hold; part of a generation's fingerprint.
pub(super) const SCHEMA: &str = "server 3";

/// How a library is replication over a cluster; the server's own defaults where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplicationConfig {
    /// Parts of a collection, which nodes share.
    pub shards: Option<u32>,
    /// Copies of each part.
    pub replicas: Option<u32>,
    /// Copies that must hold a write before it counts; all of them unless said otherwise. With fewer, lookups ask
    /// more than one.
    pub write_consistency: Option<u32>,
}

impl ReplicationConfig {
    /// Copies that must hold a write before it counts.
    fn acknowledged(&self) -> Option<u32> {
        self.write_consistency.or(self.replicas)
    }

    /// How many copies a lookup must ask to find what was written.
    pub(super) fn reads(&self) -> Reads {
        Reads::of(self.replicas.unwrap_or(1), self.acknowledged().unwrap_or(1))
    }
}

/// How many copies a lookup asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Any one: all of them hold what was written.
    One,
    Majority,
    All,
}

impl Reads {
    /// The fewest of `replicas` copies that hold every write which `acknowledged` of them confirmed.
    fn of(replicas: u32, acknowledged: u32) -> Self {
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
pub(super) struct Names {
    pub(super) alias: String,
    pub(super) library: String,
    pub(super) vectors: String,
}

impl Names {
    pub(super) fn new(name: &str, generation: &Generation, dimensions: usize) -> Self {
        Self {
            alias: name.to_owned(),
            library: format!("{name}-{generation}"),
            vectors: format!("{name}-vectors-{dimensions}"),
        }
    }
}

/// Looks at what stands under the library's names; says how many copies its lookups must ask, or nothing when its
/// collection is not there yet. An error when something else stands there.
pub(super) async fn look(
    server: &Server,
    names: &Names,
    dimensions: usize,
) -> Result<Option<Reads>, ServerError> {
    let listed = server
        .read(|client| async move { client.list_collections().await })
        .await?;

    if listed
        .collections
        .iter()
        .any(|collection| collection.name == names.alias)
    {
        return Err(foreign(&names.alias, "an alias of this name is needed"));
    }

    if let Some(found) = info(server, &names.vectors).await? {
        check(&names.vectors, &found, "", dimensions)?;
    }

    match info(server, &names.library).await? {
        Some(found) => {
            check(&names.library, &found, DENSE, dimensions)?;
            check_words(&names.library, &found)?;
            let params = found.config.and_then(|config| config.params);
            let copies =
                params.map(|params| (params.replication_factor, params.write_consistency_factor));
            let (replicas, acknowledged) = copies.unwrap_or_default();

            Ok(Some(Reads::of(
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

/// Makes what is missing of the library's collections.
pub(super) async fn create(
    server: &Server,
    names: &Names,
    dimensions: usize,
    replication: &ReplicationConfig,
) -> Result<(), ServerError> {
    if info(server, &names.vectors).await?.is_none() {
        // Compared to the bit and looked up by id only: no normalisation, no index, and nothing of it in memory.
        let params = VectorParamsBuilder::new(dimensions as u64, Distance::Dot)
            .hnsw_config(HnswConfigDiffBuilder::default().m(0))
            .on_disk(true);

        let request = spread_out(
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
        let mut words = SparseVectorsConfigBuilder::default();

        // Without the engine's IDF modifier: the question's weights hold how rare its words are, see `bm25`.
        words.add_named_vector_params(WORDS, SparseVectorParamsBuilder::default());
        let request = CreateCollectionBuilder::new(&names.library)
            .vectors_config(vectors)
            .sparse_vectors_config(words)
            .on_disk_payload(true);
        create_once(server, spread_out(request, replication)).await?;
    }

    // Every field that a condition asks for: servers in strict mode refuse others.
    let keywords = facets::FIELDS
        .into_iter()
        .chain([KIND, DOCUMENT, HANDLE, OWNER]);
    let numbers = [PAGE, REVISION, LIBRARY_REVISION, TERM].map(|field| (field, FieldType::Integer));
    let there = info(server, &names.library)
        .await?
        .map(|info| info.payload_schema)
        .unwrap_or_default();

    let wanted = keywords
        .map(|field| (field, FieldType::Keyword))
        .chain(numbers);

    // A key for these collections only may not make indexes, and need not when they are there.
    for (field, kind) in wanted.filter(|(field, _)| !there.contains_key(*field)) {
        let request = CreateFieldIndexCollectionBuilder::new(&names.library, field, kind)
            .wait(true)
            .build();
        server
            .write(|client| async move { client.create_field_index(request).await })
            .await?;
    }

    Ok(())
}

/// Lets the alias name this library's collection; the server puts it in place of a former one in one step.
pub(super) async fn name_live(server: &Server, names: &Names) -> Result<(), ServerError> {
    if is_live(server, names).await? {
        return Ok(());
    }

    let request = CreateAliasBuilder::new(&names.library, &names.alias).build();
    server
        .write(|client| async move { client.create_alias(request).await })
        .await?;

    tracing::info!(
        alias = names.alias,
        collection = names.library,
        "the alias names this generation now"
    );

    Ok(())
}

/// Whether the alias names this library's collection.
pub(super) async fn is_live(server: &Server, names: &Names) -> Result<bool, ServerError> {
    Ok(live(server, names).await?.as_ref() == Some(&names.library))
}

/// The collection the alias names.
async fn live(server: &Server, names: &Names) -> Result<Option<String>, ServerError> {
    let aliases = server
        .read(|client| async move { client.list_aliases().await })
        .await?
        .aliases;

    let named = aliases
        .into_iter()
        .find(|alias| alias.alias_name == names.alias);
    Ok(named.map(|alias| alias.collection_name))
}

/// Says that the library on the server was made with something else than what this program would make it with.
async fn warn_of_another_generation(server: &Server, names: &Names) -> Result<(), ServerError> {
    if let Some(live) = live(server, names).await? {
        tracing::warn!(
            live,
            wanted = names.library,
            url = server.url(),
            "the library on the Qdrant server was made with another model, splitter or version; the next ingest builds \
             this program's beside it"
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
        Err(ServerError::Missing) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Another process may make it at the same moment.
async fn create_once(server: &Server, request: CreateCollectionBuilder) -> Result<(), ServerError> {
    let request = request.build();
    let name = request.collection_name.clone();
    match server
        .write(|client| async move { client.create_collection(request).await })
        .await
    {
        Ok(_) => Ok(()),
        Err(refusal @ ServerError::Failed(_)) => match info(server, &name).await? {
            Some(_) => Ok(()),
            None => Err(refusal),
        },
        Err(refusal) => Err(refusal),
    }
}

fn spread_out(
    mut request: CreateCollectionBuilder,
    replication: &ReplicationConfig,
) -> CreateCollectionBuilder {
    if let Some(shards) = replication.shards {
        request = request.shard_number(shards);
    }

    if let Some(replicas) = replication.replicas {
        request = request.replication_factor(replicas);
    }

    if let Some(copies) = replication.acknowledged() {
        request = request.write_consistency_factor(copies);
    }

    request
}

/// Refuses a collection whose vector of this name ("" is the one without a name) has another length.
fn check(
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
        Some(Config::Params(params)) if vector.is_empty() => Some(params.size),
        Some(Config::ParamsMap(map)) => map.map.get(vector).map(|params| params.size),
        _ => None,
    };

    match size {
        Some(size) if size == dimensions as u64 => Ok(()),
        Some(size) => Err(foreign(
            collection,
            &format!("its vectors have {size} numbers instead of {dimensions}"),
        )),
        None => Err(foreign(
            collection,
            &format!("it lacks the vector {vector:?}"),
        )),
    }
}

fn check_words(collection: &str, info: &CollectionInfo) -> Result<(), ServerError> {
    let params = info
        .config
        .as_ref()
        .and_then(|config| config.params.as_ref());
    let sparse = params.and_then(|params| params.sparse_vectors_config.as_ref());
    if sparse.is_some_and(|sparse| sparse.map.contains_key(WORDS)) {
        return Ok(());
    }

    Err(foreign(
        collection,
        &format!("it lacks the sparse vector {WORDS:?}"),
    ))
}

fn foreign(collection: &str, reason: &str) -> ServerError {
    ServerError::Away(format!(
        "its collection `{collection}` has another schema and was not made by this program: {reason}; choose another \
         name with --qdrant-collection, or remove that collection"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_holds_a_write_unless_told_otherwise() {
        let replication = |replicas, write_consistency| ReplicationConfig {
            shards: None,
            replicas,
            write_consistency,
        };

        assert_eq!(replication(None, None).acknowledged(), None);
        assert_eq!(replication(Some(3), None).acknowledged(), Some(3));
        assert_eq!(replication(None, None).reads(), Reads::One);
        assert_eq!(replication(Some(3), None).reads(), Reads::One);
        assert_eq!(replication(Some(3), Some(2)).reads(), Reads::Majority);
        assert_eq!(replication(Some(3), Some(1)).reads(), Reads::All);
        assert_eq!(replication(Some(2), Some(1)).reads(), Reads::Majority);
    }

    #[test]
    fn names_tell_generations_apart() {
        let names = Names::new("docs", &Generation("abc".to_owned()), 384);
        assert_eq!(
            (names.alias.as_str(), names.library.as_str()),
            ("docs", "docs-abc")
        );
        assert_eq!(names.vectors, "docs-vectors-384");
    }
}
