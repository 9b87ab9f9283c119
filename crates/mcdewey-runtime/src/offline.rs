//! Operations on a library that no process has open: they need its record and its files, but no
//! model.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use mcdewey_core::{RemovalReport, RemovalRequest, RollbackReport, RollbackRequest};
use mcdewey_ingest::Root;
use mcdewey_store::{Generations, OwnerLock, VectorStorage};

use crate::data_dir_lock::lock_data_dir;
use crate::feedback::FeedbackFile;
use crate::removal;

/// A library in a data directory that is opened only for one operation.
#[derive(Debug, Clone)]
pub struct OfflineLibrary {
    /// The data directory.
    pub data_dir: PathBuf,
    /// Nothing is written if less than this much disk space, in bytes, would be left free.
    pub min_free_bytes: u64,
    /// How the library stores vectors.
    pub vectors: VectorStorage,
}

impl OfflineLibrary {
    /// Erases documents from all generations. Their files are looked for in `roots`.
    ///
    /// # Errors
    ///
    /// If there is no library or another process owns it, a document's file still exists, nothing
    /// was removed, or the store fails.
    pub async fn remove(&self, roots: &[Root], request: &RemovalRequest) -> Result<RemovalReport> {
        self.ensure_exists()?;
        removal::check_files_gone(roots, request)?;
        let (_lock, generations) = self.open()?;

        let feedback = Arc::new(FeedbackFile::in_data_dir(&self.data_dir));
        Ok(removal::erase(&Arc::new(generations), &feedback, &request.sources).await?)
    }

    /// Records another generation as live. Blocks.
    ///
    /// # Errors
    ///
    /// If there is no library or another process owns it, or if there is no such generation.
    pub fn roll_back(&self, request: &RollbackRequest) -> Result<RollbackReport> {
        self.ensure_exists()?;
        let (_lock, generations) = self.open()?;
        make_live(&generations, request)
    }

    fn ensure_exists(&self) -> Result<()> {
        if !self.data_dir.exists() {
            bail!("there is no library in {} yet", self.data_dir.display());
        }

        Ok(())
    }

    fn open(&self) -> Result<(OwnerLock, Generations)> {
        let lock = lock_data_dir(&self.data_dir)?;
        let generations =
            Generations::open(&self.data_dir, self.min_free_bytes)?.with_vectors(self.vectors);

        Ok((lock, generations))
    }
}

fn make_live(generations: &Generations, request: &RollbackRequest) -> Result<RollbackReport> {
    let before = generations
        .live()
        .context("no generation is complete yet; run `mcdewey ingest`")?
        .generation;

    let entry = if request.forward {
        generations
            .latest()
            .context("no generation is complete yet; run `mcdewey ingest`")?
    } else {
        generations.rollback_target(request.generation.as_deref())?
    };

    generations.make_live(&entry.generation, !request.forward)?;
    let note = match request.forward {
        false => "`mcdewey rollback --forward` switches back",
        true => {
            "if the settings require another one, the next `mcdewey serve` or `mcdewey ingest` \
             builds it"
        }
    };

    Ok(RollbackReport {
        live: entry.generation,
        before,
        pinned: !request.forward,
        note: note.to_owned(),
    })
}
