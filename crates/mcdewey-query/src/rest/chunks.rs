//! `GET /api/v1/chunks/{chunk_id}`: one passage by chunk id or handle.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_search::MAX_CONTEXT;
use mcdewey_search::parameter::{Declaration, Kind, Role};

use super::parameters::Parameters;
use super::{conditional, input};
use crate::problem::Problem;
use crate::request_state::RequestState;
use crate::wire::ChunkAnswer;

pub(super) const CHUNK_ID: Declaration = Declaration::text(
    Role::Question,
    "A chunk id or its 8-digit handle",
    "finesse::v12.5::developer-guide::developer-guide::1",
)
.named("chunk_id")
.required();
pub(super) const PARAMETERS: [Declaration; 1] = [Declaration::new(
    Kind::Number {
        min: 0,
        max: MAX_CONTEXT as usize,
        default: Some(0),
    },
    Role::Extent,
    "Number of neighbouring passages on each side",
    "1",
)
.named("context")];

pub(super) async fn get(
    state: RequestState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let id = input::chunk_id(&input::path(path)?);
    let context = Parameters::declared(input::pairs(&uri)?, &PARAMETERS)?
        .number("context")?
        .unwrap_or(0);

    let snapshot = state.library.at(state.visibility()).await?;
    let passage = snapshot.passage_with_occurrences(&id, context).await?;
    let answer = ChunkAnswer::new(passage, snapshot.state(), state.library.public_url());
    let tag = conditional::tag(&answer.generation, answer.revision, state.visibility());
    Ok(conditional::json(&headers, &tag, &answer))
}
