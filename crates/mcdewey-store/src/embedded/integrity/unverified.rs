//! What is left to verify once a generation is open.

use super::examine::{Examination, FileState};
use super::ledger::LedgerContents;

/// What is not known yet about the files of a generation.
#[derive(Debug)]
pub(in crate::embedded) struct Unverified {
    pub(in crate::embedded) ledger: LedgerContents,
    pub(in crate::embedded) catalogue: FileState,
    pub(in crate::embedded) embeddings: FileState,
    /// Replaced by [`FileState::Fits`] when the shard is built again.
    pub(in crate::embedded) shard: FileState,
    was_sealed: bool,
}

impl Unverified {
    /// What is left to do when the catalogue and the embedding cache are open.
    pub(in crate::embedded) fn new(examined: Examination, knows_catalogue: bool) -> Self {
        let was_sealed = [&examined.catalogue, &examined.embeddings, &examined.shard]
            .into_iter()
            .all(|state| !state.is_suspect());
        let Examination {
            ledger,
            mut catalogue,
            mut embeddings,
            shard,
        } = examined;
        if knows_catalogue {
            catalogue = FileState::Fits;
        }
        if embeddings.is_suspect() {
            // It was checked when it was opened.
            embeddings = FileState::Fits;
        }

        Self {
            ledger,
            catalogue,
            embeddings,
            shard,
            was_sealed,
        }
    }

    /// Whether all files may be what was sealed.
    pub(in crate::embedded) fn is_sealed(&self) -> bool {
        self.was_sealed
    }

    /// Whether nothing is left to do.
    pub(in crate::embedded) fn is_empty(&self) -> bool {
        [&self.catalogue, &self.embeddings, &self.shard]
            .into_iter()
            .all(|state| *state == FileState::Fits)
    }
}
