//! The part of the library a read may see: what was asked for and what the caller is allowed.

use serde::{Deserialize, Serialize};

use crate::{DocumentMeta, SourcePath, VersionKey};

/// A facet filter and what the caller may see; every read of an index takes one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// What was asked for.
    pub filter: Filter,
    /// What the caller may see.
    pub visibility: Visibility,
}

impl Scope {
    /// The whole library, for a caller who may see all of it.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Whether the document lies in this scope.
    pub fn contains(&self, document: &DocumentMeta) -> bool {
        self.visibility.allows(document) && self.filter.matches(document)
    }
}

/// What a question is limited to. An empty list means no limit; several values of one facet are alternatives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Vendors, as written in the facets.
    pub vendor: Vec<String>,
    /// Product ids.
    pub product: Vec<String>,
    /// Releases.
    pub version: VersionFilter,
    /// Guides.
    pub guide: Vec<String>,
    /// Single documents.
    pub source: Vec<SourcePath>,
}

impl Filter {
    /// Whether the document is asked for.
    pub fn matches(&self, document: &DocumentMeta) -> bool {
        let facets = &document.facets;
        let one_of = |wanted: &[String], value: &Option<String>| {
            wanted.is_empty() || value.as_ref().is_some_and(|value| wanted.contains(value))
        };

        one_of(&self.vendor, &facets.vendor)
            && one_of(&self.product, &facets.product)
            && one_of(&self.guide, &facets.guide)
            && (self.source.is_empty() || self.source.contains(&document.source))
            && self.version.matches(document)
    }
}

/// The release part of a filter, after ranges and "latest" were resolved to known releases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VersionFilter {
    /// No limit.
    #[default]
    Any,
    /// Documents of one of these releases; an empty list matches nothing.
    OneOf(Vec<VersionTerm>),
    /// Documents without a release.
    Unversioned,
}

impl VersionFilter {
    fn matches(&self, document: &DocumentMeta) -> bool {
        let facets = &document.facets;
        match self {
            Self::Any => true,
            Self::Unversioned => facets.versions.is_empty(),
            Self::OneOf(terms) => terms.iter().any(|term| {
                (term.product.is_none() || term.product == facets.product)
                    && facets
                        .versions
                        .iter()
                        .any(|version| version.key == term.key)
            }),
        }
    }
}

/// One release, of one product where it says so.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VersionTerm {
    /// Only documents of this product.
    pub product: Option<String>,
    /// The release.
    pub key: VersionKey,
}

/// What a caller may see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// The whole library.
    #[default]
    Everything,
    /// Only documents of these vendors or these products.
    Only {
        /// Vendors whose documents may all be seen.
        vendors: Vec<String>,
        /// Products whose documents may be seen.
        products: Vec<String>,
    },
}

impl Visibility {
    /// Whether the caller may see the document.
    pub fn allows(&self, document: &DocumentMeta) -> bool {
        let listed = |list: &[String], value: &Option<String>| {
            value.as_ref().is_some_and(|value| list.contains(value))
        };

        match self {
            Self::Everything => true,
            Self::Only { vendors, products } => {
                listed(vendors, &document.facets.vendor)
                    || listed(products, &document.facets.product)
            }
        }
    }
}
