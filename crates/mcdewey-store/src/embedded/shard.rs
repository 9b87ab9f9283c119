//! The Qdrant shard: finds points by vector and by keywords. It is derived from the catalogue,
//! which takes precedence wherever the two differ.
//!
//! Constraints of this engine version:
//!
//! - A single thread must update, flush and optimise: a flush concurrent with an update panics.
//! - Only a flush makes points durable; the engine never reads its own log again.
//! - A deletion that is flushed during an optimisation may be undone.
//!
//! So nothing here is relied upon after a crash: opening compares the points with the catalogue's.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mcdewey_core::{DocumentMeta, IndexError};
use qdrant_edge::external::serde_json::Value;
use qdrant_edge::{
    CreateIndex, EdgeConfig, EdgeOptimizersConfig, EdgeShard, EdgeSparseVectorParams,
    EdgeVectorParams, FieldIndexOperations, Filter, HnswIndexConfig, NamedQuery,
    PayloadFieldSchema, PayloadSchemaType, PointId, PointInsertOperations, PointOperations,
    PointStruct, PointVectorsPersisted, QueryEnum, QueryRequest, ScoringQuery, ScrollRequest,
    SearchParams, SparseVector, UpdateOperation, UpdateVectorsOp, Vector, VectorInternal,
    VectorOperations, VectorPersisted, VectorStructInternal, VectorStructPersisted, Vectors,
    WalOptions, WithPayloadInterface, WithVector,
};
use uuid::Uuid;

use super::error::{EmbeddedError, EmbeddedResult};
use super::filter;
use super::panic_guard::catch_engine_panic;
use super::reserve::{self, BlockReserve};
use super::space;
use super::vector_storage::VectorStorage;
use crate::facets;

/// The name of the embedding vector.
const DENSE: &str = "dense";

/// The name of the keyword vector.
const KEYWORD: &str = "bm25";

/// The largest number of points for which a search compares every vector (16,000 vectors of 384
/// numbers take 3 ms on one core). That is exact and needs no index to be built (2 s instead of 26
/// s for those 16,000). Beyond it, an approximate index is built.
const EXHAUSTIVE_UP_TO: u64 = 100_000;

/// Edges per node in the approximate index: the engine's default.
const EDGES: usize = 16;

/// Points passed to the engine at a time. Its log holds such a batch in one record.
const BATCH: usize = 64;

/// The most bytes that a point without its embedding vector has in one file, when it is moved from one
/// segment to another: its keyword vector and payload.
const MOVED_POINT: usize = 8 * 1024;

/// Point ids read at a time when all points are listed.
const SCROLL_PAGE: usize = 10_000;

/// The size of the engine's log files, in bytes, which it allocates in advance.
const LOG_FILE: usize = 4 * 1024 * 1024;

/// Bytes that a step writes besides its points: headers, counters and rounding.
const STEP_OVERHEAD: u64 = 64 * 1024;

/// The most bytes that deleting a point adds to the files.
const DELETION: u64 = 256;

/// Free space, in bytes, required to create a shard. Its files have only a few pages each, but all
/// of them are new, so no blocks can be reserved beforehand. A multiple of the measured size.
pub(super) const NEW_SHARD: u64 = 16 * 1024 * 1024;

/// Segments that the optimiser aims for: a large one for reading and a small one for writing.
const SEGMENTS: usize = 2;

/// An open shard.
pub(super) struct Shard {
    edge: Option<EdgeShard>,
    dir: PathBuf,
    reserve: BlockReserve,
    vectors: VectorStorage,
    /// Whether the vectors are still stored as earlier settings asked for.
    has_old_storage: bool,
}

/// A point to add to the shard.
#[derive(Debug)]
pub(super) struct Point<'a> {
    pub(super) id: Uuid,
    pub(super) chunk_id: &'a str,
    pub(super) page: u32,
    pub(super) document: &'a DocumentMeta,
    /// `None` if the passage is not embedded yet; the point then matches by keywords only.
    pub(super) vector: Option<&'a [f32]>,
    pub(super) keyword_vector: &'a SparseVector,
}

/// A search by one of the two vectors.
#[derive(Debug, Clone)]
pub(super) enum VectorQuery {
    /// Points near this embedding vector.
    Dense { vector: Vec<f32>, exact: bool },
    /// Points that contain some of these words.
    Keyword(SparseVector),
}

/// A point returned by a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FoundPoint {
    pub(super) point: Uuid,
    pub(super) score: f32,
}

