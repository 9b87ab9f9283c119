//! How well a root's rules fit its documents: what `doctor` shows.

use serde::Serialize;

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

impl Coverage {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        let named = |rule: &str| RuleCoverage {
            rule: rule.to_owned(),
            documents: 0,
        };
        let own = rules.rules.iter().map(|rule| named(&rule.name));
        let built_in = ["release in the title (built in)", "path (built in)"].map(named);

        Self {
            rules: own.chain(built_in).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, path: &str, assignment: &Assignment) {
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
            self.disagreements.push(Disagreement {
                path: path.to_owned(),
                path_version,
                title_version,
            });
        }
    }
}
