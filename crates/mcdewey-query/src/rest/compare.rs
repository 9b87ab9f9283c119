//! `GET /api/v1/compare`: what changed between two versions of a guide.

use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_search::CompareRequest;

use super::{conditional, input, requests};
use crate::problem::Problem;
use crate::request_state::RequestState;
use crate::telemetry;
use crate::wire::CompareAnswer;

pub(super) async fn get(
    state: RequestState,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let request: CompareRequest = requests::from_query(input::pairs(&uri)?)?;
    let comparison = telemetry::compare(&state.library, &request, state.visibility()).await?;
    let answer = CompareAnswer::new(&comparison, state.library.public_url());
    let tag = conditional::tag(&answer.generation, answer.revision, state.visibility());
    Ok(conditional::json(&headers, &tag, &answer))
}
