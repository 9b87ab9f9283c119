//! What a document is about, in the terms people filter by.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, Version};

/// Vendor, product, releases, guide and language of a document; what no rule yields stays empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Facets {
    /// The vendor as people know it ("Cisco").
    pub vendor: Option<String>,
    /// The product's id ("finesse").
    pub product: Option<String>,
    /// The releases the document is for, lowest first; empty means unversioned.
    pub versions: Vec<Version>,
    /// The guide ("developer-guide").
    pub guide: Option<String>,
    /// The language of the text (ISO 639-1, "en").
    pub lang: Option<String>,
}

impl Facets {
    /// The releases as people read them: "v12.5", or "12.5(1), 12.5(2)".
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

    /// A hash that changes with every facet.
    pub fn hash(&self) -> ContentHash {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut parts = vec![
            text(&self.vendor),
            text(&self.product),
            text(&self.guide),
            text(&self.lang),
        ];

        for version in &self.versions {
            parts.push(version.label.clone());
            parts.push(version.key.to_string());
        }

        ContentHash::of_parts(parts)
    }
}

/// The names of the facets people filter and count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facet {
    /// Who makes the product.
    Vendor,
    /// What is documented.
    Product,
    /// For which release.
    Version,
    /// In which guide.
    Guide,
}

impl Facet {
    /// All facets, from wide to narrow.
    pub const ALL: [Self; 4] = [Self::Vendor, Self::Product, Self::Version, Self::Guide];

    /// The facet's name in URLs and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Product => "product",
            Self::Version => "version",
            Self::Guide => "guide",
        }
    }
}
