//! Verification of what could not be read when the generation was opened, and the seal under what was
//! written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Committer;
use crate::embedded::error::{EmbeddedResult, Suspect};
use crate::embedded::integrity::{self, FileState, SQLITE_COUNTERS, Unverified, reason};

/// How long the writer is idle before it seals what was written.
const IDLE_BEFORE_SEAL: Duration = Duration::from_secs(5);

/// How long it waits after an attempt that readers prevented.
const SEAL_AGAIN_AFTER: Duration = Duration::from_secs(15);

impl Committer {
    /// Compares with its checksums what could not be read when the generation was opened. Readers are
    /// answered meanwhile.
    pub(in crate::embedded) fn verify(&mut self) {
        let Some(unverified) = self.unverified.take() else {
            return;
        };
        if unverified.is_empty() {
            return;
        }

        let began = Instant::now();
        match self.verify_files(&unverified) {
            Ok(()) if !self.shared.verification.is_refused() => {
                self.shared.verification.set_verified();
                tracing::info!(
                    seconds = began.elapsed().as_secs_f64(),
                    "what is stored was compared with its checksums"
                );
            }
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(%error, "what is stored could not be compared with its checksums");
            }
        }
    }

    fn verify_files(&mut self, unverified: &Unverified) -> EmbeddedResult<()> {
        let seal = unverified.ledger.seal.as_ref();
        let is_whole = match unverified.catalogue {
            FileState::Fits => true,
            FileState::NotRead => seal.is_some_and(|seal| {
                integrity::fits(&self.layout.catalogue(), &seal.catalogue, SQLITE_COUNTERS)
            }),
            FileState::Unsealed | FileState::Differs(_) => false,
        };
        if !is_whole
            && let Some(damage) = integrity::check(self.catalogue.connection(), &unverified.ledger)
        {
            self.shared.verification.refuse(&damage);
            self.catalogue.ledger().suspect();
            return Ok(());
        }

        if unverified.embeddings == FileState::NotRead
            && seal.is_some_and(|seal| {
                let path = self.layout.embeddings();
                !integrity::fits(&path, &seal.embeddings, SQLITE_COUNTERS)
            })
        {
            // Each vector is compared with its checksum when it is used. What else is wrong with the
            // file is repaired when it is opened next.
            self.catalogue.ledger().suspect();
        }

        self.verify_shard(unverified)
    }

    fn verify_shard(&mut self, unverified: &Unverified) -> EmbeddedResult<()> {
        let state = match (&unverified.shard, &unverified.ledger.seal) {
            (FileState::NotRead, Some(seal)) => {
                integrity::shard_state(&self.layout.shard(seal.shard), seal, true)
            }
            (state, _) => state.clone(),
        };

        match state {
            FileState::Fits => Ok(()),
            FileState::Differs(damage) => {
                tracing::warn!(
                    damage,
                    "the shard is damaged; rebuilding it from the catalogue"
                );
                self.replace_shard()
            }
            FileState::Unsealed | FileState::NotRead => {
                tracing::info!("the shard was not closed; rebuilding it from the catalogue");
                self.replace_shard()
            }
        }
    }

    /// Does what waits for the writer to be idle: removes points that no reader needs any more, sets
    /// aside documents that readers found damaged, and seals what was written.
    pub(in crate::embedded) fn tend(&mut self, idle: Duration) {
        self.remove_replaced_points();
        self.set_aside_suspects();
        if self.shared.verification.is_refused() {
            if !self.is_marked_suspect {
                self.catalogue.ledger().suspect();
                self.is_marked_suspect = true;
            }
            return;
        }

        let was_tried = self
            .not_sealed
            .is_some_and(|tried| tried.elapsed() < SEAL_AGAIN_AFTER);
        if idle >= IDLE_BEFORE_SEAL && !was_tried {
            self.seal();
        }
    }

    /// Seals what was written, because nothing will be written any more.
    pub(in crate::embedded) fn close(&mut self) {
        self.set_aside_suspects();
        if self.shared.verification.is_refused() {
            self.catalogue.ledger().suspect();
        } else {
            self.seal();
        }
    }

    pub(super) fn seal(&mut self) {
        self.not_sealed = match self.try_to_seal() {
            Ok(true) => None,
            Ok(false) => Some(Instant::now()),
            Err(error) => {
                tracing::debug!(%error, "the generation cannot be sealed");
                Some(Instant::now())
            }
        };
    }

    /// Returns `false` if readers need the log of the catalogue, or points that were replaced.
    fn try_to_seal(&mut self) -> EmbeddedResult<bool> {
        if !self.catalogue.ledger().is_open() {
            return Ok(true);
        }

        let shared = Arc::clone(&self.shared);
        if self.has_replaced_points() || !shared.verification.is_verified() {
            return Ok(false);
        }

        shared.shard().flush()?;
        if self.has_changed_shard {
            self.reload_shard()?;
        }
        if !self.vectors.checkpoint()? || !self.catalogue.checkpoint()? {
            return Ok(false);
        }

        let (shard, contents) = shared
            .catalogue
            .read(|snapshot| Ok((snapshot.shard()?, snapshot.ledger_contents()?)))?;
        let revision = self.catalogue.revision()?.0;
        integrity::seal(
            &self.layout,
            self.catalogue.ledger(),
            revision,
            shard,
            contents,
        )?;
        Ok(true)
    }

    /// Opens the shard again, or another one if it cannot be opened.
    fn reload_shard(&mut self) -> EmbeddedResult<()> {
        let reloaded = self.shared.shard_exclusive().reload();
        if let Err(error) = reloaded {
            tracing::warn!(%error, "the shard cannot be opened again; rebuilding it from the catalogue");
            self.replace_shard()?;
        }

        self.has_changed_shard = false;
        Ok(())
    }

    /// Removes the documents that readers found damaged, and lists them as such.
    fn set_aside_suspects(&mut self) {
        for suspect in self.shared.verification.take_suspects() {
            if let Err(error) = self.set_aside(&suspect) {
                self.shared.verification.note(&error);
                tracing::warn!(%error, "a damaged document cannot be set aside");
            }
        }
    }

    fn set_aside(&mut self, suspect: &Suspect) -> EmbeddedResult<()> {
        let shared = Arc::clone(&self.shared);
        let Some(document) = shared
            .catalogue
            .read(|snapshot| snapshot.confirm(suspect))?
        else {
            return Ok(());
        };

        tracing::warn!(
            source = %document.source,
            "what is stored of a document is damaged; it is left out until it is read again"
        );
        let change = self.catalogue.begin()?;
        let points = change.set_aside(&document, reason::DAMAGED)?;
        change.next_revision()?;
        change.commit()?;
        self.needs_optimize = true;
        self.remove_points(points);

        Ok(())
    }
}
