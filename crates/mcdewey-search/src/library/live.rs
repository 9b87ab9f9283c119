//! The library that answers requests now.
//!
//! It can be replaced in one step by another one, over another generation of the index and with the
//! model that belongs to it. Every request keeps the library it began with.

use std::sync::{Arc, PoisonError, RwLock};

use crate::Library;

/// Holds the library that answers requests; clones share it.
#[derive(Clone)]
pub struct LiveLibrary(Arc<RwLock<Arc<Library>>>);

impl LiveLibrary {
    /// The library that is live now. A request calls this once and keeps the result to its end.
    pub fn current(&self) -> Arc<Library> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes another library answer every request from now on.
    pub fn swap(&self, library: Arc<Library>) {
        let previous = {
            let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, library)
        };

        // Closing an index takes a while, so it happens after the lock was released.
        drop(previous);
    }
}

impl From<Arc<Library>> for LiveLibrary {
    fn from(library: Arc<Library>) -> Self {
        Self(Arc::new(RwLock::new(library)))
    }
}
