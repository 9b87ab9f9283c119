//! Taking documents out so that nothing of them can be read from the files any more: not from free pages or the log of
//! the catalogue, not from the segments and the log of the shard, not from a damaged shard that was put aside.
//!
//! A marker stands in the generation's folder while this is under way; an erasure that was interrupted is finished when
//! the generation is opened next. The embedding cache keeps its vectors: it holds no text and no names.

use std::fs;
use std::path::Path;

use mcdewey_core::SourcePath;

use super::catalogue::{Catalogue, CatalogueWriter};
use super::durable;
use super::failure::Outcome;
use super::layout::Layout;
use super::shard::NEW_SHARD;
use super::space;

/// Bytes that erasing from an open generation writes before it frees any: another shard, and the whole catalogue in its
/// log.
pub(super) fn takes(layout: &Layout) -> Outcome<u64> {
    Ok(space::size(layout.folder())?.max(NEW_SHARD))
}

/// The same for a generation that is not open, whose shard goes without another one in its place.
pub(super) fn takes_closed(layout: &Layout) -> Outcome<u64> {
    Ok(2 * fs::metadata(layout.catalogue()).map_or(0, |file| file.len()))
}

/// Says that an erasure is under way.
pub(super) fn begin(layout: &Layout) -> Outcome<()> {
    Ok(durable::write(&layout.erasing(), b"")?)
}

/// Whether an erasure was begun and not finished.
pub(super) fn is_unfinished(layout: &Layout) -> bool {
    layout.erasing().exists()
}

/// The last part of an erasure, once the shard in use holds nothing of the documents.
pub(super) fn finish(layout: &Layout, writer: &CatalogueWriter) -> Outcome<()> {
    remove_folder(&layout.damaged_shard())?;
    writer.scrub()?;
    fs::remove_file(layout.erasing())?;
    Ok(durable::sync_folder_of(&layout.erasing())?)
}

/// Erases documents from a generation that is not open; says how many it held. Its shard goes whole and is built anew
/// from the catalogue when the generation is opened next: neither model nor engine is needed here.
pub(super) fn from_closed(layout: &Layout, sources: &[SourcePath]) -> Outcome<u64> {
    let (_catalogue, mut writer) = Catalogue::open(&layout.catalogue())?;
    begin(layout)?;
    let change = writer.begin()?;

    let mut erased = 0;
    for source in sources {
        erased += u64::from(change.remove(source)?.is_some());
    }

    if erased > 0 {
        change.next_revision()?;
    }

    change.set_shard(0)?;
    change.commit()?;
    for shard in layout.other_shards(0)? {
        remove_folder(&shard)?;
    }

    finish(layout, &writer)?;
    Ok(erased)
}

fn remove_folder(folder: &Path) -> Outcome<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
