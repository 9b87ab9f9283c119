//! `GET /api/v1/library`: what the library contains.

use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::parameters::Parameters;
use super::{conditional, input};
use crate::problem::Problem;
use crate::request_state::RequestState;
use crate::wire::LibraryAnswer;

pub(super) async fn get(
    state: RequestState,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    Parameters::new(input::pairs(&uri)?, &[])?;
    let snapshot = state.library.at(state.visibility()).await?;
    let tree = snapshot.tree().await?;
    let answer = LibraryAnswer::new(tree, snapshot.state(), state.library.public_url());
    let tag = conditional::tag(&answer.generation, answer.revision, state.visibility());
    Ok(conditional::json(&headers, &tag, &answer))
}