impl Shard {
    /// Creates an empty shard in a folder that does not exist yet.
    pub(super) fn create(
        dir: &Path,
        dimensions: usize,
        vectors: VectorStorage,
    ) -> EmbeddedResult<Self> {
        fs::create_dir_all(dir)?;
        space::check(dir, 0, NEW_SHARD)?;

        let config = config(dimensions, vectors);
        let edge = catch_engine_panic(dir, || EdgeShard::new(dir, config))??;
        let shard = Self {
            edge: Some(edge),
            dir: dir.to_owned(),
            reserve: BlockReserve::default(),
            vectors,
            has_old_storage: false,
        };

        for field in facets::FIELDS {
            let index = CreateIndex {
                field_name: filter::path(field),
                field_schema: Some(PayloadFieldSchema::FieldType(PayloadSchemaType::Keyword)),
            };

            shard.update(
                UpdateOperation::FieldIndexOperation(FieldIndexOperations::CreateIndex(index)),
                0,
            )?;
        }

        shard.flush()?;
        Ok(shard)
    }

    /// Opens a shard. The engine panics on some kinds of damage; that is returned as an error. If
    /// the shard stores vectors in another way, it is used as it is until it is optimised.
    pub(super) fn load(dir: &Path, vectors: VectorStorage) -> EmbeddedResult<Self> {
        if dir.exists() {
            reserve::remove_unused(dir)?;
            space::check(dir, 0, reserve::space_to_open(dir)?)?;
        }

        let mut config = EdgeConfig::load(dir).transpose()?;
        let has_old_storage = config
            .as_mut()
            .and_then(|config| config.vectors.get_mut(DENSE))
            .is_some_and(|params| apply(vectors, params));

        let edge = catch_engine_panic(dir, || EdgeShard::load(dir, config))??;
        Ok(Self {
            edge: Some(edge),
            dir: dir.to_owned(),
            reserve: BlockReserve::default(),
            vectors,
            has_old_storage,
        })
    }

    /// Whether an optimisation would change how vectors are stored.
    pub(super) fn has_old_storage(&self) -> bool {
        self.has_old_storage
    }

