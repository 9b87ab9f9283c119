//! The Qdrant shard: finds points by vector and by words. It is derived from the catalogue and never believed over it.
//!
//! What this engine version asks of its caller: one thread updates, flushes and optimises (a flush beside an update
//! panics); only a flush makes points durable, its own log is never read again; a deletion flushed while optimising may
//! come back. So nothing here is relied upon after a crash: opening compares the points with the catalogue's.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mcdewey_core::{DocumentMeta, IndexError};
use qdrant_edge::external::serde_json::Value;
use qdrant_edge::{
    CreateIndex, Distance, EdgeConfig, EdgeOptimizersConfig, EdgeShard, EdgeSparseVectorParams,
    EdgeVectorParams, FieldIndexOperations, Filter, HnswIndexConfig, NamedQuery,
    PayloadFieldSchema, PayloadSchemaType, PointId, PointInsertOperations, PointOperations,
    PointStruct, QueryEnum, QueryRequest, ScoringQuery, ScrollRequest, SearchParams, SparseVector,
    UpdateOperation, Vector, VectorInternal, VectorStructInternal, Vectors, WalOptions,
    WithPayloadInterface, WithVector,
};
use uuid::Uuid;

use super::failure::{Failure, Outcome};
use super::filter;
use super::guarded::guarded;
use super::reserve::{self, Reserve};
use super::space;
use crate::facets;

/// The vector of meaning.
const DENSE: &str = "dense";
/// The vector of words.
const WORDS: &str = "bm25";
/// Up to here every vector is compared (16,000 vectors of 384 numbers take 3 ms on one core), which is exact and needs
/// no index to be built (2 s instead of 26 s for those 16,000); beyond it an approximate index is built.
const COMPARED_UP_TO: u64 = 100_000;
/// Edges of a node in the approximate index: the engine's default.
const EDGES: usize = 16;
/// Points handed to the engine at once; its log holds such a batch in one record.
const BATCH: usize = 64;
/// Point ids read at once when all are listed.
const PAGE: usize = 10_000;
/// Size of the engine's log files, which it makes in advance.
const LOG_FILE: usize = 4 * 1024 * 1024;
/// What a step writes besides its points: headers, counters, and what is rounded up.
const STEP_OVERHEAD: u64 = 64 * 1024;
/// What a deleted point adds to the files at most.
const DELETION: u64 = 256;
/// Free space without which no shard is made: its files are a few pages each, but all of them are new, so that nothing
/// can be reserved before. A multiple of what was measured (see `a_new_shard_is_small`).
pub(super) const NEW_SHARD: u64 = 16 * 1024 * 1024;
/// Segments the optimiser aims at: a large one that is read, a small one that is written.
const SEGMENTS: usize = 2;

/// An open shard.
pub(super) struct Shard {
    edge: Option<EdgeShard>,
    dir: PathBuf,
    reserve: Reserve,
}

/// A point for the shard.
#[derive(Debug)]
pub(super) struct Point<'a> {
    pub(super) id: Uuid,
    pub(super) chunk_id: &'a str,
    pub(super) page: u32,
    pub(super) document: &'a DocumentMeta,
    /// Missing when the embedding cache lost it; the point is then found by its words only.
    pub(super) vector: Option<&'a [f32]>,
    pub(super) words: &'a SparseVector,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub(super) enum VectorQuery {
    /// Points near this vector.
    Near { vector: Vec<f32>, exact: bool },
    /// Points with these words.
    Words(SparseVector),
}

/// A point that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) point: Uuid,
    pub(super) score: f32,
}

