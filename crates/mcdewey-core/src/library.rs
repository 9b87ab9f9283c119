//! What `library.toml` tells about a library beyond its documents: products, their titles, and aliases.
//!
//! It is stored with the index, so that a query server answers without access to the corpus.

use serde::{Deserialize, Serialize};

use crate::{InvalidValue, VersionScheme};

/// Products and aliases of a library; the sum of what its roots describe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LibraryDescription {
    /// The products, by id.
    pub products: Vec<Product>,
    /// Other names of things.
    pub aliases: Vec<Alias>,
}

/// A product of a vendor; a `[[product]]` of `library.toml`, where an unknown key is a mistake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// The facet value.
    pub id: String,
    /// Who makes it.
    #[serde(default)]
    pub vendor: Option<String>,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// How digits that run together split into a release, see [`VersionScheme`].
    #[serde(default)]
    pub compact: Vec<String>,
}

/// Names that mean the same; a question that uses one is asked with the others too. An `[[alias]]` of `library.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// The names ("CCX", "UCCX", "Unified CCX").
    pub names: Vec<String>,
    /// Products that a question with one of the names is most likely about; others stay possible.
    #[serde(default)]
    pub products: Vec<String>,
}

impl LibraryDescription {
    /// The product with this id.
    pub fn product(&self, id: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.id == id)
    }

    /// How the product writes its releases; the plain scheme where nothing is said.
    pub fn scheme(&self, product: Option<&str>) -> Result<VersionScheme, InvalidValue> {
        match product.and_then(|id| self.product(id)) {
            Some(product) => VersionScheme::new(&product.compact),
            None => Ok(VersionScheme::default()),
        }
    }

    /// This description with another one's entries behind its own; of a product named twice the first entry stays.
    pub fn merged(mut self, other: Self) -> Self {
        for product in other.products {
            if self.product(&product.id).is_none() {
                self.products.push(product);
            }
        }

        self.aliases.extend(other.aliases);
        self
    }
}