    /// Adds points, which are durable after [`Shard::flush`].
    pub(super) fn add<'a>(
        &self,
        points: impl IntoIterator<Item = Point<'a>>,
    ) -> EmbeddedResult<()> {
        let mut points = points.into_iter().peekable();
        while points.peek().is_some() {
            let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
            for point in points.by_ref().take(BATCH) {
                let (point, size) = engine_point(point)?;
                batch.push(point.into());
                bytes += size;
            }

            let operation = PointOperations::UpsertPoints(PointInsertOperations::PointsList(batch));
            self.update(UpdateOperation::PointOperation(operation), bytes)?;
        }

        Ok(())
    }

    /// Adds their embedding vectors to points that are in the shard. Durable after [`Shard::flush`].
    pub(super) fn set_vectors(&self, vectors: &[(Uuid, Vec<f32>)]) -> EmbeddedResult<()> {
        for batch in vectors.chunks(BATCH) {
            let points = batch
                .iter()
                .map(|(point, vector)| PointVectorsPersisted {
                    id: PointId::Uuid(*point),
                    vector: VectorStructPersisted::Named(HashMap::from([(
                        DENSE.into(),
                        VectorPersisted::Dense(vector.clone()),
                    )])),
                })
                .collect();

            // A point of a compacted segment moves to another one with all its data.
            let bytes: usize = batch
                .iter()
                .map(|(_, vector)| 8 * vector.len() + MOVED_POINT)
                .sum();
            let operation = VectorOperations::UpdateVectors(UpdateVectorsOp {
                points,
                update_filter: None,
            });
            self.update(UpdateOperation::VectorOperation(operation), bytes as u64)?;
        }

        Ok(())
    }

    /// Removes points. Ignores unknown ones.
    pub(super) fn remove(&self, points: &[Uuid]) -> EmbeddedResult<()> {
        if points.is_empty() {
            return Ok(());
        }

        let ids = points.iter().copied().map(PointId::Uuid).collect();
        let operation = UpdateOperation::PointOperation(PointOperations::DeletePoints { ids });
        self.update(operation, DELETION * points.len() as u64)
    }

    /// Makes added points durable.
    pub(super) fn flush(&self) -> EmbeddedResult<()> {
        let edge = self.edge()?;
        catch_engine_panic(&self.dir, || edge.flush())
    }

    /// Compacts the segments and, for a large library, builds the approximate index, while reads go
    /// on. Returns `false` without doing anything if there is too little free space; the shard
    /// still answers questions then.
    pub(super) fn optimize(&self, points: u64, min_free_bytes: u64) -> EmbeddedResult<bool> {
        // The engine writes new segments before it deletes the old ones, so no blocks can be
        // reserved for them from here.
        let needed = space::disk_usage(&self.dir.join("segments"))?;
        if let Err(error) = space::check(&self.dir, min_free_bytes, needed) {
            tracing::warn!(%error, "the shard is not compacted; questions are still answered");
            return Ok(false);
        }

        let edge = self.edge()?;
        let hnsw_config = hnsw_config_for(points);
        if edge.config().hnsw_config != hnsw_config {
            edge.set_hnsw_config(hnsw_config)?;
        }

        if catch_engine_panic(&self.dir, || edge.optimize())?? {
            self.flush()?;
        }

        Ok(true)
    }

    /// Lists all points.
    pub(super) fn points(&self) -> EmbeddedResult<Vec<Uuid>> {
        let (mut points, mut offset) = (Vec::new(), None);
        loop {
            let request = ScrollRequest {
                offset,
                limit: Some(SCROLL_PAGE),
                with_payload: Some(WithPayloadInterface::Bool(false)),
                ..ScrollRequest::default()
            };

            let (records, next) = self.edge()?.scroll(request)?;
            points.extend(records.iter().filter_map(|record| uuid_of(record.id)));
            if next.is_none() {
                return Ok(points);
            }

            offset = next;
        }
    }

    /// Returns the best points, best first, with ties in no particular order.
    pub(super) fn search(
        &self,
        query: &VectorQuery,
        filter: Option<&Filter>,
        limit: usize,
    ) -> EmbeddedResult<Vec<FoundPoint>> {
        let (query, params) = match query {
            VectorQuery::Dense { vector, exact } => (
                NamedQuery::new(VectorInternal::Dense(vector.clone()), DENSE),
                self.vectors.search_params(*exact),
            ),
            VectorQuery::Keyword(vector) => (
                NamedQuery::new(VectorInternal::Sparse(vector.clone()), KEYWORD),
                SearchParams::default(),
            ),
        };

        let request = QueryRequest {
            prefetches: Vec::new(),
            query: Some(ScoringQuery::Vector(QueryEnum::Nearest(query))),
            filter: filter.cloned(),
            score_threshold: None,
            limit,
            offset: 0,
            params: Some(params),
            with_vector: WithVector::Bool(false),
            with_payload: WithPayloadInterface::Bool(false),
        };

        let found = self.edge()?.query(request)?;
        Ok(found
            .iter()
            .filter_map(|hit| {
                Some(FoundPoint {
                    point: uuid_of(hit.id)?,
                    score: hit.score,
                })
            })
            .collect())
    }

    /// Returns the keyword vectors of these points, without unknown points.
    pub(super) fn keyword_vectors(
        &self,
        points: &[Uuid],
    ) -> EmbeddedResult<HashMap<Uuid, SparseVector>> {
        let ids: Vec<PointId> = points.iter().copied().map(PointId::Uuid).collect();
        let only_keyword = WithVector::Selector(vec![KEYWORD.into()]);
        let records = self.edge()?.retrieve(
            &ids,
            Some(WithPayloadInterface::Bool(false)),
            Some(only_keyword),
        )?;

        let mut found = HashMap::with_capacity(records.len());
        for record in records {
            let (Some(point), Some(VectorStructInternal::Named(mut vectors))) =
                (uuid_of(record.id), record.vector)
            else {
                continue;
            };

            if let Some(VectorInternal::Sparse(vector)) = vectors.remove(KEYWORD) {
                found.insert(point, vector);
            }
        }

        Ok(found)
    }

    /// Whether it can be searched.
    pub(super) fn is_open(&self) -> bool {
        self.edge.is_some()
    }

    /// Closes the shard and opens it again. Only then does the engine clear what it keeps of deleted
    /// points; otherwise the next start would change files.
    pub(super) fn reload(&mut self) -> EmbeddedResult<()> {
        // Before it is closed, because it could not be opened again.
        space::check(&self.dir, 0, reserve::space_to_open(&self.dir)?)?;
        self.close();
        *self = Self::load(&self.dir, self.vectors)?;
        Ok(())
    }

    /// Bytes that the files of the shard occupy on the disk, the engine's log included.
    pub(super) fn disk_usage(&self) -> EmbeddedResult<u64> {
        space::disk_usage(&self.dir)
    }

    /// Closes the shard and deletes its folder.
    pub(super) fn destroy(mut self) -> EmbeddedResult<()> {
        self.close();
        Ok(fs::remove_dir_all(&self.dir)?)
    }

    /// Runs one step of the engine that writes at most this many bytes of points, after reserving
    /// blocks for the step and its flush.
    fn update(&self, operation: UpdateOperation, bytes: u64) -> EmbeddedResult<()> {
        let bytes = bytes + STEP_OVERHEAD;
        self.reserve
            .reserve(&self.dir, bytes)
            .map_err(|error| reservation_error(&self.dir, bytes, error))?;

        let edge = self.edge()?;
        Ok(catch_engine_panic(&self.dir, || edge.update(operation))??)
    }

    fn edge(&self) -> EmbeddedResult<&EdgeShard> {
        self.edge
            .as_ref()
            .ok_or_else(|| IndexError::Store("the shard is closed".to_owned()).into())
    }

    fn close(&mut self) {
        let edge = self.edge.take();
        // Closing flushes and panics if it cannot. No durable data depends on that last flush.
        if let Err(error) = catch_engine_panic(&self.dir, || drop(edge)) {
            tracing::warn!(%error, "the shard was closed without a flush");
        }
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.close();
    }
}

