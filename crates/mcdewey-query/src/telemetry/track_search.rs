//! Runs a search as part of the request that asked for it: the search waits for a permit, and
//! telemetry records its outcome. A search without a request, such as one over standard input, runs
//! directly.
//!
//! The futures of searches and comparisons are boxed: they are large, and are awaited deep within
//! those of a request.

use std::time::Instant;

use mcdewey_core::Visibility;
use mcdewey_search::{
    CompareRequest, Comparison, Library, LibrarySnapshot, QueryError, SearchRequest, SearchResults,
};

use super::request_context::RequestContext;

/// Searches the library.
pub async fn search(
    library: &Library,
    request: &SearchRequest,
    visibility: &Visibility,
) -> Result<SearchResults, QueryError> {
    let (results, _) = search_with_snapshot(library, request, visibility).await?;
    Ok(results)
}

/// Searches the library, and returns the snapshot that was searched too, for what the request reads
/// besides.
pub(crate) async fn search_with_snapshot<'a>(
    library: &'a Library,
    request: &SearchRequest,
    visibility: &Visibility,
) -> Result<(SearchResults, LibrarySnapshot<'a>), QueryError> {
    let mut taken = None;

    // The snapshot is taken after the wait for the permit, so that it is as recent as the search.
    let search = async {
        let snapshot = taken.insert(library.at(visibility).await?);
        snapshot.search(request).await
    };
    let results = track(request, Box::pin(search)).await?;

    let snapshot = taken.expect("a search that succeeded had a snapshot");
    Ok((results, snapshot))
}

/// Searches a snapshot that the request already has.
pub(crate) async fn search_snapshot(
    snapshot: &LibrarySnapshot<'_>,
    request: &SearchRequest,
) -> Result<SearchResults, QueryError> {
    track(request, Box::pin(snapshot.search(request))).await
}

/// Compares two versions, which is as heavy as a search and needs a permit too. The search for the
/// question of the comparison, if there is one, is recorded like any other.
pub async fn compare(
    library: &Library,
    request: &CompareRequest,
    visibility: &Visibility,
) -> Result<Comparison, QueryError> {
    prepare_comparison(request).await?;
    let snapshot = library.at(visibility).await?;
    compare_relevant(&snapshot, request).await
}

/// Compares two versions in a snapshot that the request already has; see [`compare`].
pub async fn compare_snapshot(
    snapshot: &LibrarySnapshot<'_>,
    request: &CompareRequest,
) -> Result<Comparison, QueryError> {
    prepare_comparison(request).await?;
    compare_relevant(snapshot, request).await
}

/// Checks the limit, because a wrong one need not wait for a permit, then waits for the permit.
async fn prepare_comparison(request: &CompareRequest) -> Result<(), QueryError> {
    request.page_size()?;
    match RequestContext::current() {
        Some(context) => context.acquire_search_permit().await,
        None => Ok(()),
    }
}

/// Compares two versions and keeps the changes that are relevant to the question, if there is one.
async fn compare_relevant(
    snapshot: &LibrarySnapshot<'_>,
    request: &CompareRequest,
) -> Result<Comparison, QueryError> {
    let mut comparison = Box::pin(snapshot.compare(request)).await?;
    if let Some(relevance) = comparison.relevance_request() {
        let found = search_snapshot(snapshot, &relevance).await?;
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
