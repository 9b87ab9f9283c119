//! The syntax of `library.toml`; the same tables may stand in the settings for a root that is not ours to write to.
//! Unknown keys are errors: a misspelt rule must not be a rule that never matches.

use std::path::Path;

use mcdewey_core::{Alias, LibraryDescription, Product};
use serde::{Deserialize, Serialize};

use crate::IngestError;
use crate::read::MAX_FILE;
use crate::refusal::Refusal;
use crate::root_dir::{Links, RootDir};

/// The name of the file that describes a root; it is settings, not a document.
pub const LIBRARY_FILE: &str = "library.toml";

/// Products, aliases and facet rules of one root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LibraryFile {
    /// `[[product]]`: vendor, title and way of writing releases.
    pub product: Vec<Product>,
    /// `[[alias]]`: other names of things.
    pub alias: Vec<Alias>,
    /// `[[rule]]`: where facets come from, in order.
    pub rule: Vec<RuleEntry>,
}

/// One `[[rule]]`: exactly one of `path`, `title`, and `field` with `pattern`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleEntry {
    /// Only sources that begin with this, below the root.
    pub under: Option<String>,
    /// A pattern for the path below the root.
    pub path: Option<String>,
    /// A pattern for the title.
    pub title: Option<String>,
    /// A front-matter field …
    pub field: Option<String>,
    /// … and the pattern for its text.
    pub pattern: Option<String>,
    /// What holds whenever the pattern matches.
    pub set: Constants,
}

/// Facets that a rule sets by itself; an empty text says that the facet stays empty, whatever later rules yield.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Constants {
    /// Who makes the product.
    pub vendor: Option<String>,
    /// What is documented.
    pub product: Option<String>,
    /// For which releases.
    pub version: Option<String>,
    /// In which guide.
    pub guide: Option<String>,
    /// In which language.
    pub lang: Option<String>,
}

impl LibraryFile {
    /// Reads the text of a `library.toml`; `place` names it in errors.
    pub fn parse(text: &str, place: &str) -> Result<Self, IngestError> {
        toml::from_str(text).map_err(|error| IngestError::Rules {
            place: place.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })
    }

    /// Reads the `library.toml` of the root at `root`; a root without one says nothing. Like a document it may be a
    /// link to another file of the root, but not out of it: errors quote what it holds.
    pub fn load(root: &Path) -> Result<Self, IngestError> {
        let place = root.join(LIBRARY_FILE).display().to_string();
        let refuse = |reason: String| IngestError::Rules {
            place: place.clone(),
            reason,
        };
        let dir = RootDir::open(root)
            .map_err(|error| refuse(format!("the root cannot be read: {error}")))?;

        let bytes = match dir.read(Path::new(LIBRARY_FILE), Links::AtTheEnd, MAX_FILE) {
            Ok(bytes) => bytes,
            Err(refusal) if refusal.is_absence() => return Ok(Self::default()),
            Err(Refusal::LeadsOut) => {
                let reason = "the link leads out of the root; copy its target here, or write the rules into the settings as `[library]`";
                return Err(refuse(reason.to_owned()));
            }
            Err(refusal) => return Err(refuse(refusal.to_string())),
        };

        let text = std::str::from_utf8(&bytes)
            .map_err(|error| refuse(format!("it is not valid UTF-8: {error}")))?;
        Self::parse(text.trim_start_matches('\u{feff}'), &place)
    }

    /// This file's entries with those of `other` behind them; of a product named twice the first entry stays.
    pub fn followed_by(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        let new = |product: &&Product| !self.product.iter().any(|known| known.id == product.id);
        merged
            .product
            .extend(other.product.iter().filter(new).cloned());
        merged.alias.extend(other.alias.iter().cloned());
        merged.rule.extend(other.rule.iter().cloned());

        merged
    }

    /// What the library's readers need of it.
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
    fn every_table_is_read() {
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
    fn settings_come_first() {
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
    fn a_root_without_a_file_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            LibraryFile::load(folder.path()).unwrap(),
            LibraryFile::default()
        );
    }
}
