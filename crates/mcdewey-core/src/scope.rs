//! The part of the library that a read may see: the request's filter and the caller's visibility.

use serde::{Deserialize, Serialize};

use crate::{DocumentMeta, SourcePath, VersionKey};

/// The filter of a request and the visibility of its caller; every read of an index takes one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// What the request asks for.
    pub filter: Filter,
    /// What the caller may see.
    pub visibility: Visibility,
}

impl Scope {
    /// Returns the scope of the whole library, for a caller with full access.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Reports whether the document is in this scope.
    pub fn contains(&self, document: &DocumentMeta) -> bool {
        self.visibility.allows(document) && self.filter.matches(document)
    }
}

/// The facet filter of a request. An empty list means no limit; several values of one facet are
/// alternatives, and the conditions on different facets must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Vendors, as spelled in the facets.
    pub vendor: Vec<String>,
    /// Product ids.
    pub product: Vec<String>,
    /// Versions.
    pub version: VersionFilter,
    /// Guides.
    pub guide: Vec<String>,
    /// Single documents.
    pub source: Vec<SourcePath>,
}

impl Filter {
    /// Reports whether the document matches the filter.
    pub fn matches(&self, document: &DocumentMeta) -> bool {
        let facets = &document.facets;

        is_unlimited_or_lists(&self.vendor, facets.vendor.as_ref())
            && is_unlimited_or_lists(&self.product, facets.product.as_ref())
            && is_unlimited_or_lists(&self.guide, facets.guide.as_ref())
            && (self.source.is_empty() || self.source.contains(&document.source))
            && self.version.matches(document)
    }
}

fn is_unlimited_or_lists(wanted: &[String], value: Option<&String>) -> bool {
    wanted.is_empty() || lists(wanted, value)
}

fn lists(values: &[String], value: Option<&String>) -> bool {
    value.is_some_and(|value| values.contains(value))
}

/// The version part of a filter, with ranges and "latest" already resolved to known versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VersionFilter {
    /// No limit.
    #[default]
    Any,
    /// Documents for one of these versions; an empty list matches nothing.
    OneOf(Vec<VersionTerm>),
    /// Documents without a version.
    Unversioned,
}

impl VersionFilter {
    fn matches(&self, document: &DocumentMeta) -> bool {
        match self {
            Self::Any => true,
            Self::Unversioned => document.facets.versions.is_empty(),
            Self::OneOf(terms) => terms.iter().any(|term| term.matches(document)),
        }
    }
}

/// A version, optionally of one product only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VersionTerm {
    /// Limits the term to documents of this product.
    pub product: Option<String>,
    /// The version.
    pub key: VersionKey,
}

impl VersionTerm {
    fn matches(&self, document: &DocumentMeta) -> bool {
        let facets = &document.facets;

        (self.product.is_none() || self.product == facets.product)
            && facets
                .versions
                .iter()
                .any(|version| version.key == self.key)
    }
}

/// What a caller may see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// The whole library.
    #[default]
    Everything,
    /// Only documents of these vendors or of these products.
    Only {
        /// Vendors, all of whose documents are visible.
        vendors: Vec<String>,
        /// Products, all of whose documents are visible.
        products: Vec<String>,
    },
}

impl Visibility {
    /// Reports whether the caller may see the document.
    pub fn allows(&self, document: &DocumentMeta) -> bool {
        match self {
            Self::Everything => true,
            Self::Only { vendors, products } => {
                lists(vendors, document.facets.vendor.as_ref())
                    || lists(products, document.facets.product.as_ref())
            }
        }
    }
}
