//! Generations that stand in no record: made before there was one, or by a program that keeps none. What can be told
//! from their catalogue is entered.

use std::fs;
use std::path::Path;

use mcdewey_core::{Generation, IndexError, ModelInfo};

use super::record::{GenerationEntry, Record, now};
use crate::bm25::Bm25;
use crate::embedded::catalogue::{Peek, peek};
use crate::embedded::failure::Outcome;
use crate::embedded::layout::{self, Layout};

/// Enters the generations that the record does not know, forgets those that are gone, and chooses a live one if there is
/// none; says whether anything changed.
pub(super) fn bring_in_line(record: &mut Record, dir: &Path) -> Result<bool, IndexError> {
    let before = record.clone();
    record
        .generations
        .retain(|entry| Layout::of(dir, &entry.generation).folder().exists());
    let mut found = unrecorded(record, dir)?;

    // Older than what is recorded: the record's own order counts.
    found.append(&mut record.generations);
    record.generations = found;
    if record.live().is_none() {
        record.live = record
            .generations
            .iter()
            .rfind(|entry| entry.completed_at.is_some())
            .map(|entry| entry.generation.clone());
    }

    Ok(*record != before)
}

/// Writes down the model of an adopted generation if it is this one: either its name or the key of one of its vectors
/// tells.
pub(super) fn identify(
    entry: &mut GenerationEntry,
    dir: &Path,
    model: &ModelInfo,
    chunker: &str,
) -> bool {
    if entry.model.is_some() {
        return false;
    }

    if entry.generation == crate::embedded::wanted(model, chunker) {
        entry.chunker = Some(chunker.to_owned());
        entry.words = Some(Bm25::fingerprint());
        entry.model = Some(model.clone());
        return true;
    }

    let catalogue = Layout::of(dir, &entry.generation).catalogue();
    let is_this = peek(&catalogue).is_ok_and(|peek| {
        peek.sample
            .is_some_and(|sample| sample.is_of(&model.fingerprint))
    });

    if is_this {
        entry.model = Some(model.clone());
    }

    is_this
}

fn unrecorded(record: &Record, dir: &Path) -> Result<Vec<GenerationEntry>, IndexError> {
    let mut found: Vec<(i64, GenerationEntry)> = Vec::new();
    for generation in folders(dir).map_err(IndexError::from)? {
        if record.entry(&generation).is_some() {
            continue;
        }

        match peek(&Layout::of(dir, &generation).catalogue()) {
            Ok(peek) => found.push((
                peek.committed_at.unwrap_or_default(),
                adopted(generation, &peek),
            )),
            Err(error) => {
                tracing::warn!(%generation, %error, "a folder of generations holds no catalogue to read")
            }
        }
    }

    found.sort_by_key(|(committed_at, _)| *committed_at);
    Ok(found.into_iter().map(|(_, entry)| entry).collect())
}

fn folders(dir: &Path) -> Outcome<Vec<Generation>> {
    let place = layout::generations(dir);
    if !place.exists() {
        return Ok(Vec::new());
    }

    let mut names = Vec::new();
    for entry in fs::read_dir(place)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with(layout::TRASH) {
            names.push(Generation(name));
        }
    }

    Ok(names)
}

fn adopted(generation: Generation, peek: &Peek) -> GenerationEntry {
    GenerationEntry {
        generation,
        model: None,
        model_dir: None,
        chunker: None,
        words: None,
        schema: peek.schema,
        made_at: peek.committed_at.unwrap_or_else(now),
        completed_at: peek.committed_at.filter(|_| peek.documents > 0),
        documents: peek.documents,
        chunks: peek.chunks,
        pinned: false,
    }
}
