//! Runs a search as part of the request that asked for it: the search waits for a permit, and
//! telemetry records its outcome. A search without a request, such as one over standard input, runs
//! directly.

use std::time::Instant;

use mcdewey_core::Visibility;
use mcdewey_search::{
    CompareRequest, Comparison, Library, QueryError, SearchRequest, SearchResults,
};

use super::request_context::RequestContext;

/// Searches the library.
pub async fn search(
    library: &Library,
    request: &SearchRequest,
    visibility: &Visibility,
) -> Result<SearchResults, QueryError> {
    track(request, async {
        library.at(visibility).await?.search(request).await
    })
    .await
}

/// Compares two versions, which is as heavy as a search and needs a permit too. The search for the
/// question of the comparison, if there is one, is recorded like any other.
pub async fn compare(
    library: &Library,
    request: &CompareRequest,
    visibility: &Visibility,
) -> Result<Comparison, QueryError> {
    // A wrong limit need not wait for a permit.
    request.page_size()?;
    if let Some(context) = RequestContext::current() {
        context.acquire_search_permit().await?;
    }

    let snapshot = library.at(visibility).await?;
    let mut comparison = snapshot.compare(request).await?;
    if let Some(relevance) = comparison.relevance_request() {
        let found = track(&relevance, snapshot.search(&relevance)).await?;
        comparison.keep_relevant(&found);
    }

    Ok(comparison)
}

/// Runs `search` with the permit of the current request, and records its outcome. The time it
/// waited for the permit is added to its timings.
async fn track(
    request: &SearchRequest,
    search: impl Future<Output = Result<SearchResults, QueryError>>,
) -> Result<SearchResults, QueryError> {
    let Some(context) = RequestContext::current() else {
        return search.await;
    };

    let started = Instant::now();
    let outcome = match context.acquire_search_permit().await {
        Ok(()) => {
            let waited = started.elapsed();
            search.await.map(|mut results| {
                results.timings.add_preceding("queue", waited);
                results
            })
        }
        Err(error) => Err(error),
    };

    context.record_search(request, &outcome, started.elapsed());
    outcome
}
