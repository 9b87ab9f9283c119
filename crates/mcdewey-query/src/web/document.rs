//! `/d/{source}`: one page of a document, with the outline beside it; never the whole document.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_core::{Chunk, ChunkId};

use super::error::error_page;
use super::markdown::{Image, Passage};
use super::outline::OutlineLine;
use super::search::Form;
use super::site::{Link, Site, ordinal, outward};
use super::{chunk, markdown, outline, respond};
use crate::place::printed;
use crate::rest::{self, Parameters};
use crate::{
    AppState, CompareRequest, DocumentAnswer, ImageItem, PageAnswer, PageItem, PageSelector,
    PassageOnPage, QueryError, SearchRequest,
};

const KNOWN: [&str; 4] = ["page", "label", "section", "chunk"];

#[derive(Template)]
#[template(path = "document.html")]
struct DocumentPage {
    site: Site,
    form: Form,
    document: DocumentAnswer,
    address: String,
    title: String,
    printed: Option<String>,
    last_page: Option<u32>,
    has_labels: bool,
    source_url: Option<String>,
    /// The original, at this page where it has pages.
    original: Option<Link>,
    lost_passage: bool,
    /// Safe HTML.
    text: String,
    outline: Vec<OutlineLine>,
    /// The same guide in another release beside this one.
    compared: Option<Link>,
    previous: Option<Link>,
    next: Option<Link>,
}

pub(super) async fn get(
    state: AppState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match show(&state, path, &headers, &uri).await {
        Ok(response) => response,
        Err(error) => error_page(&state, &error.into()),
    }
}

async fn show(
    state: &AppState,
    path: Result<Path<String>, PathRejection>,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, QueryError> {
    let source = rest::path(path)?;
    let given = Parameters::new(rest::pairs(uri)?, &KNOWN)?;
    let wanted = given.one("chunk")?.map(rest::passage_id);

    let page = match (rest::selector(&given)?, &wanted) {
        (Some(page), _) => page,
        (None, Some(id)) => page_of(state, &source, id).await,
        (None, None) => PageSelector::First,
    };

    let answer = state
        .library
        .page(&source, &page, state.visibility())
        .await?;

    let step = state
        .library
        .nearest_step(&answer.document.source, state.visibility())
        .await?;
    let site = Site::of(state);
    let compared = step.map(|step| {
        Link::new(
            compared_text(&answer.document.source, &step),
            site.compare(&step),
        )
    });

    let page = document_page(site, answer, wanted.as_deref()).await;
    Ok(respond::page(headers, &DocumentPage { compared, ..page }))
}

fn compared_text(source: &str, step: &CompareRequest) -> &'static str {
    if step.to == source {
        "What changed since the release before"
    } else {
        "What changes in the next release"
    }
}

/// The page of a passage; the first page when the passage is gone or another document's.
async fn page_of(state: &AppState, source: &str, id: &str) -> PageSelector {
    match state.library.chunk(id, 0, state.visibility()).await {
        Ok(answer) if answer.chunk.source == source => chunk::selector(&answer.chunk),
        _ => PageSelector::First,
    }
}

async fn document_page(site: Site, answer: PageAnswer, wanted: Option<&str>) -> DocumentPage {
    let passages = passages(&answer.chunks, wanted);
    let link = |page: &PageItem| Link::new(&page.title, site.local(&page.url));
    let inside = SearchRequest {
        source: vec![answer.document.source.clone()],
        ..SearchRequest::default()
    };

    DocumentPage {
        form: Form::new(&site, &inside),
        address: site.local(&answer.document.url),
        printed: printed(answer.page.page, answer.page.page_label.as_deref()),
        last_page: answer.document.pages.last().and_then(|page| page.page),
        has_labels: answer
            .document
            .pages
            .iter()
            .any(|page| page.page_label.is_some()),
        source_url: outward(answer.document.source_url.as_ref()),
        original: original(&site, &answer),
        lost_passage: wanted.is_some() && !passages.iter().any(|passage| passage.marked),
        text: markdown::page(answer.text, passages, images(&site, &answer.images)).await,
        outline: outline::around(&site, &answer.document, &answer.page),
        compared: None,
        previous: answer.previous.as_ref().map(link),
        next: answer.next.as_ref().map(link),
        title: answer.page.title,
        document: answer.document,
        site,
    }
}

/// The file the document was made from, opened at the page.
pub(super) fn original(site: &Site, answer: &PageAnswer) -> Option<Link> {
    let file = answer.document.original.as_ref()?;
    let url = answer.original_url.as_ref().unwrap_or(&file.url);
    Some(Link::new(&file.name, site.local(url)))
}

/// The images of a page as it shows them.
pub(super) fn images(site: &Site, images: &[ImageItem]) -> Vec<Image> {
    let image = |image: &ImageItem| Image {
        target: image.file.name.clone(),
        address: site.local(&image.file.url),
        title: image.title.clone(),
    };
    images.iter().map(image).collect()
}

fn passages(places: &[PassageOnPage], wanted: Option<&str>) -> Vec<Passage> {
    let is_wanted = |id: &str| {
        let handle = || {
            id.parse::<ChunkId>()
                .map(|id| Chunk::handle_of(&id))
                .unwrap_or_default()
        };
        wanted.is_some_and(|wanted| {
            wanted == id || (wanted.len() == 8 && wanted.eq_ignore_ascii_case(&handle()))
        })
    };

    let passage = |place: &PassageOnPage| Passage {
        ordinal: ordinal(&place.chunk_id),
        range: place.start as usize..place.end as usize,
        marked: is_wanted(&place.chunk_id),
    };

    places.iter().map(passage).collect()
}
