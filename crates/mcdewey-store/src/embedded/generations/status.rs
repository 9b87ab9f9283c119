//! The status of each generation, as shown to an operator.

use std::path::Path;

use mcdewey_core::{Generation, IndexError};
use serde::Serialize;

use super::record::{GenerationEntry, Record, unix_seconds};
use super::{Generations, adopt};
use crate::embedded::catalogue::summarise;
use crate::embedded::layout::Layout;
use crate::embedded::space;

/// A generation as shown to an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GenerationStatus {
    pub generation: String,
    /// `live`, `retained` or `building`.
    pub state: &'static str,
    /// Whether it stays live whatever the settings ask for.
    pub pinned: bool,
    /// The name of its model, if known.
    pub model: Option<String>,
    /// Fingerprint of its splitter, if known.
    pub chunker: Option<String>,
    /// Version of its tables.
    pub schema: i64,
    pub documents: u64,
    pub chunks: u64,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Seconds since its build began.
    pub age_seconds: u64,
    /// Why this program cannot answer questions from it, if it cannot.
    pub unusable: Option<String>,
}

impl Generations {
    /// Lists the generations of a data directory, which another process may own. Changes nothing.
    pub fn list(dir: &Path) -> Result<Vec<GenerationStatus>, IndexError> {
        let mut record = Record::peek(dir)?;
        adopt::reconcile(&mut record, dir)?;

        Ok(record
            .generations
            .iter()
            .map(|entry| status(entry, &record, dir))
            .collect())
    }

    /// Returns the bytes that a generation occupies on the disk, 0 if they cannot be determined.
    pub fn disk_usage(&self, generation: &Generation) -> u64 {
        let layout = Layout::new(&self.dir, generation);
        space::disk_usage(layout.generation_dir()).unwrap_or_default()
    }
}

fn status(entry: &GenerationEntry, record: &Record, dir: &Path) -> GenerationStatus {
    let layout = Layout::new(dir, &entry.generation);

    // If the catalogue cannot be opened now, report the counts recorded on completion.
    let (documents, chunks) = summarise(&layout.catalogue())
        .map_or((entry.documents, entry.chunks), |summary| {
            (summary.documents, summary.chunks)
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
        bytes: space::disk_usage(layout.generation_dir()).unwrap_or_default(),
        age_seconds: (unix_seconds() - entry.made_at).max(0).cast_unsigned(),
        unusable: entry.usable().err(),
    }
}
