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
use crate::wire::{ChunkAnswer, WordBoxesItem};

pub(super) const CHUNK_ID: Declaration = Declaration::text(
    Role::Question,
    "A chunk id or its 8-digit handle",
    "finesse::v12.5::developer-guide::developer-guide::1",
)
.named("chunk_id")
.required();
pub(super) const PARAMETERS: [Declaration; 2] = [
    Declaration::new(
        Kind::Number {
            min: 0,
            max: MAX_CONTEXT as usize,
            default: Some(0),
        },
        Role::Extent,
        "Number of neighbouring passages on each side",
        "1",
    )
    .named("context"),
    Declaration::flag("Include where the words are on the page").named("boxes"),
];

pub(super) async fn get(
    state: RequestState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let id = input::chunk_id(&input::path(path)?);
    let parameters = Parameters::declared(input::pairs(&uri)?, &PARAMETERS)?;
    let context = parameters.number("context")?.unwrap_or(0);
    let with_boxes = parameters.flag("boxes")?;

    let snapshot = state.library.at(state.visibility()).await?;
    let passage = snapshot.passage_with_occurrences(&id, context).await?;
    let boxes = if with_boxes {
        snapshot.word_boxes(&passage.chunk).await?
    } else {
        None
    };
    let answer = ChunkAnswer {
        boxes: boxes.as_ref().map(WordBoxesItem::from),
        ..ChunkAnswer::new(passage, snapshot.state(), state.library.public_url())
    };
    let tag = conditional::tag(&answer.generation, answer.revision, state.visibility());
    Ok(conditional::json(&headers, &tag, &answer))
}
