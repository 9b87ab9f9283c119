//! Removal of documents that readers found damaged.

use std::sync::Arc;

use super::Committer;
use crate::embedded::error::{EmbeddedResult, Suspect};
use crate::embedded::integrity::reason;

impl Committer {
    /// Removes the documents that readers found damaged, and lists them as such.
    pub(super) fn set_aside_suspects(&mut self) {
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
