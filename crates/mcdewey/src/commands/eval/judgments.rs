//! Judgments over the library of the settings.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use mcdewey_core::{Chunk, ContentHash, Index, IndexError, Scope, SourcePath};
use mcdewey_eval::{JudgmentSet, Ranked, Row};

use super::Plan;
use super::trial::{Trial, ranked};
use crate::engine::Engine;
use crate::settings::Settings;

pub(super) async fn measure(settings: &Settings, plan: &Plan, file: &Path) -> Result<Vec<Row>> {
    let set = JudgmentSet::read(file)?;
    let engine = Engine::open(settings)
        .await
        .context("judgments are measured on the library of the settings")?;

    ensure!(
        engine.index.state().await?.documents > 0,
        "the library is empty; run `mcdewey ingest` first"
    );
    let description = engine.index.description().await?;
    for notice in set
        .changed(|source| passages(engine.index.as_ref(), source))
        .await?
    {
        eprintln!("{}: {notice}", set.name);
    }

    let trial = Trial::new(&set.name, &engine, plan);
    let read = |answer| std::future::ready(Ok(ranked(answer, str::to_owned)));
    trial.measure(&set.questions(), &description, read).await
}

/// All passages of a document with the hashes of their texts; none of a document that is not there.
async fn passages(
    index: &dyn Index,
    source: &SourcePath,
) -> Result<Vec<(Ranked, ContentHash)>, IndexError> {
    let scope = Scope::default();
    let Some(document) = index.document(source, &scope).await? else {
        return Ok(Vec::new());
    };
    let chunks = index.passages(source, 0..document.chunks, &scope).await?;

    Ok(chunks
        .into_iter()
        .map(|chunk| (place_of(&chunk), chunk.text_hash))
        .collect())
}

fn place_of(chunk: &Chunk) -> Ranked {
    Ranked {
        page: chunk.document.paged.then_some(chunk.page.number.0),
        section: chunk
            .page
            .section
            .as_ref()
            .map(|section| section.slug.clone()),
        headings: chunk.headings.clone(),
        ..Ranked::document(chunk.document.source.as_str())
    }
}
