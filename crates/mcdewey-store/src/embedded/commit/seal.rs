//! What the writer does while it is idle and when it ends, above all the seal under what was written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Committer;
use crate::embedded::error::EmbeddedResult;
use crate::embedded::integrity;

/// How long the writer is idle before it seals what was written.
const IDLE_BEFORE_SEAL: Duration = Duration::from_secs(5);

/// How long it waits after an attempt that readers prevented.
const SEAL_AGAIN_AFTER: Duration = Duration::from_secs(15);

impl Committer {
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
            if self.shared.shard().is_open() {
                // It goes on answering, and is sealed when there is space again.
                return Err(error);
            }

            tracing::warn!(%error, "the shard cannot be opened again; rebuilding it from the catalogue");
            self.replace_shard()?;
        }

        self.has_changed_shard = false;
        Ok(())
    }
}