impl Shard {
    /// An empty shard in a folder that does not exist yet.
    pub(super) fn create(dir: &Path, dimensions: usize) -> Outcome<Self> {
        fs::create_dir_all(dir)?;
        space::check(dir, 0, NEW_SHARD)?;
        let edge = guarded(dir, || EdgeShard::new(dir, config(dimensions)))??;

        let shard = Self {
            edge: Some(edge),
            dir: dir.to_owned(),
            reserve: Reserve::default(),
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

    /// Opens a shard. The engine panics over some damages; that is an error here like any other.
    pub(super) fn load(dir: &Path) -> Outcome<Self> {
        if dir.exists() {
            reserve::withdraw(dir)?;
            space::check(dir, 0, reserve::opening_takes(dir)?)?;
        }

        let edge = guarded(dir, || EdgeShard::load(dir, None))??;
        Ok(Self {
            edge: Some(edge),
            dir: dir.to_owned(),
            reserve: Reserve::default(),
        })
    }

    /// Adds points; durable after [`Shard::flush`].
    pub(super) fn add<'a>(&self, points: impl IntoIterator<Item = Point<'a>>) -> Outcome<()> {
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

    /// Takes points out; unknown ones are passed over.
    pub(super) fn remove(&self, points: &[Uuid]) -> Outcome<()> {
        if points.is_empty() {
            return Ok(());
        }

        let ids = points.iter().copied().map(PointId::Uuid).collect();
        let operation = UpdateOperation::PointOperation(PointOperations::DeletePoints { ids });
        self.update(operation, DELETION * points.len() as u64)
    }

    /// Makes what was added durable.
    pub(super) fn flush(&self) -> Outcome<()> {
        let edge = self.edge()?;
        guarded(&self.dir, || edge.flush())
    }

    /// Compacts segments and, for a large library, builds the approximate index. Reads go on meanwhile. Without the
    /// space for it the shard stays as it is, which answers all the same; says whether it was compacted.
    pub(super) fn optimise(&self, points: u64, min_free_bytes: u64) -> Outcome<bool> {
        // Segments are written anew before the old ones go, and the engine does that by itself: nothing can be reserved.
        let needed = space::size(&self.dir.join("segments"))?;
        if let Err(error) = space::check(&self.dir, min_free_bytes, needed) {
            tracing::warn!(%error, "the shard is not compacted; questions are answered all the same");
            return Ok(false);
        }

        let edge = self.edge()?;
        let wanted = index_for(points);
        if edge.config().hnsw_config != wanted {
            edge.set_hnsw_config(wanted)?;
        }

        if guarded(&self.dir, || edge.optimize())?? {
            self.flush()?;
        }

        Ok(true)
    }

    /// All points.
    pub(super) fn points(&self) -> Outcome<Vec<Uuid>> {
        let (mut points, mut offset) = (Vec::new(), None);
        loop {
            let request = ScrollRequest {
                offset,
                limit: Some(PAGE),
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

    /// The best points, best first; ties in no particular order.
    pub(super) fn search(
        &self,
        sought: &VectorQuery,
        filter: Option<&Filter>,
        limit: usize,
    ) -> Outcome<Vec<Found>> {
        let (query, exact) = match sought {
            VectorQuery::Near { vector, exact } => (
                NamedQuery::new(VectorInternal::Dense(vector.clone()), DENSE),
                *exact,
            ),
            VectorQuery::Words(words) => (
                NamedQuery::new(VectorInternal::Sparse(words.clone()), WORDS),
                false,
            ),
        };

        let request = QueryRequest {
            prefetches: Vec::new(),
            query: Some(ScoringQuery::Vector(QueryEnum::Nearest(query))),
            filter: filter.cloned(),
            score_threshold: None,
            limit,
            offset: 0,
            params: Some(SearchParams {
                exact,
                ..SearchParams::default()
            }),
            with_vector: WithVector::Bool(false),
            with_payload: WithPayloadInterface::Bool(false),
        };

        let found = self.edge()?.query(request)?;
        Ok(found
            .iter()
            .filter_map(|hit| {
                Some(Found {
                    point: uuid_of(hit.id)?,
                    score: hit.score,
                })
            })
            .collect())
    }

    /// The word vectors of these points.
    pub(super) fn words(&self, points: &[Uuid]) -> Outcome<HashMap<Uuid, SparseVector>> {
        let ids: Vec<PointId> = points.iter().copied().map(PointId::Uuid).collect();
        let only_words = WithVector::Selector(vec![WORDS.into()]);
        let records = self.edge()?.retrieve(
            &ids,
            Some(WithPayloadInterface::Bool(false)),
            Some(only_words),
        )?;

        let mut words = HashMap::with_capacity(records.len());
        for record in records {
            let (Some(point), Some(VectorStructInternal::Named(mut vectors))) =
                (uuid_of(record.id), record.vector)
            else {
                continue;
            };
            if let Some(VectorInternal::Sparse(vector)) = vectors.remove(WORDS) {
                words.insert(point, vector);
            }
        }

        Ok(words)
    }

    /// Bytes of the engine's log, which only ever grows.
    pub(super) fn log_size(&self) -> Outcome<u64> {
        let mut size = 0;
        for entry in fs::read_dir(self.dir.join("wal"))? {
            size += entry?.metadata()?.len();
        }
        Ok(size)
    }

    /// Closes the shard and takes its folder away.
    pub(super) fn destroy(mut self) -> Outcome<()> {
        self.close();
        Ok(fs::remove_dir_all(&self.dir)?)
    }

    /// One step of the engine, which writes this many bytes of points at most. Its flush finds its blocks, too.
    fn update(&self, operation: UpdateOperation, bytes: u64) -> Outcome<()> {
        let bytes = bytes + STEP_OVERHEAD;
        self.reserve
            .ahead(&self.dir, bytes)
            .map_err(|error| unreserved(&self.dir, bytes, error))?;
        let edge = self.edge()?;
        Ok(guarded(&self.dir, || edge.update(operation))??)
    }

    fn edge(&self) -> Outcome<&EdgeShard> {
        self.edge
            .as_ref()
            .ok_or_else(|| Failure::Told(IndexError::Store("the shard is closed".to_owned())))
    }

    fn close(&mut self) {
        let edge = self.edge.take();
        // Closing flushes, and panics where it cannot; nothing durable depends on that last flush.
        if let Err(error) = guarded(&self.dir, || drop(edge)) {
            tracing::warn!(%error, "the shard was closed without being flushed");
        }
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.close();
    }
}

/// Why blocks could not be reserved for a step.
fn unreserved(dir: &Path, bytes: u64, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            space::exhausted(dir, bytes, &error)
        }
        _ => error.into(),
    }
}

fn config(dimensions: usize) -> EdgeConfig {
    let optimizers = EdgeOptimizersConfig {
        default_segment_number: Some(SEGMENTS),
        ..EdgeOptimizersConfig::default()
    };

    EdgeConfig::builder()
        .vector(
            DENSE,
            EdgeVectorParams::builder(dimensions, Distance::Cosine).build(),
        )
        .sparse_vector(WORDS, EdgeSparseVectorParams::builder().build())
        .hnsw_config(index_for(0))
        .optimizers(optimizers)
        .wal_options(WalOptions {
            segment_capacity: LOG_FILE,
            ..WalOptions::default()
        })
        .build()
}

/// The approximate index for a library of this size; without edges every vector is compared.
fn index_for(points: u64) -> HnswIndexConfig {
    let m = if points > COMPARED_UP_TO { EDGES } else { 0 };
    HnswIndexConfig {
        m,
        ..HnswIndexConfig::default()
    }
}

/// A point as the engine takes it, and how many bytes any one of its files may get of it: its log is the longest, with
/// five bytes for each number and the names of all fields.
fn engine_point(point: Point<'_>) -> Outcome<(PointStruct, u64)> {
    let mut vectors: Vec<(&str, Vector)> = Vec::with_capacity(2);
    let mut numbers = 2 * point.words.indices.len();
    if let Some(vector) = point.vector {
        vectors.push((DENSE, Vector::new_dense(vector)));
        numbers += vector.len();
    }

    vectors.push((WORDS, Vector::from(point.words.clone())));
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

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

    fn words(tokens: &[(u32, f32)]) -> SparseVector {
        let (indices, values): (Vec<u32>, Vec<f32>) = tokens.iter().copied().unzip();
        SparseVector::new(indices, values).unwrap()
    }

    fn add(shard: &Shard, id: u128, vector: Option<&[f32]>, tokens: &[(u32, f32)]) {
        let document = SampleDocument::new("a.md").build(&embedder()).meta;
        let words = words(tokens);
        let id = Uuid::from_u128(id);

        let point = Point {
            id,
            chunk_id: "a::0",
            page: 1,
            document: &document,
            vector,
            words: &words,
        };

        shard.add([point]).unwrap();
    }

    fn found(shard: &Shard, sought: &VectorQuery) -> Vec<u128> {
        shard
            .search(sought, None, 10)
            .unwrap()
            .iter()
            .map(|found| found.point.as_u128())
            .collect()
    }

    #[test]
    fn flushed_points_are_there_after_opening_again() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("shard-1");
        let shard = Shard::create(&place, 2).unwrap();
        add(&shard, 1, Some(&[1.0, 0.0]), &[(7, 1.0)]);
        add(&shard, 2, Some(&[0.0, 1.0]), &[(7, 2.0), (9, 1.0)]);
        shard.flush().unwrap();
        drop(shard);
        let shard = Shard::load(&place).unwrap();
        assert_eq!(shard.points().unwrap().len(), 2);
        assert_eq!(
            found(
                &shard,
                &VectorQuery::Near {
                    vector: vec![1.0, 0.1],
                    exact: true
                }
            ),
            [1, 2]
        );
        assert_eq!(
            found(&shard, &VectorQuery::Words(words(&[(7, 1.0)]))),
            [2, 1]
        );

        let kept = shard
            .words(&[Uuid::from_u128(2), Uuid::from_u128(3)])
            .unwrap();
        assert_eq!(kept[&Uuid::from_u128(2)], words(&[(7, 2.0), (9, 1.0)]));
        assert_eq!(kept.len(), 1);
        shard.destroy().unwrap();

        assert!(!place.exists());
    }

    #[test]
    fn a_point_without_a_vector_is_found_by_its_words() {
        let dir = tempfile::tempdir().unwrap();
        let shard = Shard::create(&dir.path().join("shard"), 2).unwrap();
        add(&shard, 1, None, &[(7, 1.0)]);
        add(&shard, 2, Some(&[0.0, 1.0]), &[(8, 1.0)]);
        assert_eq!(found(&shard, &VectorQuery::Words(words(&[(7, 1.0)]))), [1]);
        assert_eq!(
            found(
                &shard,
                &VectorQuery::Near {
                    vector: vec![0.0, 1.0],
                    exact: false
                }
            ),
            [2]
        );
    }

    #[test]
    fn a_shard_is_compacted_only_where_there_is_space_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let shard = Shard::create(&dir.path().join("shard"), 2).unwrap();
        add(&shard, 1, Some(&[1.0, 0.0]), &[(7, 1.0)]);
        assert!(!shard.optimise(COMPARED_UP_TO + 1, u64::MAX).unwrap());
        assert_eq!(
            shard.edge().unwrap().config().hnsw_config.m,
            0,
            "nothing was begun"
        );
        assert_eq!(found(&shard, &VectorQuery::Words(words(&[(7, 1.0)]))), [1]);
        assert!(shard.optimise(COMPARED_UP_TO + 1, 0).unwrap());
        assert_eq!(shard.edge().unwrap().config().hnsw_config.m, EDGES);
    }

    #[test]
    fn a_damaged_shard_is_an_error_and_no_panic() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("shard");
        drop(Shard::create(&place, 2).unwrap());
        fs::write(place.join("edge_config.json"), "{").unwrap();
        assert!(Shard::load(&place).is_err());
        assert!(Shard::load(&dir.path().join("missing")).is_err());
    }

    #[test]
    fn small_libraries_are_compared_and_large_ones_indexed() {
        assert_eq!(index_for(COMPARED_UP_TO).m, 0);
        assert_eq!(index_for(COMPARED_UP_TO + 1).m, EDGES);
    }
}
