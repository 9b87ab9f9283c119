//! Counts how well a root's rules fit its documents, for the `doctor` command.

use serde::Serialize;

use super::{FacetAssignment, FacetOrigin, RuleSet};

/// The display names of the built-in rules: versions in titles, then structured paths.
const BUILT_IN_RULES: [&str; 2] = ["release in the title (built in)", "path (built in)"];

/// How many documents each rule covers, and which facets remain empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// How many documents could be read.
    pub documents: u64,
    /// All rules in order, the built-in ones last.
    pub rules: Vec<RuleCoverage>,
    /// How many documents have no product.
    pub without_product: u64,
    /// How many documents have no version.
    pub unversioned: u64,
    /// Documents whose path and title name different versions.
    pub disagreements: Vec<Disagreement>,
}

/// One rule and the number of documents that got a facet from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleCoverage {
    /// The rule's display name, such as "rule 2 (title)".
    pub rule: String,
    pub documents: u64,
}

/// A document whose path and title name different versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The document's path relative to the root.
    pub path: String,
    pub path_version: String,
    pub title_version: String,
}

impl Coverage {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        let own = rules.rules.iter().map(|rule| rule.name.as_str());
        let counters = own.chain(BUILT_IN_RULES).map(|rule| RuleCoverage {
            rule: rule.to_owned(),
            documents: 0,
        });

        Self {
            rules: counters.collect(),
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, path: &str, assignment: &FacetAssignment) {
        self.documents += 1;
        let first_built_in = self.rules.len() - BUILT_IN_RULES.len();
        for origin in &assignment.origins {
            let index = match origin {
                FacetOrigin::Rule(index) => *index,
                FacetOrigin::Title => first_built_in,
                FacetOrigin::Path => first_built_in + 1,
            };
            self.rules[index].documents += 1;
        }

        self.without_product += u64::from(assignment.facets.product.is_none());
        self.unversioned += u64::from(assignment.facets.versions.is_empty());
        if let Some((path_version, title_version)) = assignment.disagreement.clone() {
            self.disagreements.push(Disagreement {
                path: path.to_owned(),
                path_version,
                title_version,
            });
        }
    }
}
