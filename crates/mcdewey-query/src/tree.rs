//! What the library holds, as vendors → products → versions → guides → documents.

use std::collections::{BTreeMap, HashMap};

use mcdewey_core::{DocumentSummary, IndexState, VersionKey};

use crate::app::observe::written;
use crate::view::LibraryView;
use crate::{
    DocumentEntry, GuideEntry, LibraryAnswer, ProductEntry, VendorEntry, VersionEntry, links,
};

/// The tree of one caller's view. Names go up, releases go down, what has no name comes last.
pub(crate) fn library(view: &LibraryView, state: &IndexState, public_url: &str) -> LibraryAnswer {
    let all: Vec<&DocumentSummary> = view.documents.iter().collect();
    let vendors = grouped(&all, |document| document.meta.facets.vendor.clone())
        .into_iter()
        .map(|(vendor, documents)| VendorEntry {
            vendor,
            products: products(&documents, view, public_url),
        })
        .collect();

    LibraryAnswer {
        vendors,
        documents: all.len() as u64,
        pages: pages(&all),
        chunks: chunks(&all),
        generation: state.generation.clone(),
        revision: state.revision,
    }
}

fn products(
    documents: &[&DocumentSummary],
    view: &LibraryView,
    public_url: &str,
) -> Vec<ProductEntry> {
    let entry = |(product, documents): (Option<String>, Vec<&DocumentSummary>)| {
        let id = product.as_deref().unwrap_or_default();
        let pointing = view
            .description
            .aliases
            .iter()
            .filter(|alias| alias.products.iter().any(|one| one == id));

        ProductEntry {
            title: view
                .description
                .product(id)
                .and_then(|known| known.title.clone()),
            aliases: pointing.flat_map(|alias| alias.names.clone()).collect(),
            versions: versions(&documents, public_url),
            product,
        }
    };

    grouped(documents, |document| document.meta.facets.product.clone())
        .into_iter()
        .map(entry)
        .collect()
}

fn versions(documents: &[&DocumentSummary], public_url: &str) -> Vec<VersionEntry> {
    let mut found: BTreeMap<VersionKey, (String, Vec<&DocumentSummary>)> = BTreeMap::new();
    let mut without = Vec::new();
    for document in documents {
        let releases = &document.meta.facets.versions;
        if releases.is_empty() {
            without.push(*document);
        }

        for release in releases {
            found
                .entry(release.key.clone())
                .or_insert_with(|| (release.label.clone(), Vec::new()))
                .1
                .push(document);
        }
    }

    let mut entries: Vec<VersionEntry> = found
        .into_iter()
        .rev()
        .enumerate()
        .map(|(place, (key, (label, documents)))| VersionEntry {
            version: Some(label),
            canonical: Some(key.to_string()),
            latest: place == 0,
            guides: guides(&documents, public_url),
        })
        .collect();

    if !without.is_empty() {
        let guides = guides(&without, public_url);
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
    let entry = |(guide, documents): (Option<String>, Vec<&DocumentSummary>)| GuideEntry {
        guide,
        pages: pages(&documents),
        chunks: chunks(&documents),
        documents: documents
            .iter()
            .map(|document| document_entry(document, public_url))
            .collect(),
    };

    grouped(documents, |document| document.meta.facets.guide.clone())
        .into_iter()
        .map(entry)
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
        ingested: written(u64::try_from(document.committed_at).unwrap_or_default()),
    }
}

/// Documents and pages on some shelves, each counted once: a document of two releases stands under both.
pub(crate) fn held<'a>(guides: impl Iterator<Item = &'a GuideEntry>) -> Held {
    let documents = guides.flat_map(|guide| &guide.documents);
    let pages: HashMap<&str, u32> = documents
        .map(|document| (document.source.as_str(), document.pages))
        .collect();

    Held {
        documents: pages.len() as u64,
        pages: pages.values().map(|pages| u64::from(*pages)).sum(),
    }
}

/// How much stands on some shelves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) documents: u64,
    pub(crate) pages: u64,
}

/// Groups by a name; the nameless group comes last.
fn grouped<'a>(
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

fn pages(documents: &[&DocumentSummary]) -> u64 {
    documents
        .iter()
        .map(|document| u64::from(document.pages))
        .sum()
}

fn chunks(documents: &[&DocumentSummary]) -> u64 {
    documents
        .iter()
        .map(|document| u64::from(document.chunks))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::testing::view;
    use mcdewey_core::{Generation, Revision};

    #[test]
    fn releases_go_down_and_the_unversioned_come_last() {
        let generation = Generation("g".to_owned());
        let state = IndexState {
            generation,
            revision: Revision(1),
            documents: 4,
            pages: 4,
            chunks: 4,
        };

        let tree = library(&view(), &state, "http://x");
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
