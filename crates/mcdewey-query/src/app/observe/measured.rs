//! A search as a part of a visit: it waits for its place, and the telemetry learns how it went. A search that no request
//! asked for, at the terminal say, runs as it is.

use std::time::Instant;

use super::request_context::RequestContext;
use crate::{QueryError, SearchAnswer, SearchRequest};

/// What `search` gives; with how long it waited for its place among its timings.
pub(crate) async fn measured(
    request: &SearchRequest,
    search: impl Future<Output = Result<SearchAnswer, QueryError>>,
) -> Result<SearchAnswer, QueryError> {
    let Some(visit) = RequestContext::current() else {
        return search.await;
    };
    let began = Instant::now();
    let outcome = match visit.take_place().await {
        Ok(()) => {
            let waited = began.elapsed().as_secs_f64() * 1000.0;
            search.await.map(|answer| with_wait(answer, waited))
        }
        Err(error) => Err(error),
    };

    visit.searched(request, &outcome, began.elapsed());
    outcome
}

/// The place of other work that is as heavy as a search, kept to the end of the visit.
pub(crate) async fn take_place() -> Result<(), QueryError> {
    match RequestContext::current() {
        Some(visit) => visit.take_place().await,
        None => Ok(()),
    }
}

fn with_wait(mut answer: SearchAnswer, waited: f64) -> SearchAnswer {
    answer.timings_ms.insert("queue".to_owned(), waited);
    if let Some(total) = answer.timings_ms.get_mut("total") {
        *total += waited;
    }
    answer
}
