//! `/c/{chunk_id}`: one chunk with its location, its neighbours and a citation.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::Chunk;
use mcdewey_query::http::not_acceptable;
use mcdewey_query::page_label::{chunk_page_title, printed};
use mcdewey_query::rest::{self, Parameters};
use mcdewey_query::{AppState, RequestState, links};
use mcdewey_search::{DocumentPage, Passage, QueryError, SearchRequest, opening};

use super::citation::Citation;
use super::error::error_page;
use super::format::{self, Format};
use super::markdown::Image;
use super::search_form::SearchForm;
use super::site::{Link, Site, external_link};
use super::{hit, markdown, page_files, respond};

/// The number of neighbours of the chunk that are shown before and after it.
const NEIGHBOURS: u32 = 1;

#[derive(Template)]
#[template(path = "chunk.html")]
struct ChunkPage {
    site: Site,
    form: SearchForm,
    crumbs: Vec<Link>,
    /// "Page 118", or the section's heading.
    title: String,
    heading: Option<String>,
    /// The chunk on its page of the document.
    context_url: String,
    chunk: Chunk,
    version: Option<String>,
    citation: Citation,
    printed: Option<String>,
    external: Option<Link>,
    /// Sanitised HTML.
    text: String,
    previous: Option<Neighbour>,
    next: Option<Neighbour>,
    also_in: Vec<Link>,
    /// Images of the page that the chunk does not show itself.
    images: Vec<Image>,
    /// The original file, opened at this page where it has pages.
    original: Option<Link>,
}

struct Neighbour {
    link: Link,
    snippet: String,
}

pub(super) async fn get(
    state: RequestState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match show(&state, path, &headers, &uri).await {
        Ok(response) => vary_on_accept(response),
        Err(error) => error_page(&state.app, &error.into()),
    }
}

async fn show(
    state: &RequestState,
    path: Result<Path<String>, PathRejection>,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, QueryError> {
    let Some((format, id)) = Format::negotiate(&rest::path(path)?, headers) else {
        return Ok(not_acceptable(&format::OFFERED).into_response());
    };
    let id = rest::chunk_id(&id);
    Parameters::new(rest::pairs(uri)?, &[])?;

    let snapshot = state.library.at(state.visibility()).await?;
    if format == Format::Markdown {
        let chunk = snapshot.chunk(&id).await?;
        return Ok(format::markdown(&chunk, &absolute_url(&state.app, &chunk)));
    }

    let passage = snapshot.passage_with_occurrences(&id, NEIGHBOURS).await?;
    if format == Format::Json {
        let public_url = state.app.public_url();
        return Ok(format::json(passage, snapshot.state(), public_url));
    }

    // Without its page, the chunk is shown on its own.
    let page = snapshot.page_of_chunk(&passage.chunk).await.ok();
    Ok(respond::page(
        headers,
        &chunk_page(&state.app, passage, page).await,
    ))
}

/// The URL of the chunk for use outside this site.
fn absolute_url(app: &AppState, chunk: &Chunk) -> String {
    let path = links::chunk_path(chunk.chunk_id.as_str());
    format!("{}{path}", app.public_url())
}

/// The format depends on `Accept`, and caches have to know.
fn vary_on_accept(mut response: Response) -> Response {
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from(header::ACCEPT));
    response
}

/// The chunk as HTML, rendered in the context of its page: on its own, the end of a table would
/// have no head.
async fn render_text(chunk: &Chunk, page: Option<DocumentPage>, images: Vec<Image>) -> String {
    let in_page = page.and_then(|page| {
        let on_page = page
            .chunks
            .iter()
            .find(|on_page| on_page.chunk_id == chunk.chunk_id)?;
        let range = on_page.span.start as usize..on_page.span.end as usize;

        // The document may have been replaced between the two reads.
        (page.text.get(range.clone()) == Some(chunk.text.as_str())).then_some((page.text, range))
    });

    match in_page {
        Some((text, range)) => markdown::excerpt(text, range, images).await,
        None => markdown::excerpt(chunk.text.clone(), 0..chunk.text.len(), images).await,
    }
}

/// A URL as it appears in an HTML attribute.
fn escape_ampersands(url: &str) -> String {
    url.replace('&', "&amp;")
}

async fn chunk_page(app: &AppState, passage: Passage, found: Option<DocumentPage>) -> ChunkPage {
    let site = Site::from_state(app);
    let chunk = passage.chunk;
    let meta = &chunk.document;
    let title = chunk
        .page
        .physical_page()
        .map_or_else(|| chunk_page_title(&chunk), |page| format!("Page {page}"));

    let page_images = found
        .as_ref()
        .map(|found| page_files::images(&site, found))
        .unwrap_or_default();
    let original = found
        .as_ref()
        .and_then(|found| page_files::original_file(&site, found));
    let text = render_text(&chunk, found, page_images.clone()).await;

    ChunkPage {
        form: SearchForm::new(&site, &SearchRequest::default()),
        crumbs: crumbs(&site, &chunk),
        heading: chunk
            .headings
            .last()
            .filter(|last| **last != title)
            .cloned(),
        context_url: site.chunk_on_page(&chunk),
        version: meta.facets.version_label(),
        printed: printed(chunk.page.physical_page(), chunk.page.label.as_deref()),
        external: external_link(meta.source_url.as_deref()),
        previous: passage.before.last().map(|chunk| neighbour(&site, chunk)),
        next: passage.after.first().map(|chunk| neighbour(&site, chunk)),
        also_in: passage
            .also_in
            .iter()
            .map(|other| hit::also_in(&site, &chunk, other))
            .collect(),
        images: not_shown(page_images, &text),
        original,
        citation: Citation::new(&chunk, &absolute_url(app, &chunk)),
        text,
        title,
        chunk,
        site,
    }
}

/// The images that are not in this HTML.
fn not_shown(mut images: Vec<Image>, html: &str) -> Vec<Image> {
    images.retain(|image| !html.contains(&escape_ampersands(&image.url)));
    images
}

/// Vendor and product as filters, then the document.
fn crumbs(site: &Site, chunk: &Chunk) -> Vec<Link> {
    let meta = &chunk.document;
    let mut crumbs = Vec::new();
    if let Some(vendor) = &meta.facets.vendor {
        let request = SearchRequest {
            vendor: vec![vendor.clone()],
            ..SearchRequest::default()
        };
        crumbs.push(Link::new(vendor, site.search(&request)));
    }

    if let Some(product) = &meta.facets.product {
        let request = SearchRequest {
            product: vec![product.clone()],
            ..SearchRequest::default()
        };
        crumbs.push(Link::new(product, site.search(&request)));
    }

    crumbs.push(Link::new(&meta.title, site.document(&meta.source)));
    crumbs
}

fn neighbour(site: &Site, chunk: &Chunk) -> Neighbour {
    Neighbour {
        link: Link::new(chunk_page_title(chunk), site.chunk(&chunk.chunk_id)),
        snippet: opening(&chunk.text),
    }
}
