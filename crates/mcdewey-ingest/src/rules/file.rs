//! Parses `library.toml`. The settings accept the same tables, for roots that are read-only.
//!
//! Unknown keys are errors: a misspelt rule must not become a rule that never matches.

use std::path::Path;

use mcdewey_core::{Alias, LibraryDescription, Product};
use serde::{Deserialize, Serialize};

use crate::IngestError;
use crate::file_error::FileError;
use crate::read::MAX_FILE;
use crate::root_dir::{Links, RootDir};

/// The name of the file that describes a root. It is configuration and never ingested as a
/// document.
pub const LIBRARY_FILE: &str = "library.toml";

/// Products, aliases and facet rules of one root.
///
/// The `Debug` output is part of the fingerprint of [`super::RuleSet`]: renaming this type,
/// [`RuleEntry`], [`Constants`], or a field of them makes every document be ingested again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LibraryFile {
    /// `[[product]]`: vendor, title and version notation.
    pub product: Vec<Product>,
    /// `[[alias]]`: names with the same meaning.
    pub alias: Vec<Alias>,
    /// `[[rule]]`: the sources of facets, in order of precedence.
    pub rule: Vec<RuleEntry>,
}

/// One `[[rule]]`: exactly one of `path`, `title`, and `field` with `pattern`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleEntry {
    /// Restricts the rule to paths with this prefix, relative to the root.
    pub under: Option<String>,
    /// A pattern for the path relative to the root.
    pub path: Option<String>,
    /// A pattern for the title.
    pub title: Option<String>,
    /// A front matter field, to which `pattern` applies.
    pub field: Option<String>,
    /// The pattern for the text of `field`.
    pub pattern: Option<String>,
    /// Facets that are set whenever the pattern matches.
    pub set: Constants,
}

/// The facets that a rule sets to constants. With an empty string the facet stays empty whatever
/// later rules yield.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Constants {
    pub vendor: Option<String>,
    pub product: Option<String>,
    /// One or more versions.
    pub version: Option<String>,
    pub guide: Option<String>,
    /// A language tag.
    pub lang: Option<String>,
}

impl LibraryFile {
    /// Parses the text of a `library.toml`. `place` names the file in errors.
    pub fn parse(text: &str, place: &str) -> Result<Self, IngestError> {
        toml::from_str(text).map_err(|error| IngestError::Rules {
            place: place.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })
    }

    /// Reads the `library.toml` of the root at `root`; a root without one has no entries.
    ///
    /// Like a document, the file may be a link to another file of the root, but not out of it,
    /// because errors quote its contents.
    pub fn load(root: &Path) -> Result<Self, IngestError> {
        let place = root.join(LIBRARY_FILE).display().to_string();
        let bytes = match Self::read(root) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(Self::default()),
            Err(reason) => return Err(IngestError::Rules { place, reason }),
        };

        match std::str::from_utf8(&bytes) {
            Ok(text) => Self::parse(text.trim_start_matches('\u{feff}'), &place),
            Err(error) => Err(IngestError::Rules {
                place,
                reason: format!("it is not valid UTF-8: {error}"),
            }),
        }
    }

    /// Returns the file's bytes, `None` if there is no file, or the reason why it cannot be read.
    fn read(root: &Path) -> Result<Option<Vec<u8>>, String> {
        let dir =
            RootDir::open(root).map_err(|error| format!("the root cannot be read: {error}"))?;

        match dir.read(Path::new(LIBRARY_FILE), Links::FinalComponent, MAX_FILE) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(FileError::LeadsOut) => {
                Err("the link leads out of the root; copy its target here, \
                 or put the rules into the settings as `[library]`"
                    .to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Returns this file's entries followed by those of `other`. If both have a product with the
    /// same id, the first entry wins.
    pub fn followed_by(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        let new_products = other
            .product
            .iter()
            .filter(|product| !self.product.iter().any(|known| known.id == product.id));
        merged.product.extend(new_products.cloned());
        merged.alias.extend(other.alias.iter().cloned());
        merged.rule.extend(other.rule.iter().cloned());

        merged
    }

    /// Returns the part that is stored with the library for queries.
    pub fn description(&self) -> LibraryDescription {
        LibraryDescription {
            products: self.product.clone(),
            aliases: self.alias.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_parsed() {
        let text = r#"
            [[product]]
            id = "finesse"
            vendor = "Cisco"
            compact = ['^(\d\d)(\d)(\d)?$']
            [[alias]]
            names = ["CCX", "UCCX"]
            products = ["uccx"]
            [[rule]]
            title = 'Release (?<version>\d+)'
            set = { vendor = "Cisco" }
            under = "uccx/"
        "#;

        let file = LibraryFile::parse(text, "library.toml").unwrap();
        assert_eq!(file.rule[0].set.vendor.as_deref(), Some("Cisco"));
        let description = file.description();
        assert_eq!(description.product("finesse").unwrap().compact.len(), 1);
        assert_eq!(description.aliases[0].products, ["uccx"]);
    }

    #[test]
    fn unknown_keys_are_named() {
        for (text, key) in [
            ("[[rules]]\ntitle = 'x'", "rules"),
            ("[[rule]]\ntitel = 'x'", "titel"),
            ("[[rule]]\ntitle = 'x'\nset = { verdor = 'y' }", "verdor"),
            ("[[product]]\nid = 'x'\nname = 'y'", "name"),
            ("[[alias]]\nnames = []\nproduct = 'y'", "product"),
        ] {
            let error = LibraryFile::parse(text, "library.toml")
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(&format!("`{key}`")) && error.contains("library.toml"),
                "{error}"
            );
        }
    }

    #[test]
    fn settings_precede_the_file() {
        let settings = LibraryFile::parse(
            "[[product]]\nid='a'\ntitle='S'\n[[rule]]\ntitle='s'",
            "settings",
        )
        .unwrap();

        let file = LibraryFile::parse(
            "[[product]]\nid='a'\n[[product]]\nid='b'\n[[rule]]\ntitle='f'",
            "f",
        )
        .unwrap();

        let merged = settings.followed_by(&file);
        assert_eq!(merged.product.len(), 2);
        assert_eq!(merged.product[0].title.as_deref(), Some("S"));
        assert_eq!(merged.rule[0].title.as_deref(), Some("s"));
    }

    #[test]
    fn a_root_without_a_file_has_no_entries() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            LibraryFile::load(folder.path()).unwrap(),
            LibraryFile::default()
        );
    }
}
