//! Deletes generations. A generation is first renamed and removed from the record, so that a partly
//! deleted one is never mistaken for a whole one after a crash; then its files are deleted.

use std::fs;
use std::path::Path;

use mcdewey_core::{Generation, IndexError};

use super::record::{GenerationEntry, Record};
use crate::embedded::error::EmbeddedResult;
use crate::embedded::layout::{self, Layout};

/// Selects the generations to delete: complete ones beyond the `keep` newest besides the live one,
/// and incomplete ones. Never selects `target`, which the settings ask for.
pub(super) fn surplus(record: &Record, keep: usize, target: &Generation) -> Vec<Generation> {
    let others: Vec<&GenerationEntry> = record
        .generations
        .iter()
        .filter(|entry| {
            Some(&entry.generation) != record.live.as_ref() && entry.generation != *target
        })
        .collect();

    let complete = others
        .iter()
        .filter(|entry| entry.completed_at.is_some())
        .count();
    let mut excess = complete.saturating_sub(keep);

    // Complete generations are recorded oldest first.
    let mut surplus = Vec::new();
    for entry in others {
        let is_kept = entry.completed_at.is_some() && excess == 0;
        if entry.completed_at.is_some() {
            excess = excess.saturating_sub(1);
        }

        if !is_kept {
            surplus.push(entry.generation.clone());
        }
    }

    surplus
}

/// Deletes a generation.
pub(super) fn discard(
    record: &mut Record,
    dir: &Path,
    generation: &Generation,
) -> Result<(), IndexError> {
    let layout = Layout::new(dir, generation);
    move_to_trash(&layout)?;

    record
        .generations
        .retain(|entry| entry.generation != *generation);
    record.live.take_if(|live| live == generation);
    record.save(dir)?;

    if let Err(error) = fs::remove_dir_all(layout.trash()) {
        tracing::warn!(
            %generation,
            %error,
            "cannot delete the files of an old generation; they are deleted at the next start"
        );
    }

    Ok(())
}

fn move_to_trash(layout: &Layout) -> EmbeddedResult<()> {
    if layout.trash().exists() {
        fs::remove_dir_all(layout.trash())?;
    }

    Ok(fs::rename(layout.generation_dir(), layout.trash())?)
}

/// Deletes what interrupted deletions left behind.
pub(super) fn empty_trash(dir: &Path) -> EmbeddedResult<()> {
    let generations = layout::generations_dir(dir);
    if !generations.exists() {
        return Ok(());
    }

    for entry in fs::read_dir(generations)? {
        let entry = entry?;
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(layout::TRASH)
        {
            fs::remove_dir_all(entry.path())?;
        }
    }

    Ok(())
}
