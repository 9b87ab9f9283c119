//! Products, their titles, and aliases, as declared in `library.toml`.
//!
//! The description is stored with the index so that a query server needs no access to the corpus.

use serde::{Deserialize, Serialize};

use crate::{InvalidValue, VersionScheme};

// The rules of a root, products and aliases included, are part of each document's input hash through
// their `Debug` output. Renaming a type or field here makes every document look changed.

/// The products and aliases of a library, merged from the descriptions of all its roots.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LibraryDescription {
    /// The products; if an id occurs twice, the first entry counts.
    pub products: Vec<Product>,
    /// Groups of names that mean the same thing.
    pub aliases: Vec<Alias>,
}

/// A vendor's product; a `[[product]]` table of `library.toml`, where unknown keys are errors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// The value of the product facet.
    pub id: String,
    /// The vendor's name, where declared.
    #[serde(default)]
    pub vendor: Option<String>,
    /// The display name, where declared.
    #[serde(default)]
    pub title: Option<String>,
    /// Patterns that split a version written without separators, see [`VersionScheme::new`].
    #[serde(default)]
    pub compact: Vec<String>,
}

/// Names that mean the same thing; a question that uses one of them is also searched with the
/// others. An `[[alias]]` table of `library.toml`, where unknown keys are errors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// The names ("CCX", "UCCX", "Unified CCX").
    pub names: Vec<String>,
    /// The products that a question with one of the names is most likely about; other products are
    /// not excluded.
    #[serde(default)]
    pub products: Vec<String>,
}

impl LibraryDescription {
    /// Returns the product with this id.
    pub fn product(&self, id: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.id == id)
    }

    /// Returns the product's version scheme, or the default scheme for no or an unknown product.
    ///
    /// # Errors
    ///
    /// One of the product's `compact` patterns is not a valid regular expression.
    pub fn scheme(&self, product: Option<&str>) -> Result<VersionScheme, InvalidValue> {
        match product.and_then(|id| self.product(id)) {
            Some(product) => VersionScheme::new(&product.compact),
            None => Ok(VersionScheme::default()),
        }
    }

    /// Appends the entries of `other`. If both declare a product, the entry of `self` wins.
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
