//! `GET /api/v1/chunks/{chunk_id}`: one passage by chunk id or handle.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::{Parameters, Problem, conditional, input};
use crate::AppState;

pub(super) const PARAMETERS: [&str; 1] = ["context"];

pub(super) async fn get(
    state: AppState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let id = input::chunk_id(&input::path(path)?);
    let context = Parameters::new(input::pairs(&uri)?, &PARAMETERS)?
        .number("context")?
        .unwrap_or(0);

    let answer = state
        .library
        .chunk_with_occurrences(&id, context, state.visibility())
        .await?;
    let tag = conditional::tag(&answer.generation, answer.revision, state.visibility());
    Ok(conditional::json(&headers, &tag, &answer))
}
