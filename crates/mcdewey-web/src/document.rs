//! `/d/{source}`: one page of a document next to the document's outline; never the whole document.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_core::{Chunk, ChunkId};
use mcdewey_query::RequestState;
use mcdewey_query::page_label::printed;
use mcdewey_query::rest::{self, Parameters};
use mcdewey_query::wire::{DocumentAnswer, ImageItem, PageAnswer, PageItem, PassageOnPage};
use mcdewey_search::{CompareRequest, PageSelector, QueryError, SearchRequest};

use super::error::error_page;
use super::markdown::{ChunkSpan, Image};
use super::outline::{OutlineLine, outline};
use super::search::SearchForm;
use super::site::{Link, Site, external_link, ordinal};
use super::{chunk, markdown, respond};

const PARAMETERS: [&str; 4] = ["page", "label", "section", "chunk"];

#[derive(Template)]
#[template(path = "document.html")]
struct DocumentPage {
    site: Site,
    form: SearchForm,
    document: DocumentAnswer,
    document_url: String,
    title: String,
    printed: Option<String>,
    last_page: Option<u32>,
    has_labels: bool,
    external: Option<Link>,
    /// The original file, opened at this page where it has pages.
    original: Option<Link>,
    /// Whether the requested chunk is not on this page.
    chunk_missing: bool,
    /// Sanitised HTML.
    text: String,
    outline: Vec<OutlineLine>,
    /// The comparison with an adjacent version of the same guide.
    comparison: Option<Link>,
    previous: Option<Link>,
    next: Option<Link>,
}

pub(super) async fn get(
    state: RequestState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match show(&state, path, &headers, &uri).await {
        Ok(response) => response,
        Err(error) => error_page(&state.app, &error.into()),
    }
}

async fn show(
    state: &RequestState,
    path: Result<Path<String>, PathRejection>,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, QueryError> {
    let source = rest::path(path)?;
    let parameters = Parameters::new(rest::pairs(uri)?, &PARAMETERS)?;
    let chunk_id = parameters.one("chunk")?.map(rest::chunk_id);

    let selector = match (rest::page_selector(&parameters)?, &chunk_id) {
        (Some(selector), _) => selector,
        (None, Some(id)) => page_of_chunk(state, &source, id).await,
        (None, None) => PageSelector::First,
    };

    let answer = state
        .library
        .wire_page(&source, &selector, state.visibility())
        .await?;

    let site = Site::from_state(&state.app);
    let snapshot = state.library.at(state.visibility()).await?;
    let comparison = snapshot
        .nearest_comparison(&answer.document.source)
        .await?
        .map(|request| {
            Link::new(
                comparison_label(&answer.document.source, &request),
                site.compare(&request),
            )
        });

    let page = document_page(site, answer, chunk_id.as_deref()).await;
    Ok(respond::page(headers, &DocumentPage { comparison, ..page }))
}

fn comparison_label(source: &str, request: &CompareRequest) -> &'static str {
    if request.to == source {
        "Changes since the previous version"
    } else {
        "Changes in the next version"
    }
}

/// The page of a chunk, or the first page if the chunk does not exist or belongs to another
/// document.
async fn page_of_chunk(state: &RequestState, source: &str, id: &str) -> PageSelector {
    match state.library.wire_chunk(id, 0, state.visibility()).await {
        Ok(answer) if answer.chunk.source == source => chunk::selector(&answer.chunk),
        _ => PageSelector::First,
    }
}

async fn document_page(site: Site, answer: PageAnswer, chunk_id: Option<&str>) -> DocumentPage {
    let spans = chunk_spans(&answer.chunks, chunk_id);
    let search_in_document = SearchRequest {
        source: vec![answer.document.source.clone()],
        ..SearchRequest::default()
    };

    DocumentPage {
        form: SearchForm::new(&site, &search_in_document),
        document_url: site.relative(&answer.document.url),
        printed: printed(answer.page.page, answer.page.page_label.as_deref()),
        last_page: answer.document.pages.last().and_then(|page| page.page),
        has_labels: answer
            .document
            .pages
            .iter()
            .any(|page| page.page_label.is_some()),
        external: external_link(answer.document.source_url.as_deref()),
        original: original(&site, &answer),
        chunk_missing: chunk_id.is_some() && !spans.iter().any(|span| span.marked),
        text: markdown::page(answer.text, spans, images(&site, &answer.images)).await,
        outline: outline(&site, &answer.document, &answer.page),
        comparison: None,
        previous: answer.previous.map(|page| page_link(&site, &page)),
        next: answer.next.map(|page| page_link(&site, &page)),
        title: answer.page.title,
        document: answer.document,
        site,
    }
}

fn page_link(site: &Site, page: &PageItem) -> Link {
    Link::new(&page.title, site.relative(&page.url))
}

/// The file the document was converted from, opened at the page.
pub(super) fn original(site: &Site, answer: &PageAnswer) -> Option<Link> {
    let file = answer.document.original.as_ref()?;
    let url = answer.original_url.as_ref().unwrap_or(&file.url);
    Some(Link::new(&file.name, site.relative(url)))
}

/// The images of a page, with their URLs on this site.
pub(super) fn images(site: &Site, images: &[ImageItem]) -> Vec<Image> {
    images
        .iter()
        .map(|image| Image {
            target: image.file.name.clone(),
            url: site.relative(&image.file.url),
            title: image.title.clone(),
        })
        .collect()
}

fn chunk_spans(chunks: &[PassageOnPage], requested: Option<&str>) -> Vec<ChunkSpan> {
    chunks
        .iter()
        .map(|chunk| ChunkSpan {
            ordinal: ordinal(&chunk.chunk_id),
            range: chunk.start as usize..chunk.end as usize,
            marked: requested.is_some_and(|requested| is_chunk(&chunk.chunk_id, requested)),
        })
        .collect()
}

/// Whether `requested` is the chunk's id or its handle (8 hexadecimal digits).
fn is_chunk(id: &str, requested: &str) -> bool {
    if requested == id {
        return true;
    }

    let handle = id
        .parse::<ChunkId>()
        .map(|id| Chunk::handle_of(&id))
        .unwrap_or_default();
    requested.len() == 8 && requested.eq_ignore_ascii_case(&handle)
}
