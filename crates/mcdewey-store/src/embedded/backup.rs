//! Copies of a library's databases, made while another process answers from them and writes to them.
//!
//! The shard is left out: it is built from the catalogue when a copy is opened. SQLite copies a file as
//! it is at one moment; the embedding cache is copied after the catalogue, so it has the vectors of all
//! its passages.

use std::fs;
use std::path::Path;

use mcdewey_core::{Generation, IndexError, ModelInfo};
use rusqlite::{Connection, OpenFlags};

use super::catalogue::summarise;
use super::error::EmbeddedResult;
use super::generations::{copy_live_entry, live_generation};
use super::integrity::{self, LedgerContents};
use super::layout::{self, Layout};
use super::{database, space, vectors};

/// What a copy of a library has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedLibrary {
    /// The generation that was copied: the live one.
    pub generation: Generation,
    /// The model that computed its vectors, if that is known.
    pub model: Option<ModelInfo>,
    /// The revision of the catalogue.
    pub revision: u64,
    /// The number of documents.
    pub documents: u64,
    /// The number of chunks.
    pub chunks: u64,
    /// The number of documents that the library has left out because they are damaged.
    pub damaged: u64,
}

/// Copies the live generation of a data directory into a new folder, from which it can be opened like
/// from the data directory. Only reads the data directory. Blocks.
///
/// # Errors
///
/// If there is no live generation, its files cannot be read, or the copy is not whole.
pub fn copy_library(data_dir: &Path, target: &Path) -> Result<CopiedLibrary, IndexError> {
    let generation = live_generation(data_dir)?.ok_or_else(|| {
        IndexError::Unavailable(format!(
            "there is no complete library in {}; run `mcdewey ingest` or `mcdewey serve`",
            data_dir.display()
        ))
    })?;

    let from = Layout::new(data_dir, &generation);
    let to = Layout::create(target, &generation)?;
    copy_database(&from.catalogue(), &to.catalogue())
        .map_err(|error| space::explain(target, error))?;
    copy_database(&from.embeddings(), &to.embeddings())
        .map_err(|error| space::explain(target, error))?;
    forget_shard(&to.catalogue())?;
    copy_live_entry(data_dir, target, &generation)?;

    check_copy(target).map_err(|error| match error {
        IndexError::Unavailable(damage) => IndexError::Unavailable(format!(
            "{damage}; start the program once, so that it repairs what it can, then try again"
        )),
        other => other,
    })
}

/// Checks a copy of a library: every document and vector is compared with its checksum. Blocks.
///
/// # Errors
///
/// If something does not fit.
pub fn check_copy(dir: &Path) -> Result<CopiedLibrary, IndexError> {
    let damaged = |what: &str, damage: String| {
        IndexError::Unavailable(format!("{what} is damaged: {damage}"))
    };
    let generation =
        live_generation(dir)?.ok_or_else(|| damaged("the record", "no generation".to_owned()))?;
    let files = Layout::new(dir, &generation);
    let catalogue = open_read_only(&files.catalogue())?;
    if let Some(damage) = integrity::check(&catalogue, &LedgerContents::default()) {
        return Err(damaged("the catalogue", damage));
    }

    if let Some(damage) = vectors::damage(&files.embeddings()) {
        return Err(damaged("the embedding cache", damage));
    }

    let summary = summarise(&files.catalogue())?;
    let count = |sql: &str| -> EmbeddedResult<u64> {
        let count: i64 = catalogue.query_row(sql, [], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    };
    Ok(CopiedLibrary {
        model: super::generations::recorded_model(dir, &generation)?,
        generation,
        revision: count("SELECT revision FROM library")?,
        documents: summary.documents,
        chunks: summary.chunks,
        damaged: count("SELECT count(*) FROM damaged_documents").unwrap_or_default(),
    })
}

/// The most bytes that a copy of the live generation takes.
pub fn copy_size(data_dir: &Path) -> Result<u64, IndexError> {
    let Some(generation) = live_generation(data_dir)? else {
        return Ok(0);
    };
    let files = Layout::new(data_dir, &generation);
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let with_log = |path: &Path| length(path) + length(&path.with_extension("sqlite-wal"));
    Ok(with_log(&files.catalogue()) + with_log(&files.embeddings()))
}

/// Copies a database as it is at one moment, without its free pages.
fn copy_database(from: &Path, to: &Path) -> EmbeddedResult<()> {
    let source = open_read_only(from)?;
    let path = to.to_string_lossy();
    source.execute("VACUUM INTO ?1", [path.as_ref()])?;
    fs::File::open(to)?.sync_all()?;
    Ok(())
}

fn open_read_only(path: &Path) -> EmbeddedResult<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(database::BUSY_TIMEOUT)?;
    Ok(connection)
}

/// The shard is built when the copy is opened.
fn forget_shard(catalogue: &Path) -> EmbeddedResult<()> {
    let connection = Connection::open(catalogue)?;
    connection.execute("UPDATE library SET shard = 0", [])?;
    Ok(())
}

/// The files of a copy, relative to its folder.
pub fn copied_files(generation: &Generation) -> [std::path::PathBuf; 3] {
    let dir = Path::new("");
    let files = Layout::new(dir, generation);
    [
        layout::record_path(dir),
        files.embeddings(),
        files.catalogue(),
    ]
}
