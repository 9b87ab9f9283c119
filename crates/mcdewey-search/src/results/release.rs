//! What a response says about releases.

use crate::question::named_release::NamedRelease;

/// The release that a question names, to whose documents the hits are limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedRelease {
    /// As the question writes it.
    pub requested: Vec<String>,
    /// The releases of the library that are searched ("relayd 7.3").
    pub found: Vec<String>,
    /// Whether the library has only a less precise release: 12.5 for "12.5(1) SU2".
    pub is_less_precise: bool,
}

/// In which releases a name or a code of the question occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameReleases {
    /// The name as the question writes it.
    pub name: String,
    /// The title or the id of the product, where its documents have one.
    pub product: Option<String>,
    /// The oldest release with the name.
    pub first: String,
    /// The newest release with the name.
    pub last: String,
    /// Whether `first` is the oldest release that the library has of the product.
    pub is_in_oldest: bool,
    /// Whether `last` is the newest one.
    pub is_in_newest: bool,
    /// If the question names a release: whether that release has the name.
    pub in_asked_release: Option<bool>,
}

impl From<&NamedRelease> for AskedRelease {
    fn from(release: &NamedRelease) -> Self {
        Self {
            requested: release.requested.clone(),
            found: release.found.clone(),
            is_less_precise: release.is_less_precise,
        }
    }
}

impl AskedRelease {
    /// The number of releases that a sentence lists.
    const MAX_LISTED: usize = 6;

    /// The releases that were searched, in words.
    pub fn found_in_words(&self) -> String {
        let omitted = self.found.len().saturating_sub(Self::MAX_LISTED);
        let listed = self.found[..self.found.len() - omitted].join(", ");
        match omitted {
            0 => listed,
            _ => format!("{listed} and {omitted} more"),
        }
    }

    /// What to tell people: which releases were searched.
    pub fn sentence(&self) -> String {
        let found = self.found_in_words();
        match self.is_less_precise {
            true => format!(
                "There is no {} here, only {found}",
                self.requested.join(", ")
            ),
            false => format!("Only {found}, which the question names"),
        }
    }
}

impl NameReleases {
    /// What to tell people: from which release to which the name occurs, and that the release of the
    /// question does not have it.
    pub fn sentence(&self, asked: Option<&AskedRelease>) -> String {
        let Self {
            name, first, last, ..
        } = self;
        if self.in_asked_release == Some(false)
            && let Some(asked) = asked
        {
            let asked = asked.found_in_words();
            return match first == last {
                true => format!("{name} is not in {asked}, only in {first}"),
                false if self.is_in_newest => format!("{name} is not in {asked}; first in {first}"),
                false => format!("{name} is not in {asked}; first in {first}, last in {last}"),
            };
        }

        let product = match &self.product {
            Some(product) => format!(" of {product}"),
            None => String::new(),
        };
        match (self.is_in_oldest, self.is_in_newest) {
            (true, true) => {
                format!("{name} is in every release{product} here, from {first} to {last}")
            }
            (true, false) => format!(
                "{name} is in {first}, the oldest release{product} here, and last in {last}"
            ),
            (false, true) => {
                format!("{name} is first in {first}{product}, and still in {last}, the newest here")
            }
            (false, false) if first == last => format!("{name} is only in {first}{product}"),
            (false, false) => format!("{name} is first in {first}{product}, and last in {last}"),
        }
    }
}
