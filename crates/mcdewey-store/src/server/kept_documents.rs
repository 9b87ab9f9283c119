//! Outlines, page lists and attachment lists of documents that this process has replaced or removed
//! while readers have an earlier revision pinned. On the server, the point that holds them is
//! overwritten by the new revision.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mcdewey_core::{ContentHash, Document, SourcePath};

/// Finds kept documents for as long as something else keeps them alive.
#[derive(Debug, Default)]
pub(super) struct KeptDocuments {
    documents: Mutex<HashMap<(SourcePath, ContentHash), Weak<Document>>>,
}

impl KeptDocuments {
    /// Makes a document available to readers until the last reference to it is dropped.
    pub(super) fn keep(&self, document: Document) -> Arc<Document> {
        let mut documents = self.documents();
        documents.retain(|_, kept| kept.strong_count() > 0);

        let key = (document.meta.source.clone(), document.hash);
        if let Some(kept) = documents.get(&key).and_then(Weak::upgrade) {
            return kept;
        }

        let document = Arc::new(document);
        documents.insert(key, Arc::downgrade(&document));
        document
    }

    /// Returns a revision of a document.
    pub(super) fn get(&self, source: &SourcePath, hash: &ContentHash) -> Option<Arc<Document>> {
        self.documents()
            .get(&(source.clone(), *hash))
            .and_then(Weak::upgrade)
    }

    fn documents(&self) -> MutexGuard<'_, HashMap<(SourcePath, ContentHash), Weak<Document>>> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