/// Converts an error from reserving blocks for a step.
fn reservation_error(dir: &Path, bytes: u64, error: io::Error) -> EmbeddedError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            space::exhausted(dir, bytes, &error)
        }
        _ => error.into(),
    }
}

fn config(dimensions: usize, vectors: VectorStorage) -> EdgeConfig {
    let optimizers = EdgeOptimizersConfig {
        default_segment_number: Some(SEGMENTS),
        ..EdgeOptimizersConfig::default()
    };

    EdgeConfig::builder()
        .vector(DENSE, vectors.params(dimensions))
        .sparse_vector(KEYWORD, EdgeSparseVectorParams::builder().build())
        .hnsw_config(hnsw_config_for(0))
        .optimizers(optimizers)
        .wal_options(WalOptions {
            segment_capacity: LOG_FILE,
            ..WalOptions::default()
        })
        .build()
}

/// Changes the parameters of stored vectors to these settings. Returns whether any was different.
fn apply(vectors: VectorStorage, params: &mut EdgeVectorParams) -> bool {
    let wanted = vectors.params(params.size);
    let is_same_place = params.on_disk.unwrap_or_default() == vectors.on_disk;
    let is_same = is_same_place && params.quantization_config == wanted.quantization_config;
    params.on_disk = wanted.on_disk;
    params.quantization_config = wanted.quantization_config;

    !is_same
}

/// The settings of the approximate index for this number of points. Without edges, a search
/// compares every vector.
fn hnsw_config_for(points: u64) -> HnswIndexConfig {
    let m = if points > EXHAUSTIVE_UP_TO { EDGES } else { 0 };
    HnswIndexConfig {
        m,
        ..HnswIndexConfig::default()
    }
}

/// Converts a point for the engine. Also returns the most bytes that the point adds to any one
/// file: the log takes the most, with five bytes per number and the names of all fields.
fn engine_point(point: Point<'_>) -> EmbeddedResult<(PointStruct, u64)> {
    let mut vectors: Vec<(&str, Vector)> = Vec::with_capacity(2);
    let mut numbers = 2 * point.keyword_vector.indices.len();
    if let Some(vector) = point.vector {
        vectors.push((DENSE, Vector::new_dense(vector)));
        numbers += vector.len();
    }

    vectors.push((KEYWORD, Vector::from(point.keyword_vector.clone())));

    let mut payload = facets::payload(point.document);
    payload.insert("chunk_id".to_owned(), point.chunk_id.into());
    payload.insert("page".to_owned(), point.page.into());
    let payload = Value::Object(payload);

    let bytes = 8 * numbers + 2 * payload.to_string().len() + 1024;

    Ok((
        PointStruct::new(
            PointId::Uuid(point.id),
            Vectors::new_named(vectors),
            payload,
        ),
        bytes as u64,
    ))
}

fn uuid_of(id: PointId) -> Option<Uuid> {
    match id {
        PointId::Uuid(id) => Some(id),
        PointId::NumId(_) => None,
    }
}
