//! Counts how well a root's rules fit its documents, for the `doctor` command.

use serde::Serialize;

use super::{FacetAssignment, FacetOrigin, RuleSet, unrecognised_releases};

/// The built-in rules in their order, with their display names.
const BUILT_IN_RULES: [(FacetOrigin, &str); 6] = [
    (
        FacetOrigin::FrontMatter,
        "release in the front matter (built in)",
    ),
    (FacetOrigin::Title, "release in the title (built in)"),
    (FacetOrigin::Path, "path (built in)"),
    (FacetOrigin::SourceUrl, "release in source_url (built in)"),
    (FacetOrigin::FileName, "release in the file name (built in)"),
    (FacetOrigin::Root, "name of the root (built in)"),
];

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
    /// Folders whose name looks like a version, of documents that have none, sorted.
    pub unrecognised_folders: Vec<UnrecognisedFolder>,
}

/// A folder whose name looks like a version but gave none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnrecognisedFolder {
    /// The folder's path relative to the root.
    pub folder: String,
    /// How many documents below it have no version.
    pub documents: u64,
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
        let built_in = BUILT_IN_RULES.iter().map(|(_, name)| *name);
        let counters = own.chain(built_in).map(|rule| RuleCoverage {
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
            let built_in = BUILT_IN_RULES.iter().position(|(rule, _)| rule == origin);
            let index = match (origin, built_in) {
                (FacetOrigin::Rule(index), _) => *index,
                (_, Some(position)) => first_built_in + position,
                (_, None) => continue,
            };
            self.rules[index].documents += 1;
        }

        if assignment.facets.versions.is_empty() {
            for folder in unrecognised_releases(path) {
                count_folder(&mut self.unrecognised_folders, folder);
            }
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

/// Counts a document without a version below a folder. The list stays sorted.
pub(crate) fn count_folder(folders: &mut Vec<UnrecognisedFolder>, folder: &str) {
    match folders.binary_search_by(|known| known.folder.as_str().cmp(folder)) {
        Ok(at) => folders[at].documents += 1,
        Err(at) => folders.insert(
            at,
            UnrecognisedFolder {
                folder: folder.to_owned(),
                documents: 1,
            },
        ),
    }
}
