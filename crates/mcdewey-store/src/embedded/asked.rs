//! How often documents were among the hits of a question since the index was opened.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mcdewey_core::SourcePath;

/// The most documents that are counted; further ones are not.
const MAX_COUNTED: usize = 10_000;

/// Counts by document.
#[derive(Debug, Default)]
pub(super) struct AskedDocuments {
    counts: Mutex<HashMap<SourcePath, u32>>,
}

impl AskedDocuments {
    /// Counts these documents once more.
    pub(super) fn note(&self, sources: &[SourcePath]) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for source in sources {
            if let Some(count) = counts.get_mut(source) {
                *count = count.saturating_add(1);
            } else if counts.len() < MAX_COUNTED {
                counts.insert(source.clone(), 1);
            }
        }
    }

    /// How often a document was counted.
    pub(super) fn count(&self, source: &SourcePath) -> u32 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(source).copied().unwrap_or_default()
    }

    /// Forgets all documents, so that no name of a removed one stays.
    pub(super) fn clear(&self) {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}
