//! Versions: one canonical form for the many spellings of a version, their order, ranges and
//! "latest".
//!
//! `1251su3`, `12_5_1_su3` and `12.5(1) SU3` are the same version of a product whose
//! [`VersionScheme`] describes how digits without separators split. For a product that writes
//! 0.11.0 and 3.9 without separators, `0110` sorts before `39`.

mod key;
mod notation;
mod scheme;
mod selector;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use key::VersionKey;
pub use notation::{VersionForm, VersionName};
pub use scheme::VersionScheme;
pub use selector::{VersionRange, VersionSelector};

/// A version as a document writes it, with its canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The spelling that people see: that of the path or title ("v12.5", "12.5(1) SU3"), with dots
    /// where it was written without separators ("3.8" for `38`).
    pub label: String,
    /// The canonical form, used for comparison.
    pub key: VersionKey,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}
