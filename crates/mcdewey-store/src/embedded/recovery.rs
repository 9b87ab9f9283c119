//! Opening the shard so that it agrees with the catalogue: missing points are added from the embedding cache, stray ones
//! taken out, and a shard that cannot be read is put aside and built anew. Nothing is embedded for it.

use std::collections::{BTreeSet, HashSet};
use std::fs;

use mcdewey_core::{IndexError, SourcePath};
use uuid::Uuid;

use super::catalogue::{Catalogue, CatalogueWriter, LivePoint};
use super::failure::{Failure, Outcome};
use super::layout::Layout;
use super::shard::{NEW_SHARD, Point, Shard};
use super::space;
use super::vectors::VectorCache;
use crate::bm25::Bm25;

/// Points made at once: a few megabytes of texts and vectors.
const BATCH: usize = 512;
/// A shard that broke this many openings is given up: some damages end the process instead of giving an error.
const OPENINGS: u32 = 2;

/// What a shard is made from.
pub(super) struct Source<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) vectors: &'a VectorCache,
    pub(super) bm25: &'a Bm25,
    pub(super) dimensions: usize,
    /// Nothing is written that would leave less than this many bytes free.
    pub(super) min_free_bytes: u64,
}

/// Opens the shard of this generation, or makes it.
pub(super) fn open(
    layout: &Layout,
    source: &Source<'_>,
    writer: &mut CatalogueWriter,
) -> Outcome<Shard> {
    let number = source.catalogue.read(|snapshot| snapshot.shard())?;
    for leftover in layout.other_shards(number)? {
        fs::remove_dir_all(leftover)?;
    }

    let broken = broken_openings(layout);
    fs::write(layout.opening(), (broken + 1).to_string())?;
    let shard = match number {
        0 => build(layout, source, writer),
        _ => existing(layout, source, writer, number, broken),
    };

    // An error is no break: it was told, and the shard is not to blame.
    fs::remove_file(layout.opening())?;
    shard
}

/// Makes a shard from the catalogue and names it there.
pub(super) fn build(
    layout: &Layout,
    source: &Source<'_>,
    writer: &mut CatalogueWriter,
) -> Outcome<Shard> {
    let (number, points) = source
        .catalogue
        .read(|snapshot| Ok((snapshot.shard()? + 1, snapshot.points()?)))?;

    if layout.shard(number).exists() {
        // Left by an attempt that failed.
        fs::remove_dir_all(layout.shard(number))?;
    }

    let shard = Shard::create(&layout.shard(number), source.dimensions)?;
    if let Err(failure) = fill(&shard, &points, layout, source, writer) {
        shard.destroy()?;
        return Err(failure);
    }

    shard.flush()?;
    shard.optimise(points.len() as u64, source.min_free_bytes)?;
    let change = writer.begin()?;
    change.set_shard(number)?;
    change.commit()?;

    Ok(shard)
}

fn existing(
    layout: &Layout,
    source: &Source<'_>,
    writer: &mut CatalogueWriter,
    number: u64,
    broken: u32,
) -> Outcome<Shard> {
    if broken >= OPENINGS {
        return rebuild(
            layout,
            source,
            writer,
            number,
            &format!("opening it broke off {broken} times"),
        );
    }

    let opened = Shard::load(&layout.shard(number)).and_then(|shard| {
        reconcile(&shard, layout, source, writer)?;
        Ok(shard)
    });

    match opened {
        Err(failure @ (Failure::Shard(_) | Failure::Engine { .. })) if !failure.is_full() => {
            rebuild(layout, source, writer, number, &failure.to_string())
        }
        // A full disk, a failing file or the catalogue: another shard would fare no better.
        other => other,
    }
}

fn rebuild(
    layout: &Layout,
    source: &Source<'_>,
    writer: &mut CatalogueWriter,
    number: u64,
    reason: &str,
) -> Outcome<Shard> {
    // The engine does not tell a full disk from damage; nothing is put aside for want of space.
    space::check(layout.data(), source.min_free_bytes, NEW_SHARD)?;
    let (damaged, aside) = (layout.shard(number), layout.damaged_shard());
    tracing::warn!(reason, aside = %aside.display(), "the shard cannot be used and is built anew from the catalogue");

    if damaged.exists() {
        if aside.exists() {
            fs::remove_dir_all(&aside)?;
        }
        fs::rename(damaged, aside)?;
    }

    build(layout, source, writer)
}

/// Makes the shard hold the catalogue's live points and no others.
fn reconcile(
    shard: &Shard,
    layout: &Layout,
    source: &Source<'_>,
    writer: &mut CatalogueWriter,
) -> Outcome<()> {
    let live: HashSet<Uuid> = source
        .catalogue
        .read(|snapshot| snapshot.points())?
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

    missing.sort_unstable();
    shard.remove(&stray)?;
    fill(shard, &missing, layout, source, writer)?;
    shard.flush()
}

/// Adds live points to the shard.
fn fill(
    shard: &Shard,
    points: &[Uuid],
    layout: &Layout,
    source: &Source<'_>,
    writer: &mut CatalogueWriter,
) -> Outcome<()> {
    for batch in points.chunks(BATCH) {
        let live = source
            .catalogue
            .read(|snapshot| snapshot.live_points(batch))?;
        let keys: Vec<_> = live.iter().map(|point| point.embedding_key).collect();
        let vectors = source.vectors.get(&keys)?;
        let usable = |vector: &Vec<f32>| vector.len() == source.dimensions;

        let vectors: Vec<Option<Vec<f32>>> = vectors
            .into_iter()
            .map(|vector| vector.filter(usable))
            .collect();

        // Twice, for points pass the engine's log on the way.
        let needed = 2 * live
            .iter()
            .map(|point| 4 * source.dimensions + point.chunk.text.len())
            .sum::<usize>();
        space::check(layout.data(), source.min_free_bytes, needed as u64)?;

        // Before their points are added: otherwise a crash in between would leave them as they are for good.
        forget_without_vectors(&live, &vectors, writer)?;
        let words = live
            .iter()
            .map(|point| {
                source.bm25.passage(
                    &point.chunk.keyword_text(),
                    point.chunk.document.facets.lang.as_deref(),
                )
            })
            .collect::<Result<Vec<_>, IndexError>>()?;

        shard.add(
            live.iter()
                .zip(&vectors)
                .zip(&words)
                .map(|((point, vector), words)| Point {
                    id: point.point,
                    chunk_id: point.chunk.chunk_id.as_str(),
                    page: point.chunk.page.number.0,
                    document: &point.chunk.document,
                    vector: vector.as_deref(),
                    words,
                }),
        )?;
    }

    Ok(())
}

/// Documents whose vectors the embedding cache lost are found by their words until the next ingest writes them anew.
fn forget_without_vectors(
    live: &[LivePoint],
    vectors: &[Option<Vec<f32>>],
    writer: &mut CatalogueWriter,
) -> Outcome<()> {
    let lost = live
        .iter()
        .zip(vectors)
        .filter(|(_, vector)| vector.is_none());

    let sources: BTreeSet<&SourcePath> = lost
        .map(|(point, _)| &point.chunk.document.source)
        .collect();

    if sources.is_empty() {
        return Ok(());
    }

    tracing::warn!(
        documents = sources.len(),
        "the embedding cache lost vectors; these documents are found by their words only until the next ingest"
    );
    let change = writer.begin()?;
    for source in sources {
        change.forget_input(source)?;
    }

    change.commit()
}

fn broken_openings(layout: &Layout) -> u32 {
    fs::read_to_string(layout.opening())
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}
