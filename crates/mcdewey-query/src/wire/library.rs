//! The contents of the library in a response.

use mcdewey_core::{DocumentSummary, Generation, IndexState, Revision, format_utc};
use mcdewey_search::{GuideNode, LibraryTree, ProductNode, VendorNode, VersionNode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::links;

/// The contents of the library: vendors → products → versions → guides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LibraryAnswer {
    /// The vendors, by name; documents without one are listed last, under `null`.
    pub vendors: Vec<VendorEntry>,
    /// The total number of documents.
    pub documents: u64,
    /// The total number of pages and sections.
    pub pages: u64,
    /// The total number of passages.
    pub chunks: u64,
    /// The generation of the index that answered.
    #[schemars(with = "String")]
    pub generation: Generation,
    /// The revision of the index that answered.
    #[schemars(with = "u64")]
    pub revision: Revision,
    /// The number of documents that are left out because what is stored of them is damaged, until they
    /// are read again; absent if there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub damaged: u64,
    /// Present if what is stored has not been compared with its checksums since the server started.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl LibraryAnswer {
    /// Writes out the contents of the library.
    pub fn new(tree: LibraryTree, state: &IndexState, public_url: &str) -> Self {
        Self {
            vendors: tree
                .vendors
                .into_iter()
                .map(|vendor| VendorEntry::new(vendor, public_url))
                .collect(),
            documents: tree.documents,
            pages: tree.pages,
            chunks: tree.chunks,
            generation: state.generation.clone(),
            revision: state.revision,
            damaged: state.integrity.damaged,
            unverified: !state.integrity.verified,
        }
    }
}

/// A vendor and its products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VendorEntry {
    /// The vendor's name.
    pub vendor: Option<String>,
    /// The products, by id.
    pub products: Vec<ProductEntry>,
}

impl VendorEntry {
    fn new(vendor: VendorNode, public_url: &str) -> Self {
        Self {
            vendor: vendor.name,
            products: vendor
                .products
                .into_iter()
                .map(|product| ProductEntry::new(product, public_url))
                .collect(),
        }
    }
}

/// A product and its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductEntry {
    /// The product's id, as used in filters.
    pub product: Option<String>,
    /// The product's title.
    pub title: Option<String>,
    /// Other names that filters and questions may use.
    pub aliases: Vec<String>,
    /// The versions, newest first; documents without one are listed last, under `null`.
    pub versions: Vec<VersionEntry>,
}

impl ProductEntry {
    fn new(product: ProductNode, public_url: &str) -> Self {
        Self {
            product: product.id,
            title: product.title,
            aliases: product.aliases,
            versions: product
                .versions
                .into_iter()
                .map(|version| VersionEntry::new(version, public_url))
                .collect(),
        }
    }
}

/// A version and its guides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VersionEntry {
    /// The version as the documents write it.
    pub version: Option<String>,
    /// The canonical form, which filters accept too.
    pub canonical: Option<String>,
    /// Whether this is the newest version of the product in the library.
    pub latest: bool,
    /// The guides of this version.
    pub guides: Vec<GuideEntry>,
}

impl VersionEntry {
    fn new(node: VersionNode, public_url: &str) -> Self {
        let canonical = node.version.as_ref().map(|version| version.key.to_string());
        Self {
            version: node.version.map(|version| version.label),
            canonical,
            latest: node.latest,
            guides: node
                .guides
                .into_iter()
                .map(|guide| GuideEntry::new(guide, public_url))
                .collect(),
        }
    }
}

/// A guide and its documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuideEntry {
    /// The guide's name, as used in filters.
    pub guide: Option<String>,
    /// The documents of the guide.
    pub documents: Vec<DocumentEntry>,
    /// The number of pages and sections of all its documents.
    pub pages: u64,
    /// The number of passages of all its documents.
    pub chunks: u64,
}

impl GuideEntry {
    fn new(guide: GuideNode, public_url: &str) -> Self {
        Self {
            guide: guide.name,
            documents: guide
                .documents
                .iter()
                .map(|document| DocumentEntry::new(document, public_url))
                .collect(),
            pages: guide.pages,
            chunks: guide.chunks,
        }
    }
}

/// A document of a guide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentEntry {
    /// The source of the document.
    pub source: String,
    /// The title.
    pub doc_title: String,
    /// The number of pages and sections.
    pub pages: u32,
    /// The number of passages.
    pub chunks: u32,
    /// The URL of the document on this server's web pages.
    pub url: String,
    /// When it was last changed, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// When the document was last ingested ("2026-03-01T09:30:00Z").
    pub ingested: String,
}

impl DocumentEntry {
    fn new(document: &DocumentSummary, public_url: &str) -> Self {
        let meta = &document.meta;
        Self {
            source: meta.source.to_string(),
            doc_title: meta.title.clone(),
            pages: document.pages,
            chunks: document.chunks,
            url: format!("{public_url}{}", links::document_path(&meta.source)),
            updated: meta.updated.clone(),
            ingested: format_utc(u64::try_from(document.committed_at).unwrap_or_default()),
        }
    }
}
