//! The whole service, with its pages, over the sample library.

pub(crate) use mcdewey_query::testing::{
    Answer, GUIDE, HIDDEN, Keys, MISSING, NOTE, SampleService, TOKEN, comparable, documents,
    filled_in, request,
};

use mcdewey_core::DocumentRevision;
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
