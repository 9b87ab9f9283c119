//! The contents of the library as a tree: vendors → products → versions → guides → documents.

use std::collections::{BTreeMap, HashMap};

use mcdewey_core::{DocumentSummary, SourcePath, Version, VersionKey};

use crate::library::view::LibraryView;
use crate::{LibrarySnapshot, QueryError};

/// The contents of the library. Names are in ascending order, versions in descending order; what
/// has no name comes last.
#[derive(Debug, Clone, PartialEq)]
pub struct LibraryTree {
    /// The vendors.
    pub vendors: Vec<VendorNode>,
    /// The total number of documents.
    pub documents: u64,
    /// The total number of pages and sections.
    pub pages: u64,
    /// The total number of chunks.
    pub chunks: u64,
}

/// A vendor and its products.
#[derive(Debug, Clone, PartialEq)]
pub struct VendorNode {
    /// The vendor's name; `None` for documents without one.
    pub name: Option<String>,
    /// The products.
    pub products: Vec<ProductNode>,
}

/// A product and its versions.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductNode {
    /// The product's id; `None` for documents without one.
    pub id: Option<String>,
    /// The display title.
    pub title: Option<String>,
    /// Other names that filters and questions may use.
    pub aliases: Vec<String>,
    /// The versions, newest first.
    pub versions: Vec<VersionNode>,
}

/// A version and its guides.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionNode {
    /// The version; `None` for documents without one.
    pub version: Option<Version>,
    /// Whether this is the newest version of the product in the library.
    pub latest: bool,
    /// The guides of this version.
    pub guides: Vec<GuideNode>,
}

/// A guide and its documents.
#[derive(Debug, Clone, PartialEq)]
pub struct GuideNode {
    /// The guide's name; `None` for documents without one.
    pub name: Option<String>,
    /// The documents of the guide.
    pub documents: Vec<DocumentSummary>,
    /// The number of pages and sections of all its documents.
    pub pages: u64,
    /// The number of chunks of all its documents.
    pub chunks: u64,
}

impl LibraryTree {
    /// All guides; a guide of several versions occurs under each of them.
    pub fn guides(&self) -> impl Iterator<Item = &GuideNode> {
        self.vendors.iter().flat_map(VendorNode::guides)
    }
}

impl VendorNode {
    /// The guides of all products and versions.
    pub fn guides(&self) -> impl Iterator<Item = &GuideNode> {
        self.products.iter().flat_map(ProductNode::guides)
    }
}

impl ProductNode {
    /// The guides of all versions.
    pub fn guides(&self) -> impl Iterator<Item = &GuideNode> {
        self.versions.iter().flat_map(|version| &version.guides)
    }
}

/// How many different documents some guides have, and how many pages these have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// The number of documents.
    pub documents: u64,
    /// The number of pages and sections.
    pub pages: u64,
}

impl Totals {
    /// Counts the documents and pages of some guides, each once: a document of two versions is
    /// listed under both.
    pub fn of<'a>(guides: impl Iterator<Item = &'a GuideNode>) -> Self {
        let pages: HashMap<&SourcePath, u32> = guides
            .flat_map(|guide| &guide.documents)
            .map(|document| (&document.meta.source, document.pages))
            .collect();

        Self {
            documents: pages.len() as u64,
            pages: pages.values().map(|pages| u64::from(*pages)).sum(),
        }
    }
}

impl LibrarySnapshot<'_> {
    /// Returns the contents of the library.
    pub async fn tree(&self) -> Result<LibraryTree, QueryError> {
        Ok(tree(self.view().await?))
    }

    /// Returns the ids of the products.
    pub async fn products(&self) -> Result<Vec<String>, QueryError> {
        let view = self.view().await?;
        Ok(view
            .products()
            .filter_map(|(product, _)| product.map(str::to_owned))
            .collect())
    }
}

fn tree(view: &LibraryView) -> LibraryTree {
    let documents: Vec<&DocumentSummary> = view.documents.iter().collect();
    let vendors = group_by_name(&documents, |document| document.meta.facets.vendor.clone())
        .into_iter()
        .map(|(name, documents)| VendorNode {
            name,
            products: products(&documents, view),
        })
        .collect();

    LibraryTree {
        vendors,
        documents: documents.len() as u64,
        pages: count_pages(&documents),
        chunks: count_chunks(&documents),
    }
}

fn products(documents: &[&DocumentSummary], view: &LibraryView) -> Vec<ProductNode> {
    group_by_name(documents, |document| document.meta.facets.product.clone())
        .into_iter()
        .map(|(id, documents)| product(id, &documents, view))
        .collect()
}

fn product(id: Option<String>, documents: &[&DocumentSummary], view: &LibraryView) -> ProductNode {
    let name = id.as_deref().unwrap_or_default();
    let description = view.description.product(name);
    let aliases = view
        .description
        .aliases
        .iter()
        .filter(|alias| alias.products.iter().any(|product| product == name))
        .flat_map(|alias| alias.names.clone())
        .collect();

    ProductNode {
        title: description.and_then(|product| product.title.clone()),
        aliases,
        versions: versions(documents),
        id,
    }
}

fn versions(documents: &[&DocumentSummary]) -> Vec<VersionNode> {
    let mut found: BTreeMap<&VersionKey, (&Version, Vec<&DocumentSummary>)> = BTreeMap::new();
    let mut unversioned = Vec::new();
    for document in documents {
        let versions = &document.meta.facets.versions;
        if versions.is_empty() {
            unversioned.push(*document);
        }

        for version in versions {
            found
                .entry(&version.key)
                .or_insert_with(|| (version, Vec::new()))
                .1
                .push(document);
        }
    }

    let mut nodes: Vec<VersionNode> = found
        .into_values()
        .rev()
        .enumerate()
        .map(|(index, (version, documents))| VersionNode {
            version: Some(version.clone()),
            latest: index == 0,
            guides: guides(&documents),
        })
        .collect();

    if !unversioned.is_empty() {
        nodes.push(VersionNode {
            version: None,
            latest: false,
            guides: guides(&unversioned),
        });
    }

    nodes
}

fn guides(documents: &[&DocumentSummary]) -> Vec<GuideNode> {
    group_by_name(documents, |document| document.meta.facets.guide.clone())
        .into_iter()
        .map(|(name, documents)| GuideNode {
            name,
            pages: count_pages(&documents),
            chunks: count_chunks(&documents),
            documents: documents.into_iter().cloned().collect(),
        })
        .collect()
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
    use crate::testing::sample_view;

    #[test]
    fn versions_are_in_descending_order_with_unversioned_documents_last() {
        let tree = tree(&sample_view());
        let products = &tree.vendors[0].products;
        let names: Vec<_> = products
            .iter()
            .map(|product| product.id.as_deref().unwrap())
            .collect();
        assert_eq!(names, ["cucm", "finesse", "uccx"]);

        let finesse: Vec<_> = products[1]
            .versions
            .iter()
            .map(|node| (node.version.as_ref().unwrap().label.as_str(), node.latest))
            .collect();

        assert_eq!(finesse, [("v15.0", true), ("v12.5", false)]);
        assert_eq!(products[0].versions[0].version, None);
        assert_eq!(products[1].aliases, ["CCX", "UCCX", "Unified CCX"]);
        assert_eq!(tree.pages, 4);
    }
}
