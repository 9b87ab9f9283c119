//! What is known about an open generation, shared by its readers and its writer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use mcdewey_core::IndexError;

use crate::embedded::database;
use crate::embedded::error::{EmbeddedError, Suspect};

/// The state of the verification.
#[derive(Debug, Default)]
pub(in crate::embedded) struct Verification {
    is_verified: AtomicBool,
    /// Why nothing can be read.
    refusal: Mutex<Option<String>>,
    suspects: Mutex<BTreeSet<Suspect>>,
}

impl Verification {
    pub(in crate::embedded) fn is_verified(&self) -> bool {
        self.is_verified.load(Ordering::Acquire)
    }

    /// Everything that is stored fits its checksum, or was set aside and replaced.
    pub(in crate::embedded) fn set_verified(&self) {
        self.is_verified.store(true, Ordering::Release);
    }

    /// Errs if the catalogue is so damaged that answers would be wrong.
    pub(in crate::embedded) fn check(&self) -> Result<(), IndexError> {
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.as_ref().map_or(Ok(()), |reason| {
            Err(IndexError::Unavailable(reason.clone()))
        })
    }

    /// From now on, nothing can be read.
    pub(in crate::embedded) fn refuse(&self, damage: &str) {
        let reason = format!(
            "the catalogue is damaged ({damage}); restart the program: it keeps the documents that are \
             whole and names the others"
        );
        tracing::error!("{reason}");
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    /// Notes what an error of a read says about what is stored.
    pub(in crate::embedded) fn note(&self, error: &EmbeddedError) {
        match error {
            EmbeddedError::Damaged(suspect) => self.suspect(suspect.clone()),
            EmbeddedError::Sqlite(error) if database::is_damage(error) => {
                self.refuse(&error.to_string());
            }
            _ => {}
        }
    }

    /// Whether reads are refused.
    pub(in crate::embedded) fn is_refused(&self) -> bool {
        self.check().is_err()
    }

    /// Remembers a document for the writer, which sets it aside if it is damaged.
    fn suspect(&self, suspect: Suspect) {
        self.suspects
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(suspect);
    }

    pub(in crate::embedded) fn take_suspects(&self) -> BTreeSet<Suspect> {
        std::mem::take(&mut *self.suspects.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
