//! `GET /api/v1/library`: what the library contains.

use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::{Parameters, Problem, conditional, input};
use crate::AppState;

pub(super) async fn get(
    state: AppState,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    Parameters::new(input::pairs(&uri)?, &[])?;
    let answer = state.library.library(state.visibility()).await?;
    let tag = conditional::tag(&answer.generation, answer.revision, state.visibility());
    Ok(conditional::json(&headers, &tag, &answer))
}
