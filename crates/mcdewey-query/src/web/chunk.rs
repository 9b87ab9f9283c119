//! `/c/{chunk_id}`: one passage, where it stands, and what stands around it.

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};

use super::error::error_page;
use super::format::{self, Format};
use super::markdown::Image;
use super::search::Form;
use super::site::{Link, Site, ordinal, outward};
use super::{document, hit, markdown, respond};
use crate::app::not_acceptable;
use crate::cite::Citation;
use crate::place::printed;
use crate::rest::{self, Parameters};
use crate::{
    AppState, ChunkAnswer, Hit, PageAnswer, PageSelector, QueryError, SearchRequest, links,
};

#[derive(Template)]
#[template(path = "chunk.html")]
struct ChunkPage {
    site: Site,
    form: Form,
    crumbs: Vec<Link>,
    /// "Page 118", or the section's heading.
    title: String,
    heading: Option<String>,
    context: String,
    chunk: Hit,
    citation: Citation,
    printed: Option<String>,
    source_url: Option<String>,
    /// Safe HTML.
    text: String,
    before: Option<Neighbour>,
    after: Option<Neighbour>,
    also_in: Vec<Link>,
    /// The page's images that are not in the passage.
    images: Vec<Image>,
    /// The original, at this page where it has pages.
    original: Option<Link>,
}

/// A passage beside this one.
struct Neighbour {
    link: Link,
    snippet: String,
}

pub(super) async fn get(
    state: AppState,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match show(&state, path, &headers, &uri).await {
        Ok(response) => by_accept(response),
        Err(error) => error_page(&state, &error.into()),
    }
}

async fn show(
    state: &AppState,
    path: Result<Path<String>, PathRejection>,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, QueryError> {
    let Some((format, id)) = Format::of(&rest::path(path)?, headers) else {
        return Ok(not_acceptable(&format::OFFERED).into_response());
    };
    let id = rest::passage_id(&id);
    Parameters::new(rest::pairs(uri)?, &[])?;

    let answer = state
        .library
        .chunk_and_elsewhere(&id, 1, state.visibility())
        .await?;

    if format != Format::Page {
        return Ok(format::passage(&answer, format));
    }

    let page = state
        .library
        .page(
            &answer.chunk.source,
            &selector(&answer.chunk),
            state.visibility(),
        )
        .await
        .ok();

    let site = Site::of(state);
    let images = page
        .as_ref()
        .map(|page| document::images(&site, &page.images))
        .unwrap_or_default();

    let original = page
        .as_ref()
        .and_then(|page| document::original(&site, page));
    let text = text(&answer.chunk, page, images.clone()).await;
    let further = images
        .into_iter()
        .filter(|image| !text.contains(&attribute(&image.address)))
        .collect();

    let page = ChunkPage {
        images: further,
        original,
        ..chunk_page(site, answer, text)
    };

    Ok(respond::page(headers, &page))
}

/// What is answered here depends on what is accepted.
fn by_accept(mut response: Response) -> Response {
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from(header::ACCEPT));
    response
}

/// The page a passage stands on.
pub(super) fn selector(chunk: &Hit) -> PageSelector {
    match (chunk.page, &chunk.section) {
        (Some(page), _) => PageSelector::Number(page),
        (None, Some(section)) => PageSelector::Section(section.clone()),
        (None, None) => PageSelector::First,
    }
}

/// The passage as HTML, read in the context of its page: alone, the end of a table has no head.
async fn text(chunk: &Hit, page: Option<PageAnswer>, images: Vec<Image>) -> String {
    let place = page.and_then(|page| {
        let place = page
            .chunks
            .iter()
            .find(|place| place.chunk_id == chunk.chunk_id)?;
        let range = place.start as usize..place.end as usize;
        (page.text.get(range.clone()) == Some(chunk.text.as_str())).then_some((page.text, range))
    });

    match place {
        Some((text, range)) => markdown::excerpt(text, range, images).await,
        None => markdown::excerpt(chunk.text.clone(), 0..chunk.text.len(), images).await,
    }
}

/// An address as it stands in HTML.
fn attribute(address: &str) -> String {
    address.replace('&', "&amp;")
}

fn chunk_page(site: Site, answer: ChunkAnswer, text: String) -> ChunkPage {
    let chunk = answer.chunk;
    let heading = chunk.headings.last().cloned();
    let title = match chunk.page {
        Some(page) => format!("Page {page}"),
        None => chunk.page_title(),
    };

    ChunkPage {
        form: Form::new(&site, &SearchRequest::default()),
        crumbs: crumbs(&site, &chunk),
        heading: heading.filter(|heading| *heading != title),
        context: format!(
            "{}#p-{}",
            site.local(&chunk.page_url),
            ordinal(&chunk.chunk_id)
        ),
        printed: printed(chunk.page, chunk.page_label.as_deref()),
        source_url: outward(chunk.source_url.as_ref()),
        before: answer.before.last().map(|hit| neighbour(&site, hit)),
        after: answer.after.first().map(|hit| neighbour(&site, hit)),
        also_in: chunk
            .also_in
            .iter()
            .map(|place| hit::also_in(&site, &chunk, place))
            .collect(),
        images: Vec::new(),
        original: None,
        citation: Citation::of(&chunk),
        text,
        title,
        chunk,
        site,
    }
}

fn crumbs(site: &Site, chunk: &Hit) -> Vec<Link> {
    let only = |request| site.search(&request);
    let vendor = chunk.vendor.iter().map(|vendor| {
        Link::new(
            vendor,
            only(SearchRequest {
                vendor: vec![vendor.clone()],
                ..SearchRequest::default()
            }),
        )
    });

    let product = chunk.product.iter().map(|product| {
        Link::new(
            product,
            only(SearchRequest {
                product: vec![product.clone()],
                ..SearchRequest::default()
            }),
        )
    });

    let path: Vec<String> = chunk.source.split('/').map(links::encode).collect();
    let document = Link::new(&chunk.doc_title, site.document(&path.join("/")));
    vendor
        .chain(product)
        .chain(std::iter::once(document))
        .collect()
}

fn neighbour(site: &Site, hit: &Hit) -> Neighbour {
    Neighbour {
        link: Link::new(hit.page_title(), site.chunk(&hit.chunk_id)),
        snippet: hit.snippet.clone(),
    }
}
