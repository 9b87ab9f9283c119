//! Opens the shard so that it agrees with the catalogue: adds missing points from the embedding
//! cache, removes stray ones, and rebuilds a shard that cannot be read. Never embeds anything.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;

use mcdewey_core::{IndexError, SourcePath};
use qdrant_edge::SparseVector;
use uuid::Uuid;

use super::catalogue::{Catalogue, CatalogueWriter, LivePoint};
use super::error::{EmbeddedError, EmbeddedResult};
use super::integrity::FileState;
use super::layout::Layout;
use super::shard::{NEW_SHARD, Point, Shard};
use super::space;
use super::vector_storage::VectorStorage;
use super::vectors::VectorCache;
use crate::bm25::Bm25;

/// Points added in one batch: a few megabytes of texts and vectors.
const BATCH: usize = 512;

/// Interrupted attempts after which a shard is given up: some damage ends the process instead of
/// causing an error.
const MAX_INTERRUPTED: u32 = 2;

/// The data that a shard is built from.
pub(super) struct ShardSource<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) vectors: &'a VectorCache,
    pub(super) bm25: &'a Bm25,
    pub(super) dimensions: usize,
    pub(super) storage: VectorStorage,
    /// No write may leave less than this many bytes free.
    pub(super) min_free_bytes: u64,
    /// The largest number of points for which a shard that was not sealed is built again at once.
    pub(super) built_at_open: u64,
}

/// Opens the shard of this generation, or creates it. `state` is what is known about its files.
///
/// One that was not sealed is built again, unless it is large: then it is used as it is, and the writer
/// replaces it.
pub(super) fn open(
    layout: &Layout,
    source: &ShardSource<'_>,
    writer: &mut CatalogueWriter,
    state: &mut FileState,
) -> EmbeddedResult<Shard> {
    let (number, points) = source
        .catalogue
        .read(|snapshot| Ok((snapshot.shard()?, snapshot.chunk_count()?)))?;
    for leftover in layout.other_shards(number)? {
        fs::remove_dir_all(leftover)?;
    }

    let interrupted = interrupted_attempts(layout);
    fs::write(layout.opening(), (interrupted + 1).to_string())?;
    let shard = match state {
        _ if number == 0 => build(layout, source, writer).inspect(|_| *state = FileState::Fits),
        FileState::Differs(damage) => {
            let rebuilt = rebuild(layout, source, writer, number, damage);
            rebuilt.inspect(|_| *state = FileState::Fits)
        }
        FileState::Unsealed if points <= source.built_at_open => {
            build_another(layout, source, writer, number, state)
        }
        _ => load_or_rebuild(layout, source, writer, number, interrupted),
    };

    // An attempt that ends with an error does not count as interrupted: the error was reported, and
    // the shard did not cause it.
    fs::remove_file(layout.opening())?;
    shard
}

