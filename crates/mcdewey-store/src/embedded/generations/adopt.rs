//! Adopts generations that are not in the record, because they are older than the record or were
//! made by a program that keeps none. Their entries are filled in from their catalogues.

use std::fs;
use std::path::Path;

use mcdewey_core::{Generation, IndexError, ModelInfo};

use super::record::{GenerationEntry, Record, unix_seconds};
use crate::bm25::Bm25;
use crate::embedded::catalogue::{CatalogueSummary, summarise};
use crate::embedded::error::EmbeddedResult;
use crate::embedded::layout::{self, Layout};

/// Brings the record in line with the folders: adds unrecorded generations, drops those whose
/// folder is gone, and chooses a live one if there is none. Returns whether anything changed.
pub(super) fn reconcile(record: &mut Record, dir: &Path) -> Result<bool, IndexError> {
    let before = record.clone();
    record.generations.retain(|entry| {
        Layout::new(dir, &entry.generation)
            .generation_dir()
            .exists()
    });

    // Unrecorded generations are older than the recorded ones, which keep their order.
    let mut generations = unrecorded(record, dir)?;
    generations.append(&mut record.generations);
    record.generations = generations;

    if record.live().is_none() {
        record.live = record
            .generations
            .iter()
            .rfind(|entry| entry.completed_at.is_some())
            .map(|entry| entry.generation.clone());
    }

    Ok(*record != before)
}

/// Records the model of an adopted generation if it is this one. It is recognised by the name of
/// the generation or by the embedding key of one of its chunks. Returns whether the entry changed.
pub(super) fn identify_model(
    entry: &mut GenerationEntry,
    dir: &Path,
    model: &ModelInfo,
    chunker: &str,
) -> bool {
    if entry.model.is_some() {
        return false;
    }

    if entry.generation == crate::embedded::generation_for(model, chunker) {
        entry.chunker = Some(chunker.to_owned());
        entry.words = Some(Bm25::fingerprint());
        entry.model = Some(model.clone());
        return true;
    }

    let catalogue = Layout::new(dir, &entry.generation).catalogue();
    let is_embedded_with_model = summarise(&catalogue).is_ok_and(|summary| {
        summary
            .sample
            .is_some_and(|sample| sample.is_embedded_with(&model.fingerprint))
    });

    if is_embedded_with_model {
        entry.model = Some(model.clone());
    }

    is_embedded_with_model
}

/// Makes entries for the generations that are not in the record, oldest first.
fn unrecorded(record: &Record, dir: &Path) -> Result<Vec<GenerationEntry>, IndexError> {
    let mut found: Vec<(i64, GenerationEntry)> = Vec::new();
    for generation in stored_generations(dir)? {
        if record.entry(&generation).is_some() {
            continue;
        }

        match summarise(&Layout::new(dir, &generation).catalogue()) {
            Ok(summary) => found.push((
                summary.committed_at.unwrap_or_default(),
                adopted(generation, &summary),
            )),
            Err(error) => tracing::warn!(
                %generation,
                %error,
                "cannot read the catalogue of an unrecorded generation; ignoring its folder"
            ),
        }
    }

    found.sort_by_key(|(committed_at, _)| *committed_at);
    Ok(found.into_iter().map(|(_, entry)| entry).collect())
}

/// Lists the generations that have a folder, except those being deleted.
fn stored_generations(dir: &Path) -> EmbeddedResult<Vec<Generation>> {
    let folder = layout::generations_dir(dir);
    if !folder.exists() {
        return Ok(Vec::new());
    }

    let mut generations = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with(layout::TRASH) {
            generations.push(Generation(name));
        }
    }

    Ok(generations)
}

fn adopted(generation: Generation, summary: &CatalogueSummary) -> GenerationEntry {
    GenerationEntry {
        generation,
        model: None,
        model_dir: None,
        chunker: None,
        words: None,
        schema: summary.schema,
        made_at: summary.committed_at.unwrap_or_else(unix_seconds),
        completed_at: summary.committed_at.filter(|_| summary.documents > 0),
        documents: summary.documents,
        chunks: summary.chunks,
        pinned: false,
    }
}
