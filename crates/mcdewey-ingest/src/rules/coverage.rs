//! How well a root's rules fit its documents: what `doctor` shows. Reads every document, changes nothing.

use mcdewey_core::Convert;
use serde::Serialize;

use crate::document::read_subject;
use crate::pairs::join_originals;
use crate::walk::walk;
use crate::{IngestError, Root};

use super::{Assignment, Origin, RuleSet};

/// How many documents each rule covers, and what the rules leave open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Documents that could be read.
    pub documents: u64,
    /// Each rule in order, the built-in ones last.
    pub rules: Vec<RuleCoverage>,
    /// Documents without a product.
    pub without_product: u64,
    /// Documents without a release.
    pub unversioned: u64,
    /// Documents whose path and title name different releases.
    pub disagreements: Vec<Disagreement>,
}

/// One rule and how many documents got a facet from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleCoverage {
    /// "rule 2 (title)", or which built-in rule.
    pub rule: String,
    /// How many documents.
    pub documents: u64,
}

/// A document whose path and title name different releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// Its path below the root.
    pub path: String,
    /// The release in the path.
    pub path_version: String,
    /// The release in the title.
    pub title_version: String,
}

/// Applies a root's rules to all its documents. Blocks while it reads them.
pub fn coverage(root: &Root, convert: Option<&dyn Convert>) -> Result<Coverage, IngestError> {
    let rules = root.rule_set()?;
    let mut coverage = Coverage::new(&rules);
    let mut walk = walk(root)?;
    join_originals(&mut walk);
    for file in walk.documents {
        let Ok(parsed) = read_subject(&file, convert) else { continue };
        let assignment = rules.assign(parsed.subject(&file));
        coverage.add(&file.path_in_root, &assignment);
    }
    Ok(coverage)
}

impl Coverage {
    fn new(rules: &RuleSet) -> Self {
        let named = |rule: &str| RuleCoverage { rule: rule.to_owned(), documents: 0 };
        let own = rules.rules.iter().map(|rule| named(&rule.name));
        let built_in = ["release in the title (built in)", "path (built in)"].map(named);
        Self { rules: own.chain(built_in).collect(), ..Self::default() }
    }

    fn add(&mut self, path: &str, assignment: &Assignment) {
        self.documents += 1;
        let built_in = self.rules.len() - 2;
        for origin in &assignment.origins {
            let place = match origin {
                Origin::Rule(place) => *place,
                Origin::Title => built_in,
                Origin::Path => built_in + 1,
            };
            self.rules[place].documents += 1;
        }
        self.without_product += u64::from(assignment.facets.product.is_none());
        self.unversioned += u64::from(assignment.facets.versions.is_empty());
        if let Some((path_version, title_version)) = assignment.disagreement.clone() {
            self.disagreements.push(Disagreement { path: path.to_owned(), path_version, title_version });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_counted_under_its_rules() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("library.toml", "[[rule]]\ntitle = 'Finesse'\nset = { product = \"finesse\" }");
        write("x/v12.5/g/a.md", "# Finesse, Release 15.0\n\ntext");
        write("x/v12.5/g/b.md", "# Other\n\ntext");
        write("c.md", "# Note\n\ntext");
        let root = Root { path: folder.path().to_owned(), ..Root::default() };
        let coverage = coverage(&root, None).unwrap();
        let counts: Vec<u64> = coverage.rules.iter().map(|rule| rule.documents).collect();
        assert_eq!(counts, [1, 1, 2]);
        assert_eq!((coverage.documents, coverage.unversioned, coverage.without_product), (3, 1, 1));
        assert_eq!(coverage.disagreements[0].path, "x/v12.5/g/a.md");
    }
}
