//! Runs a search as part of the request that asked for it: the search waits for a permit, and
//! telemetry records its outcome. A search without a request, such as one in the terminal, runs
//! directly.

use std::time::Instant;

use super::request_context::RequestContext;
use crate::{QueryError, SearchAnswer, SearchRequest};

/// Runs `search`. The time it waited for its permit is added to its timings.
pub(crate) async fn track_search(
    request: &SearchRequest,
    search: impl Future<Output = Result<SearchAnswer, QueryError>>,
) -> Result<SearchAnswer, QueryError> {
    let Some(context) = RequestContext::current() else {
        return search.await;
    };

    let started = Instant::now();
    let outcome = match context.acquire_search_permit().await {
        Ok(()) => {
            let waited_ms = started.elapsed().as_secs_f64() * 1000.0;
            search.await.map(|answer| with_wait(answer, waited_ms))
        }
        Err(error) => Err(error),
    };

    context.record_search(request, &outcome, started.elapsed());
    outcome
}

/// Acquires a search permit for other work that is as heavy as a search. The request keeps it to
/// its end.
pub(crate) async fn acquire_search_permit() -> Result<(), QueryError> {
    match RequestContext::current() {
        Some(context) => context.acquire_search_permit().await,
        None => Ok(()),
    }
}

fn with_wait(mut answer: SearchAnswer, waited_ms: f64) -> SearchAnswer {
    answer.timings_ms.insert("queue".to_owned(), waited_ms);
    if let Some(total) = answer.timings_ms.get_mut("total") {
        *total += waited_ms;
    }
    answer
}
