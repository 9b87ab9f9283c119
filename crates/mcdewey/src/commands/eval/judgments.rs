//! Measures judgments for the configured library.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use mcdewey_core::{Chunk, ContentHash, Index, IndexError, Scope, SourcePath};
use mcdewey_eval::{JudgmentSet, RankedHit, ReportRow};

use super::EvalOptions;
use super::evaluation::{Evaluation, ranked_hits};
use crate::engine::Engine;
use crate::settings::Settings;

pub(super) async fn measure(
    settings: &Settings,
    options: &EvalOptions,
    file: &Path,
) -> Result<Vec<ReportRow>> {
    let set = JudgmentSet::read(file)?;
    let engine = open_library(settings)
        .await
        .context("cannot measure the judgments on the configured library")?;

    let description = engine.index.description().await?;
    let notices = set
        .stale_judgments(|source| chunks_of(engine.index.as_ref(), source))
        .await?;
    for notice in notices {
        eprintln!("{}: {notice}", set.name);
    }

    Evaluation::new(&set.name, &engine, options)
        .measure(&set.questions(), &description, |answer| {
            std::future::ready(Ok(ranked_hits(answer, str::to_owned)))
        })
        .await
}

/// Opens the configured library; fails if it is empty.
pub(super) async fn open_library(settings: &Settings) -> Result<Engine> {
    let engine = Engine::open(settings).await?;
    ensure!(
        engine.index.state().await?.documents > 0,
        "the library is empty; run `mcdewey ingest` first"
    );

    Ok(engine)
}

/// Returns all chunks of a document with the hashes of their texts; none if there is no such
/// document.
async fn chunks_of(
    index: &dyn Index,
    source: &SourcePath,
) -> Result<Vec<(RankedHit, ContentHash)>, IndexError> {
    let scope = Scope::default();
    let Some(document) = index.document(source, &scope).await? else {
        return Ok(Vec::new());
    };
    let chunks = index
        .document_chunks(source, 0..document.chunks, &scope)
        .await?;

    Ok(chunks
        .into_iter()
        .map(|chunk| (to_hit(&chunk), chunk.text_hash))
        .collect())
}

/// Converts a chunk into a hit with the fields that a location is compared with.
fn to_hit(chunk: &Chunk) -> RankedHit {
    RankedHit {
        page: chunk.document.paged.then_some(chunk.page.number.0),
        section: chunk
            .page
            .section
            .as_ref()
            .map(|section| section.slug.clone()),
        headings: chunk.headings.clone(),
        ..RankedHit::document(chunk.document.source.as_str())
    }
}
