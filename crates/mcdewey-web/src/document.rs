//! `/d/{source}`: one page of a document next to the document's outline; never the whole document.

use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_core::{Chunk, ChunkId, DocumentMeta, PageRef};
use mcdewey_query::RequestState;
use mcdewey_query::page_label::printed;
use mcdewey_query::rest::{self, Parameters};
use mcdewey_search::{
    ChunkOnPage, CompareRequest, LibrarySnapshot, PageSelector, QueryError, SearchRequest,
};

use super::error::error_page;
use super::markdown::ChunkSpan;
use super::outline::{OutlineLine, outline};
use super::search_form::SearchForm;
use super::site::{Link, Site, external_link};
use super::{markdown, page_files, respond};

const PARAMETERS: [&str; 4] = ["page", "label", "section", "chunk"];

#[derive(Template)]
#[template(path = "document.html")]
struct DocumentPage {
    site: Site,
    form: SearchForm,
    document: Arc<DocumentMeta>,
    document_url: String,
    version: Option<String>,
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

    let selector = rest::page_selector(&parameters)?;

    let snapshot = state.library.at(state.visibility()).await?;
    let selector = match (selector, &chunk_id) {
        (Some(selector), _) => selector,
        (None, Some(id)) => page_of_chunk(&snapshot, &source, id).await,
        (None, None) => PageSelector::First,
    };

    let page = snapshot.page(&source, &selector).await?;
    let comparison = snapshot.nearest_comparison(&source).await?;

    let site = Site::from_state(&state.app);
    let comparison = comparison.map(|request| {
        let label = comparison_label(&source, &request);
        Link::new(label, site.compare(&request))
    });

    let page = document_page(site, page, chunk_id.as_deref()).await;
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
async fn page_of_chunk(snapshot: &LibrarySnapshot<'_>, source: &str, id: &str) -> PageSelector {
    match snapshot.chunk(id).await {
        Ok(chunk) if chunk.document.source.as_str() == source => {
            PageSelector::Number(chunk.page.number.0)
        }
        _ => PageSelector::First,
    }
}

async fn document_page(
    site: Site,
    mut found: mcdewey_search::DocumentPage,
    chunk_id: Option<&str>,
) -> DocumentPage {
    let spans = chunk_spans(&found.chunks, chunk_id);
    let chunk_missing = chunk_id.is_some() && !spans.iter().any(|span| span.marked);
    let images = page_files::images(&site, &found);
    let text = markdown::page(std::mem::take(&mut found.text), spans, images).await;

    let document = &found.document;
    let meta = &document.meta;
    let page = found.page();
    let search_in_document = SearchRequest {
        source: vec![meta.source.to_string()],
        ..SearchRequest::default()
    };

    DocumentPage {
        form: SearchForm::new(&site, &search_in_document),
        document_url: site.document(&meta.source),
        version: meta.facets.version_label(),
        title: page.title(),
        printed: printed(page.physical_page(), page.label.as_deref()),
        last_page: document.pages.last().and_then(PageRef::physical_page),
        has_labels: document.pages.iter().any(|page| page.label.is_some()),
        external: external_link(meta.source_url.as_deref()),
        original: page_files::original_file(&site, &found),
        chunk_missing,
        text,
        outline: outline(&site, document, found.position),
        comparison: None,
        previous: found.previous().map(|page| page_link(&site, meta, page)),
        next: found.next().map(|page| page_link(&site, meta, page)),
        document: Arc::clone(meta),
        site,
    }
}

fn page_link(site: &Site, document: &DocumentMeta, page: &PageRef) -> Link {
    Link::new(page.title(), site.page(&document.source, page))
}

fn chunk_spans(chunks: &[ChunkOnPage], requested: Option<&str>) -> Vec<ChunkSpan> {
    chunks
        .iter()
        .map(|chunk| ChunkSpan {
            ordinal: chunk.chunk_id.ordinal(),
            range: chunk.span.start as usize..chunk.span.end as usize,
            marked: requested.is_some_and(|requested| is_chunk(&chunk.chunk_id, requested)),
        })
        .collect()
}

/// Whether `requested` is the chunk's id or its handle (8 hexadecimal digits).
fn is_chunk(id: &ChunkId, requested: &str) -> bool {
    requested == id.as_str()
        || (requested.len() == 8 && requested.eq_ignore_ascii_case(&Chunk::handle_of(id)))
}
