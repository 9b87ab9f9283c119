//! Verification of what could not be read when the generation was opened.

use std::time::Instant;

use super::Committer;
use crate::embedded::error::EmbeddedResult;
use crate::embedded::integrity::{self, FileState, SQLITE_COUNTERS, Unverified};

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
}
