//! Facets: what a document is about, in the terms that people filter by.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, Version};

/// The facets of a document; those that no rule yields are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Facets {
    /// The vendor's display name ("Cisco").
    pub vendor: Option<String>,
    /// The product id ("finesse").
    pub product: Option<String>,
    /// The versions that the document covers, lowest first; empty means unversioned.
    pub versions: Vec<Version>,
    /// The guide ("developer-guide").
    pub guide: Option<String>,
    /// The language of the text (ISO 639-1, "en").
    pub lang: Option<String>,
}

impl Facets {
    /// Returns the versions as display text ("v12.5", "12.5(1), 12.5(2)"), or `None` if there are
    /// none.
    pub fn version_label(&self) -> Option<String> {
        let labels: Vec<&str> = self
            .versions
            .iter()
            .map(|version| version.label.as_str())
            .collect();

        if labels.is_empty() {
            None
        } else {
            Some(labels.join(", "))
        }
    }

    /// Returns a hash that changes with every facet.
    pub fn hash(&self) -> ContentHash {
        let mut parts: Vec<String> = [&self.vendor, &self.product, &self.guide, &self.lang]
            .into_iter()
            .map(|value| value.clone().unwrap_or_default())
            .collect();

        for version in &self.versions {
            parts.push(version.label.clone());
            parts.push(version.key.to_string());
        }

        ContentHash::of_parts(parts)
    }
}

/// A facet that documents can be filtered and counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facet {
    /// The maker of the product.
    Vendor,
    /// The documented product.
    Product,
    /// The documented version.
    Version,
    /// The guide.
    Guide,
}

impl Facet {
    /// All facets, from broad to narrow.
    pub const ALL: [Self; 4] = [Self::Vendor, Self::Product, Self::Version, Self::Guide];

    /// Returns the facet's name in URLs and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Product => "product",
            Self::Version => "version",
            Self::Guide => "guide",
        }
    }
}
