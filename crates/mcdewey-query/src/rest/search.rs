//! `GET` and `POST /api/v1/search`.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use mcdewey_search::SearchRequest;

use super::{conditional, input, requests};
use crate::problem::Problem;
use crate::request_state::RequestState;
use crate::telemetry;
use crate::wire::SearchAnswer;

pub(super) async fn get(
    state: RequestState,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let request = requests::from_query(input::pairs(&uri)?)?;
    let answer = answer(&state, &request).await?;
    if answer.degraded.is_some() || answer.reranked == Some(false) || answer.unverified {
        // The full answer may be available again in a moment, at the same revision, so a tag made
        // of the revision would keep this one alive.
        return Ok(uncached(&answer));
    }

    let tag = conditional::search_tag(
        &answer.generation,
        answer.revision,
        answer.epoch,
        state.visibility(),
    );
    Ok(conditional::json(&headers, &tag, &answer))
}

pub(super) async fn post(
    state: RequestState,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let request = requests::from_json(&headers, body)?;
    Ok(uncached(&answer(&state, &request).await?))
}

async fn answer(state: &RequestState, request: &SearchRequest) -> Result<SearchAnswer, Problem> {
    let results = telemetry::search(&state.library, request, state.visibility()).await?;
    Ok(SearchAnswer::new(results, state.library.public_url()))
}

fn uncached(answer: &SearchAnswer) -> Response {
    (
        [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        axum::Json(answer),
    )
        .into_response()
}
