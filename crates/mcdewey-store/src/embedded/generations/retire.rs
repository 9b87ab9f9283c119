//! How generations go: out of the record and under another name first, so that whatever moment the program dies at, no
//! half of one is taken for a whole; then their files.

use std::fs;
use std::path::Path;

use mcdewey_core::{Generation, IndexError};

use super::record::{GenerationEntry, Record};
use crate::embedded::failure::Outcome;
use crate::embedded::layout::{self, Layout};

/// Which generations are to go when `keep` old ones may stay beside the live one: older complete ones, and such that
/// were begun and are wanted no more.
pub(super) fn superfluous(record: &Record, keep: usize, wanted: &Generation) -> Vec<Generation> {
    let is_other = |entry: &&GenerationEntry| {
        Some(&entry.generation) != record.live.as_ref() && entry.generation != *wanted
    };
    let others: Vec<&GenerationEntry> = record.generations.iter().filter(is_other).collect();
    let complete = others
        .iter()
        .filter(|entry| entry.completed_at.is_some())
        .count();
    let mut too_many = complete.saturating_sub(keep);

    let mut goes = Vec::new();
    for entry in others {
        let stays = entry.completed_at.is_some() && too_many == 0;
        if entry.completed_at.is_some() {
            too_many = too_many.saturating_sub(1);
        }
        if !stays {
            goes.push(entry.generation.clone());
        }
    }

    goes
}

/// Takes a generation away.
pub(super) fn discard(
    record: &mut Record,
    dir: &Path,
    generation: &Generation,
) -> Result<(), IndexError> {
    let layout = Layout::of(dir, generation);
    let moved = || -> Outcome<()> {
        if layout.trash().exists() {
            fs::remove_dir_all(layout.trash())?;
        }
        Ok(fs::rename(layout.folder(), layout.trash())?)
    };

    moved().map_err(IndexError::from)?;
    record
        .generations
        .retain(|entry| entry.generation != *generation);
    record.live.take_if(|live| live == generation);
    record.save(dir)?;

    if let Err(error) = fs::remove_dir_all(layout.trash()) {
        tracing::warn!(%generation, %error, "the files of an old generation go at the next start");
    }

    Ok(())
}

/// Takes away what an interrupted removal left.
pub(super) fn sweep(dir: &Path) -> Result<(), IndexError> {
    let swept = || -> Outcome<()> {
        let place = layout::generations(dir);
        if !place.exists() {
            return Ok(());
        }

        for entry in fs::read_dir(place)? {
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
    };
    swept().map_err(IndexError::from)
}
