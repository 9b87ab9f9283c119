//! Removal of documents so that nothing of them can be read from the files any more: from the free
//! pages and the log of the catalogue, the segments and the log of the shard, the ledger, or a damaged
//! shard or catalogue that was kept aside.
//!
//! A marker file exists while an erasure is in progress; an interrupted erasure is finished when
//! the generation is opened next. The embedding cache keeps its vectors: it holds neither texts nor
//! names.

use std::fs;
use std::io;
use std::path::Path;

use mcdewey_core::SourcePath;

use super::catalogue::{Catalogue, CatalogueWriter};
use super::durable;
use super::error::EmbeddedResult;
use super::integrity::Ledger;
use super::layout::Layout;
use super::replace_file::remove_with_log;
use super::shard::NEW_SHARD;
use super::space;

/// Bytes that erasing from an open generation writes before it frees any: another shard, and the
/// whole catalogue in its log.
pub(super) fn space_needed(layout: &Layout) -> EmbeddedResult<u64> {
    Ok(space::disk_usage(layout.generation_dir())?.max(NEW_SHARD))
}

/// Bytes that erasing from a closed generation writes before it frees any. Its shard is deleted
/// without being replaced.
pub(super) fn space_needed_when_closed(layout: &Layout) -> EmbeddedResult<u64> {
    Ok(2 * fs::metadata(layout.catalogue()).map_or(0, |file| file.len()))
}

/// Marks an erasure as in progress.
pub(super) fn begin(layout: &Layout) -> EmbeddedResult<()> {
    Ok(durable::write_atomically(&layout.erasing(), b"")?)
}

/// Reports whether an erasure was begun and not finished.
pub(super) fn is_unfinished(layout: &Layout) -> bool {
    layout.erasing().exists()
}

/// Completes an erasure once the current shard holds nothing of the documents any more.
pub(super) fn finish(
    layout: &Layout,
    catalogue: &Catalogue,
    writer: &mut CatalogueWriter,
) -> EmbeddedResult<()> {
    remove_folder(&layout.damaged_shard())?;
    for leftover in [layout.damaged_catalogue(), layout.new_catalogue()] {
        remove_with_log(&leftover)?;
    }
    writer.scrub(catalogue)?;
    writer.ledger().erase()?;
    fs::remove_file(layout.erasing())?;
    Ok(durable::sync_parent(&layout.erasing())?)
}

/// Erases documents from a closed generation and returns how many of them it held.
///
/// Deletes the whole shard, which is rebuilt from the catalogue when the generation is opened next:
/// this needs neither the model nor the engine.
pub(super) fn erase_closed(layout: &Layout, sources: &[SourcePath]) -> EmbeddedResult<u64> {
    let ledger = Ledger::new(layout.ledger());
    let (catalogue, mut writer) = Catalogue::open(&layout.catalogue(), ledger)?;
    begin(layout)?;

    let mut erased = 0;
    let change = writer.begin()?;
    for source in sources {
        erased += u64::from(change.remove(source)?.is_some());
    }

    if erased > 0 {
        change.next_revision()?;
    }

    // Number 0 means that there is no shard.
    change.set_shard(0)?;
    change.commit()?;
    for shard in layout.other_shards(0)? {
        remove_folder(&shard)?;
    }

    finish(layout, &catalogue, &mut writer)?;
    Ok(erased)
}

fn remove_folder(folder: &Path) -> EmbeddedResult<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
