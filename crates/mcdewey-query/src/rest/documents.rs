//! `GET /api/v1/documents/{source}`: a document's outline and pages, or the text of one page.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_search::parameter::{Declaration, Kind, Role};
use mcdewey_search::{PageSelector, QueryError};

use super::parameters::Parameters;
use super::{conditional, input};
use crate::problem::Problem;
use crate::request_state::RequestState;
use crate::wire::{DocumentAnswer, PageAnswer};

pub(super) const SOURCE: Declaration = Declaration::text(
    Role::Question,
    "The source of the document",
    "finesse/v12.5/developer-guide/developer-guide.md",
)
.named("source")
.required();
pub(super) const PARAMETERS: [Declaration; 3] = [
    Declaration::new(
        Kind::Number {
            min: 0,
            max: u32::MAX as usize,
            default: None,
        },
        Role::Question,
        "Return the page with this physical number",
        "118",
    )
    .named("page"),
    Declaration::text(
        Role::Question,
        "Return the page with this printed number",
        "102",
    )
    .named("label"),
    Declaration::text(
        Role::Question,
        "In a document without pages: return this section",
        "certificates-1",
    )
    .named("section"),
];
/// The parameters of `/f/{source}`.
pub const FILE_PARAMETERS: [Declaration; 3] = [
    Declaration::text(
        Role::Question,
        "Return this image of the document",
        "page-58-image-1.png",
    )
    .named("image"),
    Declaration::text(
        Role::Question,
        "Return the original file",
        "developer-guide.pdf",
    )
    .named("original"),
    Declaration::text(
        Role::Extent,
        "The beginning of the file's hash: lets caches keep the response indefinitely",
        "",
    )
    .named("hash"),
];

pub(super) async fn get(
    state: RequestState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let source = input::path(path)?;
    let parameters = Parameters::declared(input::pairs(&uri)?, &PARAMETERS)?;
    let selector = page_selector(&parameters)?;

    let public_url = state.library.public_url();
    let snapshot = state.library.at(state.visibility()).await?;
    let at = snapshot.state();
    let tag = conditional::tag(&at.generation, at.revision, state.visibility());

    let Some(selector) = selector else {
        let document = snapshot.document(&source).await?;
        let answer = DocumentAnswer::new(&document, at, public_url);
        return Ok(conditional::json(&headers, &tag, &answer));
    };

    let page = snapshot.page(&source, &selector).await?;
    let answer = PageAnswer::new(page, at, public_url);
    Ok(conditional::json(&headers, &tag, &answer))
}

/// Returns the page that was requested, if any; at most one parameter may select it.
pub fn page_selector(parameters: &Parameters) -> Result<Option<PageSelector>, QueryError> {
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
