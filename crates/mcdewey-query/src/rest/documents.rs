//! `GET /api/v1/documents/{source}`: a document's outline and pages, or the text of one page.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::{Parameters, Problem, conditional, input};
use crate::{AppState, PageSelector, QueryError};

pub(super) const PARAMETERS: [&str; 3] = ["page", "label", "section"];

pub(super) async fn get(
    state: AppState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let source = input::path(path)?;
    let parameters = Parameters::new(input::pairs(&uri)?, &PARAMETERS)?;
    let Some(selector) = page_selector(&parameters)? else {
        let answer = state.library.document(&source, state.visibility()).await?;
        let tag = conditional::tag(&answer.generation, answer.revision, state.visibility());
        return Ok(conditional::json(&headers, &tag, &answer));
    };

    let answer = state
        .library
        .page(&source, &selector, state.visibility())
        .await?;

    let tag = conditional::tag(
        &answer.document.generation,
        answer.document.revision,
        state.visibility(),
    );

    Ok(conditional::json(&headers, &tag, &answer))
}

/// Returns the page that was requested, if any; at most one parameter may select it.
pub(crate) fn page_selector(parameters: &Parameters) -> Result<Option<PageSelector>, QueryError> {
    let number = parameters.number("page")?.map(PageSelector::Number);
    let label = parameters
        .one("label")?
        .map(|label| PageSelector::Label(label.to_owned()));
    let section = parameters
        .one("section")?
        .map(|section| PageSelector::Section(section.to_owned()));

    let mut selectors = [number, label, section].into_iter().flatten();
    let first = selectors.next();

    if selectors.next().is_some() {
        return Err(QueryError::InvalidRequest(
            "page, label and section exclude each other; use only one of them".to_owned(),
        ));
    }

    Ok(first)
}
