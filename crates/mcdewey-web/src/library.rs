//! `/library`: the tree of vendors, products, versions, guides and documents. The home page shows
//! the same without the documents.

use std::collections::HashSet;

use askama::Template;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use mcdewey_query::RequestState;
use mcdewey_query::rest::{self, Parameters};
use mcdewey_query::wire::{
    DocumentEntry, GuideEntry, LibraryAnswer, ProductEntry, VendorEntry, VersionEntry, totals,
};
use mcdewey_search::{CompareRequest, QueryError, SearchRequest};

use super::error::error_page;
use super::respond;
use super::search::SearchForm;
use super::site::{Link, Site};

#[derive(Debug, Clone)]
pub(super) struct LibraryOverview {
    pub(super) documents: u64,
    pub(super) pages: u64,
    pub(super) chunks: u64,
    pub(super) products: usize,
    pub(super) vendors: Vec<VendorView>,
}

#[derive(Debug, Clone)]
pub(super) struct VendorView {
    pub(super) name: String,
    pub(super) products: Vec<ProductView>,
}

#[derive(Debug, Clone)]
pub(super) struct ProductView {
    pub(super) name: String,
    /// The product's id, if it differs from the name.
    pub(super) id: Option<String>,
    pub(super) aliases: Vec<String>,
    /// A search limited to the product. `None` for documents without a product, which no filter
    /// selects.
    pub(super) href: Option<String>,
    pub(super) guides: usize,
    pub(super) pages: u64,
    /// The comparison of the two newest versions.
    pub(super) comparison: Option<Link>,
    pub(super) versions: Vec<VersionView>,
}

#[derive(Debug, Clone)]
pub(super) struct VersionView {
    pub(super) name: String,
    pub(super) latest: bool,
    pub(super) href: Option<String>,
    pub(super) guides: Vec<GuideView>,
}

#[derive(Debug, Clone)]
pub(super) struct GuideView {
    pub(super) name: String,
    pub(super) pages: u64,
    pub(super) chunks: u64,
    /// The day on which its most recent document was ingested.
    pub(super) ingested: String,
    pub(super) documents: Vec<Link>,
}

impl LibraryOverview {
    pub(super) fn new(site: &Site, library: &LibraryAnswer) -> Self {
        Self {
            documents: library.documents,
            pages: library.pages,
            chunks: library.chunks,
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

    let search = id.clone().map(|id| SearchRequest {
        product: vec![id],
        ..SearchRequest::default()
    });

    ProductView {
        id: id.filter(|id| *id != name),
        aliases: entry
            .aliases
            .iter()
            .filter(|alias| **alias != name)
            .cloned()
            .collect(),
        href: search.as_ref().map(|request| site.search(request)),
        guides: count_distinct(guides(entry)),
        pages: totals(guides(entry)).pages,
        comparison: newest_comparison(site, entry),
        versions: entry
            .versions
            .iter()
            .map(|entry| version(site, entry, search.as_ref()))
            .collect(),
        name,
    }
}

fn guides(entry: &ProductEntry) -> impl Iterator<Item = &GuideEntry> {
    entry.versions.iter().flat_map(|version| &version.guides)
}

fn newest_comparison(site: &Site, entry: &ProductEntry) -> Option<Link> {
    let mut versions = entry
        .versions
        .iter()
        .filter_map(|version| version.version.clone());
    let (to, from) = (versions.next()?, versions.next()?);
    let text = format!("Changes from {from} to {to}");

    Some(Link::new(
        text,
        site.compare(&CompareRequest {
            from,
            to,
            product: entry.product.iter().cloned().collect(),
            ..CompareRequest::default()
        }),
    ))
}

/// Counts guides. The same documents may appear under several versions and count once.
fn count_distinct<'a>(guides: impl Iterator<Item = &'a GuideEntry>) -> usize {
    guides
        .map(|guide| (guide.guide.as_deref(), sources(guide)))
        .collect::<HashSet<_>>()
        .len()
}

fn sources(guide: &GuideEntry) -> Vec<&str> {
    guide
        .documents
        .iter()
        .map(|document| document.source.as_str())
        .collect()
}

fn version(site: &Site, entry: &VersionEntry, product: Option<&SearchRequest>) -> VersionView {
    let href = entry.version.as_ref().map(|version| {
        site.search(&SearchRequest {
            version: Some(version.clone()),
            ..product.cloned().unwrap_or_default()
        })
    });

    VersionView {
        name: entry
            .version
            .clone()
            .unwrap_or_else(|| "No version".to_owned()),
        latest: entry.latest,
        href,
        guides: entry
            .guides
            .iter()
            .map(|entry| guide(site, entry))
            .collect(),
    }
}

fn guide(site: &Site, entry: &GuideEntry) -> GuideView {
    GuideView {
        name: entry
            .guide
            .clone()
            .unwrap_or_else(|| "Other documents".to_owned()),
        pages: entry.pages,
        chunks: entry.chunks,
        ingested: entry
            .documents
            .iter()
            .map(|document| day(&document.ingested))
            .max()
            .unwrap_or_default()
            .to_owned(),
        documents: entry
            .documents
            .iter()
            .map(|document| document_link(site, document))
            .collect(),
    }
}

fn document_link(site: &Site, document: &DocumentEntry) -> Link {
    Link::new(document.doc_title.clone(), site.relative(&document.url))
}

/// "2026-03-01" from "2026-03-01T09:30:00Z".
fn day(timestamp: &str) -> &str {
    timestamp.split('T').next().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "library.html")]
struct LibraryPage {
    site: Site,
    form: SearchForm,
    overview: LibraryOverview,
}

pub(super) async fn get(state: RequestState, headers: HeaderMap, uri: Uri) -> Response {
    match show(&state, &headers, &uri).await {
        Ok(response) => response,
        Err(error) => error_page(&state.app, &error.into()),
    }
}

async fn show(
    state: &RequestState,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, QueryError> {
    Parameters::new(rest::pairs(uri)?, &[])?;
    let library = state.library.wire_library(state.visibility()).await?;
    let site = Site::from_state(&state.app);

    Ok(respond::page(
        headers,
        &LibraryPage {
            form: SearchForm::new(&site, &SearchRequest::default()),
            overview: LibraryOverview::new(&site, &library),
            site,
        },
    ))
}
