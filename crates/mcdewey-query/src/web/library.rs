//! `/library`: what the library holds; the front page shows the same without the documents.

use std::collections::HashSet;

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::error::error_page;
use super::respond;
use super::search::Form;
use super::site::{Link, Site};
use crate::rest::{self, Parameters};
use crate::tree::held;
use crate::{
    AppState, CompareRequest, GuideEntry, LibraryAnswer, ProductEntry, QueryError, SearchRequest,
    VendorEntry, VersionEntry,
};

/// The library ready to be written.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    pub(super) documents: u64,
    pub(super) pages: u64,
    pub(super) passages: u64,
    pub(super) products: usize,
    pub(super) vendors: Vec<VendorView>,
}

/// A vendor and its products.
#[derive(Debug, Clone)]
pub(super) struct VendorView {
    pub(super) name: String,
    pub(super) products: Vec<ProductView>,
}

/// A product and its releases.
#[derive(Debug, Clone)]
pub(super) struct ProductView {
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) aliases: Vec<String>,
    /// The search page limited to it; nothing can limit a search to documents without a product.
    pub(super) href: Option<String>,
    pub(super) guides: usize,
    pub(super) pages: u64,
    /// The newest release beside the one before it.
    pub(super) compared: Option<Link>,
    pub(super) versions: Vec<VersionView>,
}

/// A release and its guides.
#[derive(Debug, Clone)]
pub(super) struct VersionView {
    pub(super) name: String,
    pub(super) latest: bool,
    pub(super) href: Option<String>,
    pub(super) guides: Vec<GuideView>,
}

/// A guide and its documents.
#[derive(Debug, Clone)]
pub(super) struct GuideView {
    pub(super) name: String,
    pub(super) pages: u64,
    pub(super) passages: u64,
    /// The day on which the last of its documents was taken in.
    pub(super) ingested: String,
    pub(super) documents: Vec<Link>,
}

impl Shelf {
    pub(super) fn new(site: &Site, library: &LibraryAnswer) -> Self {
        Self {
            documents: library.documents,
            pages: library.pages,
            passages: library.chunks,
            products: library
                .vendors
                .iter()
                .map(|vendor| vendor.products.len())
                .sum(),
            vendors: library
                .vendors
                .iter()
                .map(|entry| vendor(site, entry))
                .collect(),
        }
    }
}

fn vendor(site: &Site, entry: &VendorEntry) -> VendorView {
    VendorView {
        name: entry
            .vendor
            .clone()
            .unwrap_or_else(|| "No vendor".to_owned()),
        products: entry
            .products
            .iter()
            .map(|entry| product(site, entry))
            .collect(),
    }
}

fn product(site: &Site, entry: &ProductEntry) -> ProductView {
    let id = entry.product.clone();
    let name = entry
        .title
        .clone()
        .or_else(|| id.clone())
        .unwrap_or_else(|| "No product".to_owned());

    let limited = id.clone().map(|id| SearchRequest {
        product: vec![id],
        ..SearchRequest::default()
    });
    let guides = || entry.versions.iter().flat_map(|version| &version.guides);
    ProductView {
        id: id.filter(|id| *id != name),
        aliases: entry
            .aliases
            .iter()
            .filter(|alias| **alias != name)
            .cloned()
            .collect(),
        href: limited.as_ref().map(|request| site.search(request)),
        guides: distinct(guides()),
        pages: held(guides()).pages,
        compared: newest_step(site, entry),
        versions: entry
            .versions
            .iter()
            .map(|entry| version(site, entry, limited.as_ref()))
            .collect(),
        name,
    }
}

fn newest_step(site: &Site, entry: &ProductEntry) -> Option<Link> {
    let mut releases = entry
        .versions
        .iter()
        .filter_map(|version| version.version.clone());
    let (to, from) = (releases.next()?, releases.next()?);
    let text = format!("What changed from {from} to {to}");
    let product = entry.product.iter().cloned().collect();

    Some(Link::new(
        text,
        site.compare(&CompareRequest {
            from,
            to,
            product,
            ..CompareRequest::default()
        }),
    ))
}

/// How many guides there are; the documents of one may stand under several releases.
fn distinct<'a>(guides: impl Iterator<Item = &'a GuideEntry>) -> usize {
    let sources = |guide: &'a GuideEntry| {
        guide
            .documents
            .iter()
            .map(|document| document.source.as_str())
    };

    guides
        .map(|guide| (guide.guide.as_deref(), sources(guide).collect::<Vec<_>>()))
        .collect::<HashSet<_>>()
        .len()
}

fn version(site: &Site, entry: &VersionEntry, product: Option<&SearchRequest>) -> VersionView {
    let limited = |version: &String| {
        let request = product.cloned().unwrap_or_default();
        site.search(&SearchRequest {
            version: Some(version.clone()),
            ..request
        })
    };

    VersionView {
        name: entry
            .version
            .clone()
            .unwrap_or_else(|| "Not tied to a release".to_owned()),
        latest: entry.latest,
        href: entry.version.as_ref().map(limited),
        guides: entry
            .guides
            .iter()
            .map(|entry| guide(site, entry))
            .collect(),
    }
}

fn guide(site: &Site, entry: &GuideEntry) -> GuideView {
    let link = |document: &crate::DocumentEntry| {
        Link::new(document.doc_title.clone(), site.local(&document.url))
    };

    GuideView {
        name: entry
            .guide
            .clone()
            .unwrap_or_else(|| "Other documents".to_owned()),
        pages: entry.pages,
        passages: entry.chunks,
        ingested: entry
            .documents
            .iter()
            .map(|document| day(&document.ingested))
            .max()
            .unwrap_or_default()
            .to_owned(),
        documents: entry.documents.iter().map(link).collect(),
    }
}

/// "2026-03-01" of "2026-03-01T09:30:00Z".
fn day(written: &str) -> &str {
    written.split('T').next().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "library.html")]
struct LibraryPage {
    site: Site,
    form: Form,
    shelf: Shelf,
}

pub(super) async fn get(state: AppState, headers: HeaderMap, uri: Uri) -> Response {
    match show(&state, &headers, &uri).await {
        Ok(response) => response,
        Err(error) => error_page(&state, &error.into()),
    }
}

async fn show(state: &AppState, headers: &HeaderMap, uri: &Uri) -> Result<Response, QueryError> {
    Parameters::new(rest::pairs(uri)?, &[])?;
    let library = state.library.library(state.visibility()).await?;
    let site = Site::of(state);
    let form = Form::new(&site, &SearchRequest::default());

    Ok(respond::page(
        headers,
        &LibraryPage {
            form,
            shelf: Shelf::new(&site, &library),
            site,
        },
    ))
}
