//! The whole service, with its pages, over the sample library.

pub(crate) use mcdewey_query::testing::{
    Answer, GUIDE, HIDDEN, Keys, MISSING, NOTE, SampleService, TOKEN, comparable, documents,
    filled_in, request,
};

use std::sync::Arc;

use mcdewey_core::testing::{FakeEmbed, SampleDocument};
use mcdewey_core::{Document, DocumentRevision};
use mcdewey_query::AppState;

/// The service over the sample library.
pub(crate) async fn service() -> SampleService {
    service_with(&documents(), |state| state).await
}

/// The service over these documents, with a changed state.
pub(crate) async fn service_with(
    documents: &[DocumentRevision],
    change: impl FnOnce(AppState) -> AppState,
) -> SampleService {
    SampleService::with_pages(documents, change, crate::pages()).await
}

/// The document as an index returns it.
pub(crate) fn document(sample: &SampleDocument) -> Document {
    let revision = sample.build(&FakeEmbed::new(&["text"]));
    Document {
        hash: revision.hash(),
        meta: Arc::clone(&revision.meta),
        chunks: revision.chunks.len() as u32,
        pages: revision.pages.into_iter().map(|page| page.page).collect(),
        attachments: revision
            .attachments
            .into_iter()
            .map(|file| file.attachment)
            .collect(),
        outline: revision.outline,
        committed_at: 0,
    }
}
