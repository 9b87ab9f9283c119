//! The library that answers now. Another one, over another generation of the index and with the model that belongs to
//! it, takes its place in one step; every request keeps the one it began with.

use std::sync::{Arc, PoisonError, RwLock};

use crate::Library;

/// A place for the library that answers; clones share it.
#[derive(Clone)]
pub struct LiveLibrary(Arc<RwLock<Arc<Library>>>);

impl LiveLibrary {
    /// The library that answers now. A request asks once and keeps it to its end.
    pub fn now(&self) -> Arc<Library> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets another library answer every request from now on.
    pub fn swap(&self, library: Arc<Library>) {
        let before = {
            let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *place, library)
        };

        // Closing an index takes a while; nobody waits for it behind the lock.
        drop(before);
    }
}

impl From<Arc<Library>> for LiveLibrary {
    fn from(library: Arc<Library>) -> Self {
        Self(Arc::new(RwLock::new(library)))
    }
}
