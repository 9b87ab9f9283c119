//! Collects the stamps by which the next run recognises the files of this one without reading them.
//!
//! A stamp is trusted only if the file had not been changed for a while when it was read, as in the
//! index of git: a change within the same tick of the file system's clock would not show.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use mcdewey_core::{ContentHash, FileStamp};

use crate::file_state::{FileState, SETTLED_AFTER};
use crate::walk::FoundFile;

/// Collects the stamps of the files that are read.
#[derive(Debug)]
pub(crate) struct FileStamps {
    collected: Mutex<Vec<FileStamp>>,
    settled_after: Duration,
}

impl Default for FileStamps {
    fn default() -> Self {
        Self::settled_after(SETTLED_AFTER)
    }
}

impl FileStamps {
    /// Trusts files that were changed last at least so long before they are read.
    pub(crate) fn settled_after(settled_after: Duration) -> Self {
        Self {
            collected: Mutex::default(),
            settled_after,
        }
    }

    /// Reports whether a change of any of these files from now on would show in its state.
    pub(crate) fn are_settled(&self, states: &[FileState]) -> bool {
        let now = SystemTime::now();
        states
            .iter()
            .all(|state| state.is_settled(now, self.settled_after))
    }

    pub(crate) fn add(
        &self,
        file: &FoundFile,
        input: ContentHash,
        stamp: ContentHash,
        images: Vec<String>,
    ) {
        let stamp = FileStamp {
            source: file.source.clone(),
            input,
            stamp,
            images,
        };
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(stamp);
    }

    /// Returns the stamps collected since the last call.
    pub(crate) fn take(&self) -> Vec<FileStamp> {
        std::mem::take(
            &mut self
                .collected
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}
