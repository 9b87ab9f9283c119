//! The libraries that are measured. The caller opens them and closes them; this crate only searches
//! them.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use mcdewey_core::{Embed, Index};
use mcdewey_search::Library;

/// Opens the libraries to measure.
#[async_trait]
pub trait OpenLibraries: Send + Sync {
    /// Opens the library that judgments are about. An empty one is an error.
    async fn configured(&self) -> Result<Box<dyn OpenLibrary>>;

    /// Indexes the documents of a test set in a library of its own, `set` being the set's name.
    async fn test_library(&self, set: &str, documents: Vec<TestDocument>) -> Result<TestLibrary>;
}

/// An open library. Dropping it closes it.
pub trait OpenLibrary: Send + Sync {
    /// The index.
    fn index(&self) -> &Arc<dyn Index>;

    /// The model that the index was made with.
    fn embed(&self) -> &Arc<dyn Embed>;

    /// The library to search, whose questions are embedded with `embed`.
    fn library(&self, embed: Arc<dyn Embed>) -> Library;
}

/// A document of a test set.
#[derive(Debug, Clone)]
pub struct TestDocument {
    /// Its id in the set, which need not be a valid file name.
    pub id: String,
    /// Its text.
    pub markdown: String,
}

/// A library of a test set's documents.
pub struct TestLibrary {
    /// The open library.
    pub library: Box<dyn OpenLibrary>,
    /// The document id in the set, by source.
    pub ids: HashMap<String, String>,
}

impl TestLibrary {
    /// Returns the document id in the set of a source.
    pub(crate) fn id(&self, source: &str) -> String {
        document_id(&self.ids, source)
    }
}

/// Returns the document id of a source; without one, the source names itself.
pub(crate) fn document_id(ids: &HashMap<String, String>, source: &str) -> String {
    ids.get(source)
        .cloned()
        .unwrap_or_else(|| source.to_owned())
}
