//! `GET /api/v1/documents/{source}`: a document's outline and pages, or one whole page of it.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::{Parameters, Problem, conditional, input};
use crate::{AppState, PageSelector, QueryError};

pub(super) const KNOWN: [&str; 3] = ["page", "label", "section"];

pub(super) async fn get(
    state: AppState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let source = input::path(path)?;
    let given = Parameters::new(input::pairs(&uri)?, &KNOWN)?;
    let Some(page) = selector(&given)? else {
        let answer = state.library.document(&source, state.visibility()).await?;
        let tag = conditional::tag(&answer.generation, answer.revision, state.visibility());
        return Ok(conditional::json(&headers, &tag, &answer));
    };

    let answer = state
        .library
        .page(&source, &page, state.visibility())
        .await?;

    let tag = conditional::tag(
        &answer.document.generation,
        answer.document.revision,
        state.visibility(),
    );

    Ok(conditional::json(&headers, &tag, &answer))
}

/// Which page is asked for, if any.
pub(crate) fn selector(given: &Parameters) -> Result<Option<PageSelector>, QueryError> {
    let page = given.number("page")?.map(PageSelector::Number);
    let label = given
        .one("label")?
        .map(|label| PageSelector::Label(label.to_owned()));

    let section = given
        .one("section")?
        .map(|section| PageSelector::Section(section.to_owned()));
    let mut wanted = [page, label, section].into_iter().flatten();
    let first = wanted.next();

    if wanted.next().is_some() {
        let message = "page, label and section name one page each; give one of them".to_owned();
        return Err(QueryError::InvalidRequest(message));
    }

    Ok(first)
}
