//! `/c/{chunk_id}`: one chunk with its location, its neighbours and a citation.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use mcdewey_query::RequestState;
use mcdewey_query::http::not_acceptable;
use mcdewey_query::links;
use mcdewey_query::page_label::printed;
use mcdewey_query::rest::{self, Parameters};
use mcdewey_query::wire::{ChunkAnswer, Hit, PageAnswer};
use mcdewey_search::{PageSelector, QueryError, SearchRequest};

use super::error::error_page;
use super::format::{self, Format};
use super::markdown::Image;
use super::search::SearchForm;
use super::site::{Link, Site, external_link, ordinal};
use super::{document, hit, markdown, respond};
use crate::citation::Citation;

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
    chunk: Hit,
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

    let answer = state
        .library
        .wire_chunk_with_occurrences(&id, 1, state.visibility())
        .await?;

    if format != Format::Page {
        return Ok(format::respond(&answer, format));
    }

    let page = state
        .library
        .wire_page(
            &answer.chunk.source,
            &selector(&answer.chunk),
            state.visibility(),
        )
        .await
        .ok();

    let site = Site::from_state(&state.app);
    let images = page
        .as_ref()
        .map(|page| document::images(&site, &page.images))
        .unwrap_or_default();

    let original = page
        .as_ref()
        .and_then(|page| document::original(&site, page));
    let text = render_text(&answer.chunk, page, images.clone()).await;
    let other_images = images
        .into_iter()
        .filter(|image| !text.contains(&escape_ampersands(&image.url)))
        .collect();

    let page = ChunkPage {
        images: other_images,
        original,
        ..chunk_page(site, answer, text)
    };

    Ok(respond::page(headers, &page))
}

/// The format depends on `Accept`, and caches have to know.
fn vary_on_accept(mut response: Response) -> Response {
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from(header::ACCEPT));
    response
}

/// Selects the page of a chunk.
pub(super) fn selector(chunk: &Hit) -> PageSelector {
    match (chunk.page, &chunk.section) {
        (Some(page), _) => PageSelector::Number(page),
        (None, Some(section)) => PageSelector::Section(section.clone()),
        (None, None) => PageSelector::First,
    }
}

/// The chunk as HTML, rendered in the context of its page: on its own, the end of a table would
/// have no head.
async fn render_text(chunk: &Hit, page: Option<PageAnswer>, images: Vec<Image>) -> String {
    let in_page = page.and_then(|page| {
        let on_page = page
            .chunks
            .iter()
            .find(|on_page| on_page.chunk_id == chunk.chunk_id)?;
        let range = on_page.start as usize..on_page.end as usize;

        // The library may have changed between the two reads.
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

fn chunk_page(site: Site, answer: ChunkAnswer, text: String) -> ChunkPage {
    let chunk = answer.chunk;
    let heading = chunk.headings.last().cloned();
    let title = match chunk.page {
        Some(page) => format!("Page {page}"),
        None => chunk.page_title(),
    };

    ChunkPage {
        form: SearchForm::new(&site, &SearchRequest::default()),
        crumbs: crumbs(&site, &chunk),
        heading: heading.filter(|heading| *heading != title),
        context_url: format!(
            "{}#p-{}",
            site.relative(&chunk.page_url),
            ordinal(&chunk.chunk_id)
        ),
        printed: printed(chunk.page, chunk.page_label.as_deref()),
        external: external_link(chunk.source_url.as_deref()),
        previous: answer.before.last().map(|hit| neighbour(&site, hit)),
        next: answer.after.first().map(|hit| neighbour(&site, hit)),
        also_in: chunk
            .also_in
            .iter()
            .map(|other| hit::also_in(&site, &chunk, other))
            .collect(),
        images: Vec::new(),
        original: None,
        citation: Citation::new(&chunk),
        text,
        title,
        chunk,
        site,
    }
}

/// Vendor and product as filters, then the document.
fn crumbs(site: &Site, chunk: &Hit) -> Vec<Link> {
    let mut crumbs = Vec::new();
    if let Some(vendor) = &chunk.vendor {
        let request = SearchRequest {
            vendor: vec![vendor.clone()],
            ..SearchRequest::default()
        };
        crumbs.push(Link::new(vendor, site.search(&request)));
    }

    if let Some(product) = &chunk.product {
        let request = SearchRequest {
            product: vec![product.clone()],
            ..SearchRequest::default()
        };
        crumbs.push(Link::new(product, site.search(&request)));
    }

    let path: Vec<String> = chunk.source.split('/').map(links::encode).collect();
    crumbs.push(Link::new(&chunk.doc_title, site.document(&path.join("/"))));

    crumbs
}

fn neighbour(site: &Site, hit: &Hit) -> Neighbour {
    Neighbour {
        link: Link::new(hit.page_title(), site.chunk(&hit.chunk_id)),
        snippet: hit.snippet.clone(),
    }
}
