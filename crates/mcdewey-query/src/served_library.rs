//! The library that answers a request, under the public URL of the service.

use std::ops::Deref;
use std::sync::Arc;

use mcdewey_core::Visibility;
use mcdewey_search::{CompareRequest, Library, PageSelector, QueryError, SearchRequest};

use crate::telemetry;
use crate::wire::{
    ChunkAnswer, CompareAnswer, DocumentAnswer, LibraryAnswer, PageAnswer, SearchAnswer,
};

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

/// Reads that are written out as REST sends them, for interfaces that show those.
impl ServedLibrary {
    /// Answers a question.
    pub async fn wire_search(
        &self,
        request: &SearchRequest,
        visibility: &Visibility,
    ) -> Result<SearchAnswer, QueryError> {
        let results = telemetry::search(self, request, visibility).await?;
        Ok(SearchAnswer::new(results, self.public_url()))
    }

    /// Compares two versions, or two documents.
    pub async fn wire_compare(
        &self,
        request: &CompareRequest,
        visibility: &Visibility,
    ) -> Result<CompareAnswer, QueryError> {
        let comparison = telemetry::compare(self, request, visibility).await?;
        Ok(CompareAnswer::new(&comparison, self.public_url()))
    }

    /// Returns a chunk, by chunk id or handle, with up to `context` neighbours on each side.
    pub async fn wire_chunk(
        &self,
        id: &str,
        context: u32,
        visibility: &Visibility,
    ) -> Result<ChunkAnswer, QueryError> {
        let snapshot = self.at(visibility).await?;
        let passage = snapshot.passage(id, context).await?;
        Ok(ChunkAnswer::new(
            passage,
            snapshot.state(),
            self.public_url(),
        ))
    }

    /// Like [`Self::wire_chunk`], with the other occurrences of the chunk.
    pub async fn wire_chunk_with_occurrences(
        &self,
        id: &str,
        context: u32,
        visibility: &Visibility,
    ) -> Result<ChunkAnswer, QueryError> {
        let snapshot = self.at(visibility).await?;
        let passage = snapshot.passage_with_occurrences(id, context).await?;
        Ok(ChunkAnswer::new(
            passage,
            snapshot.state(),
            self.public_url(),
        ))
    }

    /// Returns a document's metadata, outline and pages.
    pub async fn wire_document(
        &self,
        source: &str,
        visibility: &Visibility,
    ) -> Result<DocumentAnswer, QueryError> {
        let snapshot = self.at(visibility).await?;
        let document = snapshot.document(source).await?;
        Ok(DocumentAnswer::new(
            &document,
            snapshot.state(),
            self.public_url(),
        ))
    }

    /// Returns a page (or section) of a document.
    pub async fn wire_page(
        &self,
        source: &str,
        selector: &PageSelector,
        visibility: &Visibility,
    ) -> Result<PageAnswer, QueryError> {
        let snapshot = self.at(visibility).await?;
        let page = snapshot.page(source, selector).await?;
        Ok(PageAnswer::new(page, snapshot.state(), self.public_url()))
    }

    /// Returns the contents of the library.
    pub async fn wire_library(&self, visibility: &Visibility) -> Result<LibraryAnswer, QueryError> {
        let snapshot = self.at(visibility).await?;
        let tree = snapshot.tree().await?;
        Ok(LibraryAnswer::new(
            tree,
            snapshot.state(),
            self.public_url(),
        ))
    }
}
