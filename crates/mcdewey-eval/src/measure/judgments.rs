//! Measures judgments for the configured library.

use std::path::Path;

use anyhow::{Context, Result};
use mcdewey_core::{Chunk, ContentHash, Index, IndexError, Scope, SourcePath};

use super::{Evaluation, Measure, ranked_hits};
use crate::phrase::Words;
use crate::{JudgmentSet, RankedHit, ReportRow};

pub(super) async fn measure(measure: &Measure<'_>, file: &Path) -> Result<Vec<ReportRow>> {
    let set = JudgmentSet::read(file)?;
    let open = measure
        .libraries
        .configured()
        .await
        .context("cannot measure the judgments on the configured library")?;

    let description = open.index().reader().await?.description().await?;
    let notices = set
        .stale_judgments(|source| chunks_of(open.index().as_ref(), source))
        .await?;
    measure.notify_all(&set.name, &notices);

    Evaluation::new(&set.name, open.as_ref(), measure)
        .measure(&set.questions(), &description, |answer| {
            std::future::ready(Ok(ranked_hits(answer, str::to_owned)))
        })
        .await
}

/// Returns all chunks of a document with the hashes of their texts; none if there is no such
/// document.
async fn chunks_of(
    index: &dyn Index,
    source: &SourcePath,
) -> Result<Vec<(RankedHit, ContentHash)>, IndexError> {
    let scope = Scope::default();
    let reader = index.reader().await?;
    let Some(document) = reader.document(source, &scope).await? else {
        return Ok(Vec::new());
    };
    let chunks = reader
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
        words: Some(Words::of(&chunk.text)),
        ..RankedHit::document(chunk.document.source.as_str())
    }
}
