//! The contents of the library as a tree: vendors → products → versions → guides → documents.

use std::collections::{BTreeMap, HashMap};

use mcdewey_core::{DocumentSummary, IndexState, VersionKey};

use crate::app::observe::format_utc;
use crate::view::LibraryView;
use crate::{
    DocumentEntry, GuideEntry, LibraryAnswer, ProductEntry, VendorEntry, VersionEntry, links,
};

/// Returns the tree of one caller's view. Names are in ascending order, versions in descending
/// order; what has no name comes last.
pub(crate) fn library(view: &LibraryView, state: &IndexState, public_url: &str) -> LibraryAnswer {
    let documents: Vec<&DocumentSummary> = view.documents.iter().collect();
    let vendors = group_by_name(&documents, |document| document.meta.facets.vendor.clone())
        .into_iter()
        .map(|(vendor, documents)| VendorEntry {
            vendor,
            products: products(&documents, view, public_url),
        })
        .collect();

    LibraryAnswer {
        vendors,
        documents: documents.len() as u64,
        pages: count_pages(&documents),
        chunks: count_chunks(&documents),
        generation: state.generation.clone(),
        revision: state.revision,
    }
}

fn products(
    documents: &[&DocumentSummary],
    view: &LibraryView,
    public_url: &str,
) -> Vec<ProductEntry> {
    group_by_name(documents, |document| document.meta.facets.product.clone())
        .into_iter()
        .map(|(product, documents)| product_entry(product, &documents, view, public_url))
        .collect()
}

fn product_entry(
    product: Option<String>,
    documents: &[&DocumentSummary],
    view: &LibraryView,
    public_url: &str,
) -> ProductEntry {
    let id = product.as_deref().unwrap_or_default();
    let description = view.description.product(id);
    let aliases = view
        .description
        .aliases
        .iter()
        .filter(|alias| alias.products.iter().any(|product| product == id))
        .flat_map(|alias| alias.names.clone())
        .collect();

    ProductEntry {
        title: description.and_then(|product| product.title.clone()),
        aliases,
        versions: versions(documents, public_url),
        product,
    }
}

fn versions(documents: &[&DocumentSummary], public_url: &str) -> Vec<VersionEntry> {
    let mut found: BTreeMap<VersionKey, (String, Vec<&DocumentSummary>)> = BTreeMap::new();
    let mut unversioned = Vec::new();
    for document in documents {
        let versions = &document.meta.facets.versions;
        if versions.is_empty() {
            unversioned.push(*document);
        }

        for version in versions {
            found
                .entry(version.key.clone())
                .or_insert_with(|| (version.label.clone(), Vec::new()))
                .1
                .push(document);
        }
    }

    let mut entries: Vec<VersionEntry> = found
        .into_iter()
        .rev()
        .enumerate()
        .map(|(index, (key, (label, documents)))| VersionEntry {
            version: Some(label),
            canonical: Some(key.to_string()),
            latest: index == 0,
            guides: guides(&documents, public_url),
        })
        .collect();

    if !unversioned.is_empty() {
        let guides = guides(&unversioned, public_url);
        entries.push(VersionEntry {
            version: None,
            canonical: None,
            latest: false,
            guides,
        });
    }

    entries
}

fn guides(documents: &[&DocumentSummary], public_url: &str) -> Vec<GuideEntry> {
    group_by_name(documents, |document| document.meta.facets.guide.clone())
        .into_iter()
        .map(|(guide, documents)| GuideEntry {
            guide,
            pages: count_pages(&documents),
            chunks: count_chunks(&documents),
            documents: documents
                .iter()
                .map(|document| document_entry(document, public_url))
                .collect(),
        })
        .collect()
}

fn document_entry(document: &DocumentSummary, public_url: &str) -> DocumentEntry {
    let meta = &document.meta;

    DocumentEntry {
        source: meta.source.to_string(),
        doc_title: meta.title.clone(),
        pages: document.pages,
        chunks: document.chunks,
        url: format!("{public_url}{}", links::document_path(&meta.source)),
        updated: meta.updated.clone(),
        ingested: format_utc(u64::try_from(document.committed_at).unwrap_or_default()),
    }
}

/// Counts the documents and pages of some guides, each once: a document of two versions is listed
/// under both.
pub(crate) fn totals<'a>(guides: impl Iterator<Item = &'a GuideEntry>) -> Totals {
    let documents = guides.flat_map(|guide| &guide.documents);
    let pages: HashMap<&str, u32> = documents
        .map(|document| (document.source.as_str(), document.pages))
        .collect();

    Totals {
        documents: pages.len() as u64,
        pages: pages.values().map(|pages| u64::from(*pages)).sum(),
    }
}

/// How many documents and pages some guides have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) documents: u64,
    pub(crate) pages: u64,
}

/// Groups documents by a name; those without one come last.
fn group_by_name<'a>(
    documents: &[&'a DocumentSummary],
    name_of: impl Fn(&DocumentSummary) -> Option<String>,
) -> Vec<(Option<String>, Vec<&'a DocumentSummary>)> {
    let mut groups: BTreeMap<(bool, Option<String>), Vec<&DocumentSummary>> = BTreeMap::new();
    for document in documents {
        let name = name_of(document);
        groups
            .entry((name.is_none(), name))
            .or_default()
            .push(document);
    }

    groups
        .into_iter()
        .map(|((_, name), documents)| (name, documents))
        .collect()
}

fn count_pages(documents: &[&DocumentSummary]) -> u64 {
    documents
        .iter()
        .map(|document| u64::from(document.pages))
        .sum()
}

fn count_chunks(documents: &[&DocumentSummary]) -> u64 {
    documents
        .iter()
        .map(|document| u64::from(document.chunks))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::{Generation, Revision};

    use crate::search::testing::sample_view;

    #[test]
    fn versions_are_in_descending_order_with_unversioned_documents_last() {
        let generation = Generation("g".to_owned());
        let state = IndexState {
            generation,
            revision: Revision(1),
            documents: 4,
            pages: 4,
            chunks: 4,
        };

        let tree = library(&sample_view(), &state, "http://x");
        let products = &tree.vendors[0].products;
        let names: Vec<_> = products
            .iter()
            .map(|entry| entry.product.as_deref().unwrap())
            .collect();
        assert_eq!(names, ["cucm", "finesse", "uccx"]);

        let finesse: Vec<_> = products[1]
            .versions
            .iter()
            .map(|entry| (entry.version.as_deref().unwrap(), entry.latest))
            .collect();

        assert_eq!(finesse, [("v15.0", true), ("v12.5", false)]);
        assert_eq!(products[0].versions[0].version, None);
        assert_eq!(products[1].aliases, ["CCX", "UCCX", "Unified CCX"]);
        assert_eq!(tree.pages, 4);
    }
}
