//! The library that answers a request, under the public URL of the service.

use std::ops::Deref;
use std::sync::Arc;

use mcdewey_search::Library;

/// A library, and the beginning of every link to it. Clones share both.
#[derive(Clone)]
pub struct ServedLibrary {
    library: Arc<Library>,
    public_url: Arc<str>,
}

impl ServedLibrary {
    /// Serves a library under a public URL ("http://127.0.0.1:8080"), given with or without a
    /// trailing slash.
    pub fn new(library: impl Into<Arc<Library>>, public_url: impl Into<Arc<str>>) -> Self {
        let public_url = public_url.into();
        let trimmed = public_url.trim_end_matches('/');
        Self {
            library: library.into(),
            public_url: if trimmed.len() < public_url.len() {
                trimmed.into()
            } else {
                public_url
            },
        }
    }

    /// State for a service over this library, for tests.
    #[cfg(test)]
    pub(crate) fn app_state(&self, owner: mcdewey_core::OwnerHandle) -> crate::AppState {
        crate::AppState::new(Arc::clone(&self.library), &self.public_url, owner, "unused")
    }

    /// The beginning of every link to the library, without a trailing slash.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }
}

impl Deref for ServedLibrary {
    type Target = Library;

    fn deref(&self) -> &Library {
        &self.library
    }
}