/// Builds another shard in the place of one whose files may be anything. If there is no space for both,
/// the old one is used.
fn build_another(
    layout: &Layout,
    source: &ShardSource<'_>,
    writer: &mut CatalogueWriter,
    number: u64,
    state: &mut FileState,
) -> EmbeddedResult<Shard> {
    match build(layout, source, writer) {
        Ok(shard) => {
            *state = FileState::Fits;
            match fs::remove_dir_all(layout.shard(number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(shard),
            }
        }
        Err(error) if matches!(error, EmbeddedError::Index(IndexError::NoSpace(_))) => {
            tracing::warn!(%error, "the shard is not verified, because there is no space for another");
            // This attempt does not count.
            let interrupted = interrupted_attempts(layout).saturating_sub(1);
            load_or_rebuild(layout, source, writer, number, interrupted)
        }
        Err(error) => Err(error),
    }
}

/// Builds a shard from the catalogue and records its number there.
pub(super) fn build(
    layout: &Layout,
    source: &ShardSource<'_>,
    writer: &mut CatalogueWriter,
) -> EmbeddedResult<Shard> {
    let (number, points) = source
        .catalogue
        .read(|snapshot| Ok((snapshot.shard()? + 1, snapshot.live_point_ids()?)))?;

    let dir = layout.shard(number);
    if dir.exists() {
        // Left behind by a failed attempt.
        fs::remove_dir_all(&dir)?;
    }

    let shard = Shard::create(&dir, source.dimensions, source.storage)?;
    if let Err(error) = add_points(&shard, &points, layout, source, writer) {
        shard.destroy()?;
        return Err(error);
    }

    shard.flush()?;
    let without_vectors = source
        .catalogue
        .read(|snapshot| snapshot.chunks_without_vectors())?;
    if without_vectors == 0 {
        // Points of compacted segments would be moved out of them again with their vectors.
        shard.optimize(points.len() as u64, source.min_free_bytes)?;
    }

    let change = writer.begin()?;
    change.set_shard(number)?;
    change.commit()?;

    Ok(shard)
}

fn load_or_rebuild(
    layout: &Layout,
    source: &ShardSource<'_>,
    writer: &mut CatalogueWriter,
    number: u64,
    interrupted: u32,
) -> EmbeddedResult<Shard> {
    if interrupted >= MAX_INTERRUPTED {
        let reason = format!("opening it was interrupted {interrupted} times");
        return rebuild(layout, source, writer, number, &reason);
    }

    let loaded = Shard::load(&layout.shard(number), source.storage).and_then(|shard| {
        reconcile(&shard, layout, source, writer)?;
        Ok(shard)
    });

    match loaded {
        Err(error @ (EmbeddedError::Shard(_) | EmbeddedError::Engine { .. }))
            if !error.is_full() =>
        {
            rebuild(layout, source, writer, number, &error.to_string())
        }
        // A rebuilt shard would not help against a full disk, a failing file or an error of the
        // catalogue.
        other => other,
    }
}

/// Moves the shard aside and builds another one.
fn rebuild(
    layout: &Layout,
    source: &ShardSource<'_>,
    writer: &mut CatalogueWriter,
    number: u64,
    reason: &str,
) -> EmbeddedResult<Shard> {
    // The engine does not distinguish a full disk from damage, and a shard must not be moved aside
    // for lack of space.
    space::check(layout.data_dir(), source.min_free_bytes, NEW_SHARD)?;

    let (damaged, aside) = (layout.shard(number), layout.damaged_shard());
    tracing::warn!(
        reason,
        aside = %aside.display(),
        "the shard cannot be used; rebuilding it from the catalogue"
    );

    if damaged.exists() {
        if aside.exists() {
            fs::remove_dir_all(&aside)?;
        }
        fs::rename(damaged, aside)?;
    }

    build(layout, source, writer)
}

/// Makes the shard hold exactly the live points of the catalogue.
fn reconcile(
    shard: &Shard,
    layout: &Layout,
    source: &ShardSource<'_>,
    writer: &mut CatalogueWriter,
) -> EmbeddedResult<()> {
    let live: HashSet<Uuid> = source
        .catalogue
        .read(|snapshot| snapshot.live_point_ids())?
        .into_iter()
        .collect();
    let present: HashSet<Uuid> = shard.points()?.into_iter().collect();

    let mut missing: Vec<Uuid> = live.difference(&present).copied().collect();
    let stray: Vec<Uuid> = present.difference(&live).copied().collect();
    if missing.is_empty() && stray.is_empty() {
        return Ok(());
    }

    tracing::info!(
        missing = missing.len(),
        stray = stray.len(),
        "bringing the shard in line with the catalogue"
    );

    writer.ledger().open();
    missing.sort_unstable();
    shard.remove(&stray)?;
    add_points(shard, &missing, layout, source, writer)?;
    shard.flush()
}

/// Adds live points to the shard.
fn add_points(
    shard: &Shard,
    points: &[Uuid],
    layout: &Layout,
    source: &ShardSource<'_>,
    writer: &mut CatalogueWriter,
) -> EmbeddedResult<()> {
    for batch in points.chunks(BATCH) {
        let live = source
            .catalogue
            .read(|snapshot| snapshot.live_points(batch))?;
        let vectors = cached_vectors(&live, source)?;

        let bytes: usize = live
            .iter()
            .map(|point| 4 * source.dimensions + point.chunk.text.len())
            .sum();
        // Twice, because points pass through the engine's log first.
        space::check(layout.data_dir(), source.min_free_bytes, 2 * bytes as u64)?;

        // Before the points are added. Otherwise a crash in between would leave these documents
        // without vectors for good.
        note_lost_vectors(&live, &vectors, source, writer)?;

        let keyword_vectors = live
            .iter()
            .map(|point| keyword_vector(point, source.bm25))
            .collect::<Result<Vec<_>, IndexError>>()?;

        shard.add(live.iter().zip(&vectors).zip(&keyword_vectors).map(
            |((point, vector), keyword_vector)| Point {
                id: point.point,
                chunk_id: point.chunk.chunk_id.as_str(),
                page: point.chunk.page.number.0,
                document: &point.chunk.document,
                vector: vector.as_deref(),
                keyword_vector,
            },
        ))?;
    }

    Ok(())
}

/// Returns the vectors of points from the embedding cache, without damaged ones of another length.
fn cached_vectors(
    points: &[LivePoint],
    source: &ShardSource<'_>,
) -> EmbeddedResult<Vec<Option<Vec<f32>>>> {
    let keys: Vec<_> = points.iter().map(|point| point.embedding_key).collect();
    let vectors = source.vectors.get(&keys)?;

    Ok(vectors
        .into_iter()
        .map(|vector| vector.filter(|vector| vector.len() == source.dimensions))
        .collect())
}

fn keyword_vector(point: &LivePoint, bm25: &Bm25) -> Result<SparseVector, IndexError> {
    let language = point.chunk.document.facets.lang.as_deref();
    bm25.chunk_vector(&point.chunk.keyword_text(), language)
}

/// Records which documents have lost vectors: they are missing in the embedding cache, although the
/// documents had them. Such a document is found by its words only until it is embedded again.
fn note_lost_vectors(
    live: &[LivePoint],
    vectors: &[Option<Vec<f32>>],
    source: &ShardSource<'_>,
    writer: &mut CatalogueWriter,
) -> EmbeddedResult<()> {
    let mut lost: BTreeSet<&SourcePath> = live
        .iter()
        .zip(vectors)
        .filter(|(_, vector)| vector.is_none())
        .map(|(point, _)| &point.chunk.document.source)
        .collect();

    if lost.is_empty() {
        return Ok(());
    }

    source.catalogue.read(|snapshot| {
        for source in std::mem::take(&mut lost) {
            if !snapshot.awaits_vectors(source)? {
                lost.insert(source);
            }
        }

        Ok(())
    })?;

    if lost.is_empty() {
        return Ok(());
    }

    tracing::warn!(
        documents = lost.len(),
        "the embedding cache has lost vectors; these documents are found by their words only until \
         they are embedded again"
    );

    let change = writer.begin()?;
    for source in lost {
        change.lose_vectors(source)?;
    }

    change.commit()
}

fn interrupted_attempts(layout: &Layout) -> u32 {
    fs::read_to_string(layout.opening())
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}
