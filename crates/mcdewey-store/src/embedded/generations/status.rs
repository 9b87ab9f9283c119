//! What an operator is told of each generation.

use std::path::Path;

use mcdewey_core::IndexError;
use serde::Serialize;

use super::record::{GenerationEntry, Record, now};
use super::{Generations, adopt};
use crate::embedded::catalogue::peek;
use crate::embedded::layout::Layout;
use crate::embedded::space;

/// A generation as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GenerationStatus {
    /// Its name.
    pub generation: String,
    /// `live`, `retained` or `building`.
    pub state: &'static str,
    /// Whether it stays live whatever the settings ask for.
    pub pinned: bool,
    /// The model it was made with, if that is known.
    pub model: Option<String>,
    /// Fingerprint of its splitter, if that is known.
    pub chunker: Option<String>,
    /// Version of its tables.
    pub schema: i64,
    /// How many documents it holds.
    pub documents: u64,
    /// How many passages it holds.
    pub chunks: u64,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Seconds since it was begun.
    pub age_seconds: u64,
    /// Why this program cannot answer from it, if it cannot.
    pub unusable: Option<String>,
}

impl Generations {
    /// The generations of a data directory as they are now, whoever owns it; changes nothing.
    pub fn look(dir: &Path) -> Result<Vec<GenerationStatus>, IndexError> {
        let mut record = Record::load(dir)?;
        adopt::bring_in_line(&mut record, dir)?;
        Ok(record
            .generations
            .iter()
            .map(|entry| status(entry, &record, dir))
            .collect())
    }
}

fn status(entry: &GenerationEntry, record: &Record, dir: &Path) -> GenerationStatus {
    let layout = Layout::of(dir, &entry.generation);

    // A catalogue that does not open now held this when it was completed.
    let (documents, chunks) = peek(&layout.catalogue())
        .map_or((entry.documents, entry.chunks), |peek| {
            (peek.documents, peek.chunks)
        });
    let is_live = record.live.as_ref() == Some(&entry.generation);
    let state = match entry.completed_at {
        _ if is_live => "live",
        Some(_) => "retained",
        None => "building",
    };

    GenerationStatus {
        generation: entry.generation.to_string(),
        state,
        pinned: entry.pinned,
        model: entry.model.as_ref().map(|model| model.name.clone()),
        chunker: entry.chunker.clone(),
        schema: entry.schema,
        documents,
        chunks,
        bytes: space::size(layout.folder()).unwrap_or_default(),
        age_seconds: (now() - entry.made_at).max(0).cast_unsigned(),
        unusable: entry.usable().err(),
    }
}
