//! The contents of the library as the home page and `/library` show them.

use std::collections::HashSet;

use mcdewey_core::{DocumentSummary, SourcePath, format_utc};
use mcdewey_search::{
    CompareRequest, GuideNode, LibraryTree, ProductNode, SearchRequest, Totals, VendorNode,
    VersionNode,
};

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
    pub(super) fn new(site: &Site, tree: &LibraryTree) -> Self {
        Self {
            documents: tree.documents,
            pages: tree.pages,
            chunks: tree.chunks,
            products: tree
                .vendors
                .iter()
                .map(|vendor| vendor.products.len())
                .sum(),
            vendors: tree.vendors.iter().map(|node| vendor(site, node)).collect(),
        }
    }
}

fn vendor(site: &Site, node: &VendorNode) -> VendorView {
    VendorView {
        name: node.name.clone().unwrap_or_else(|| "No vendor".to_owned()),
        products: node
            .products
            .iter()
            .map(|node| product(site, node))
            .collect(),
    }
}

fn product(site: &Site, node: &ProductNode) -> ProductView {
    let id = node.id.clone();
    let name = node
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
        aliases: node
            .aliases
            .iter()
            .filter(|alias| **alias != name)
            .cloned()
            .collect(),
        href: search.as_ref().map(|request| site.search(request)),
        guides: count_distinct(node.guides()),
        pages: Totals::of(node.guides()).pages,
        comparison: newest_comparison(site, node),
        versions: node
            .versions
            .iter()
            .map(|node| version(site, node, search.as_ref()))
            .collect(),
        name,
    }
}

fn newest_comparison(site: &Site, node: &ProductNode) -> Option<Link> {
    let mut versions = node.versions.iter().filter_map(label).map(str::to_owned);
    let (to, from) = (versions.next()?, versions.next()?);
    let text = format!("Changes from {from} to {to}");

    Some(Link::new(
        text,
        site.compare(&CompareRequest {
            from,
            to,
            product: node.id.iter().cloned().collect(),
            ..CompareRequest::default()
        }),
    ))
}

/// The version as the documents write it.
fn label(node: &VersionNode) -> Option<&str> {
    Some(node.version.as_ref()?.label.as_str())
}

/// Counts guides. The same documents may appear under several versions and count once.
fn count_distinct<'a>(guides: impl Iterator<Item = &'a GuideNode>) -> usize {
    guides
        .map(|guide| (guide.name.as_deref(), sources(guide)))
        .collect::<HashSet<_>>()
        .len()
}

fn sources(guide: &GuideNode) -> Vec<&SourcePath> {
    guide
        .documents
        .iter()
        .map(|document| &document.meta.source)
        .collect()
}

fn version(site: &Site, node: &VersionNode, product: Option<&SearchRequest>) -> VersionView {
    let href = label(node).map(|version| {
        site.search(&SearchRequest {
            version: Some(version.to_owned()),
            ..product.cloned().unwrap_or_default()
        })
    });

    VersionView {
        name: label(node).unwrap_or("No version").to_owned(),
        latest: node.latest,
        href,
        guides: node.guides.iter().map(|node| guide(site, node)).collect(),
    }
}

fn guide(site: &Site, node: &GuideNode) -> GuideView {
    GuideView {
        name: node
            .name
            .clone()
            .unwrap_or_else(|| "Other documents".to_owned()),
        pages: node.pages,
        chunks: node.chunks,
        ingested: node
            .documents
            .iter()
            .map(|document| document.committed_at)
            .max()
            .map(day)
            .unwrap_or_default(),
        documents: node
            .documents
            .iter()
            .map(|document| document_link(site, document))
            .collect(),
    }
}

fn document_link(site: &Site, document: &DocumentSummary) -> Link {
    let meta = &document.meta;
    Link::new(meta.title.clone(), site.document(&meta.source))
}

/// The day of a time in Unix seconds: "2026-03-01".
fn day(unix_seconds: i64) -> String {
    let mut timestamp = format_utc(u64::try_from(unix_seconds).unwrap_or_default());
    timestamp.truncate("2026-03-01".len());
    timestamp
}
