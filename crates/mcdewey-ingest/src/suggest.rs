//! Proposes a `library.toml` for a folder: what its paths say about product, version and guide, as
//! rules to read, correct and keep.
//!
//! A rule is proposed only if it gives every document that it matches what is promised, so the
//! proposal can be saved as it is.

mod compact;
mod pattern;
mod text;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use mcdewey_core::{Convert, Facets, Product, VersionKey, VersionScheme};
use serde::Serialize;

use crate::document::{read_and_parse, subject};
use crate::pairs::join_originals;
use crate::parse::FrontMatter;
use crate::rules::{
    Constants, FacetAssignment, FacetOrigin, LibraryFile, RuleEntry, RuleSet, Subject, is_layout,
    version_in_path,
};
use crate::walk::{FoundFile, walk};
use crate::{IngestError, Root};

use compact::CompactEvidence;
use pattern::{Generality, PathPattern};

/// How many examples of a rule are listed.
const EXAMPLES: usize = 3;

/// A proposal for a root's `library.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Suggestion {
    /// How many documents could be read.
    pub documents: u64,
    /// How many of them have a facet from a rule of the library already; they are left out of the
    /// proposal.
    pub covered: u64,
    /// The products that the rules name.
    pub products: Vec<Product>,
    /// The rules; no document depends on their order.
    pub rules: Vec<SuggestedRule>,
}

/// One rule of a proposal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuggestedRule {
    /// The rule.
    pub rule: RuleEntry,
    /// How many documents it was made from.
    pub documents: u64,
    /// How many of them have a version.
    pub versioned: u64,
    /// Some of them, with what they have under the rule.
    pub examples: Vec<SuggestedFacets>,
}

/// What a document has with the proposed rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuggestedFacets {
    /// The document's path relative to the root.
    pub path: String,
    /// Its product.
    pub product: Option<String>,
    /// The labels of its versions.
    pub version: Option<String>,
    /// Its guide.
    pub guide: Option<String>,
}

/// A document without a rule of the library.
struct Candidate {
    path: String,
    title: String,
    front_matter: FrontMatter,
    dotted_version: Option<String>,
    pattern: PathPattern,
    /// Whether title, front matter or something else than the path gives the version.
    is_stated: bool,
    /// Whether the version is that of a folder which the built-in rules do not recognise.
    needs_rule: bool,
    product: Option<String>,
    guide: Option<String>,
    keys: Vec<VersionKey>,
}

/// Proposes rules for all documents of a root. Reads every file, so it blocks.
///
/// # Errors
///
/// The root cannot be read, or its `library.toml` is invalid.
pub fn suggest(root: &Root, convert: Option<&dyn Convert>) -> Result<Suggestion, IngestError> {
    let rules = root.rule_set()?;
    let mut walk = walk(root)?;
    join_originals(&mut walk);

    let folder = folder_name(root);
    let mut suggestion = Suggestion::default();
    let mut evidence = CompactEvidence::default();
    let mut candidates = Vec::new();
    for file in &walk.documents {
        let Ok(parsed) = read_and_parse(file, convert) else {
            continue;
        };

        suggestion.documents += 1;
        // Documents without another product are about that of the folder.
        let subject = Subject {
            root: folder.as_deref(),
            ..subject(file, &parsed)
        };
        let Some(candidate) = candidate(file, subject, &rules) else {
            suggestion.covered += 1;
            continue;
        };

        if let Some(digits) = &candidate.pattern.compact_digits {
            let title = parsed.title.for_rules.as_str();
            let pages = parsed.pages.iter().map(|page| page.page.text.as_str());
            evidence.add(digits, std::iter::once(title).chain(pages));
        }
        candidates.push(candidate);
    }

    spell_alike(&mut candidates, folder.as_deref());
    suggestion.products = products(&candidates, &evidence);
    set_versions(&mut candidates, &suggestion.products)?;
    suggestion.rules = rules_of(&candidates, &suggestion.products)?;
    Ok(suggestion)
}

/// Returns a document with what the built-in rules give it, or `None` if a rule of the library
/// gives it something.
fn candidate(file: &FoundFile, subject: Subject<'_>, rules: &RuleSet) -> Option<Candidate> {
    let assignment = rules.assign(subject);
    let has_rule = |origin: &FacetOrigin| matches!(origin, FacetOrigin::Rule(_));
    if assignment.origins.iter().any(has_rule) {
        return None;
    }

    let facets = assignment.facets;
    let pattern = PathPattern::new(subject.path, facets.versions.is_empty());
    let in_path = version_in_path(subject, &VersionScheme::default());
    let keys: Vec<VersionKey> = facets
        .versions
        .iter()
        .map(|found| found.key.clone())
        .collect();
    let is_stated = !keys.is_empty()
        && in_path.is_none_or(|text| {
            let found = VersionScheme::default().versions(&text).unwrap_or_default();
            !found.iter().map(|version| &version.key).eq(&keys)
        });

    Some(Candidate {
        path: subject.path.to_owned(),
        title: subject.title.to_owned(),
        front_matter: subject.front_matter.clone(),
        dotted_version: file.dotted_version.as_deref().map(str::to_owned),
        guide: pattern.guide.clone(),
        pattern,
        is_stated,
        needs_rule: keys.is_empty(),
        product: facets.product,
        keys,
    })
}

/// Returns the name of the root's folder if it may be that of a product.
fn folder_name(root: &Root) -> Option<String> {
    let folder = root.path.canonicalize().ok()?;
    let name = folder.file_name()?.to_str()?;
    (!is_layout(name)).then(|| name.to_owned())
}

/// Spells the product that the root's folder names like the same product of other folders.
fn spell_alike(candidates: &mut [Candidate], folder: Option<&str>) {
    let Some(folder) = folder else { return };
    let is_other_spelling =
        |product: &str| product != folder && product.eq_ignore_ascii_case(folder);
    let spelling = candidates
        .iter()
        .filter_map(|candidate| candidate.product.clone())
        .find(|product| is_other_spelling(product));

    let Some(spelling) = spelling else { return };
    for candidate in candidates {
        if candidate.product.as_deref() == Some(folder) {
            candidate.product = Some(spelling.clone());
        }
    }
}

/// Returns the products of the documents, each with the patterns that divide its versions.
fn products(candidates: &[Candidate], evidence: &CompactEvidence) -> Vec<Product> {
    let mut digits: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for candidate in candidates {
        if let Some(product) = candidate.product.as_deref() {
            let known = digits.entry(product).or_default();
            known.extend(candidate.pattern.compact_digits.as_deref());
        }
    }

    digits
        .into_iter()
        .map(|(id, mut digits)| {
            digits.sort_unstable();
            digits.dedup();
            Product {
                id: id.to_owned(),
                compact: evidence.patterns(&digits),
                ..Product::default()
            }
        })
        .collect()
}

/// Sets the versions that the documents have once their products are known: those of the path, as
/// the product divides them.
fn set_versions(candidates: &mut [Candidate], products: &[Product]) -> Result<(), IngestError> {
    for candidate in candidates
        .iter_mut()
        .filter(|candidate| !candidate.is_stated)
    {
        let compact = products
            .iter()
            .find(|product| Some(&product.id) == candidate.product.as_ref())
            .map_or(&[][..], |product| &product.compact);
        let scheme = VersionScheme::new(compact).map_err(|error| IngestError::Rules {
            place: text::PLACE.to_owned(),
            reason: error.to_string(),
        })?;

        let dotted = candidate.dotted_version.as_deref();
        let Some(text) = dotted.or(candidate.pattern.version.as_deref()) else {
            continue;
        };

        if let Ok(versions) = scheme.versions(text) {
            candidate.keys = versions.into_iter().map(|found| found.key).collect();
        }
    }

    Ok(())
}

/// Groups the documents by the shape of their paths and returns a rule for each group.
fn rules_of(
    candidates: &[Candidate],
    products: &[Product],
) -> Result<Vec<SuggestedRule>, IngestError> {
    let mut groups: BTreeMap<(String, Option<&str>), Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        let shape = candidate.pattern.regex(Generality::Shape, &[]);
        let key = (shape, candidate.product.as_deref());
        groups.entry(key).or_default().push(candidate);
    }

    let mut rules = Vec::new();
    for ((_, product), group) in groups {
        if let Some(rule) = exact_rule(product, &group, candidates, products)? {
            rules.push((rule, group));
        }
    }

    let entries = rules.iter().map(|(rule, _)| rule.clone()).collect();
    let together = rule_set(entries, products)?;
    let mut suggested: Vec<SuggestedRule> = rules
        .into_iter()
        .map(|(rule, group)| suggested_rule(rule, &group, &together))
        .collect();
    suggested.sort_by_key(|suggested| Reverse(suggested.documents));
    Ok(suggested)
}

/// Counts what a group of documents has once all proposed rules apply.
fn suggested_rule(rule: RuleEntry, group: &[&Candidate], together: &RuleSet) -> SuggestedRule {
    let found: Vec<Facets> = group
        .iter()
        .map(|candidate| candidate.assign(together).facets)
        .collect();
    let versioned = found.iter().filter(|facets| !facets.versions.is_empty());

    SuggestedRule {
        rule,
        documents: group.len() as u64,
        versioned: versioned.count() as u64,
        examples: group
            .iter()
            .zip(&found)
            .take(EXAMPLES)
            .map(|(candidate, facets)| SuggestedFacets {
                path: candidate.path.clone(),
                product: facets.product.clone(),
                version: facets.version_label(),
                guide: facets.guide.clone(),
            })
            .collect(),
    }
}

fn rule_set(rule: Vec<RuleEntry>, products: &[Product]) -> Result<RuleSet, IngestError> {
    let library = LibraryFile {
        product: products.to_vec(),
        rule,
        ..LibraryFile::default()
    };
    RuleSet::new(&LibraryFile::default(), &library, text::PLACE)
}

/// Returns the most general rule for a group that gives no document anything else than promised.
fn exact_rule(
    product: Option<&str>,
    group: &[&Candidate],
    all: &[Candidate],
    products: &[Product],
) -> Result<Option<RuleEntry>, IngestError> {
    let patterns: Vec<&PathPattern> = group.iter().map(|found| &found.pattern).collect();
    for generality in Generality::ALL {
        let rule = RuleEntry {
            path: Some(group[0].pattern.regex(generality, &patterns)),
            set: Constants {
                product: product.map(str::to_owned),
                ..Constants::default()
            },
            ..RuleEntry::default()
        };

        let gives_nothing =
            product.is_none() && rule.path.as_ref().is_none_or(|path| !path.contains("(?<"));
        if gives_nothing {
            continue;
        }

        let rules = rule_set(vec![rule.clone()], products)?;
        if all.iter().all(|candidate| candidate.keeps_promise(&rules)) {
            return Ok(Some(rule));
        }
    }

    Ok(None)
}

impl Candidate {
    /// Reports whether these rules leave the document alone or give it what is promised. A version
    /// that needs a rule of its own may be missing.
    fn keeps_promise(&self, rules: &RuleSet) -> bool {
        let FacetAssignment {
            facets, origins, ..
        } = self.assign(rules);
        let is_matched = origins
            .iter()
            .any(|origin| matches!(origin, FacetOrigin::Rule(_)));
        let lacks_version = self.needs_rule && facets.versions.is_empty();

        !is_matched
            || (facets.product == self.product
                && facets.guide == self.guide
                && (lacks_version
                    || facets
                        .versions
                        .iter()
                        .map(|found| &found.key)
                        .eq(&self.keys)))
    }

    fn assign(&self, rules: &RuleSet) -> FacetAssignment {
        rules.assign(Subject {
            path: &self.path,
            title: &self.title,
            front_matter: &self.front_matter,
            root: None,
            dotted_version: self.dotted_version.as_deref(),
        })
    }
}

impl Suggestion {
    /// Returns the proposal as the contents of a `library.toml`.
    pub fn library_file(&self) -> LibraryFile {
        LibraryFile {
            product: self.products.clone(),
            alias: Vec::new(),
            rule: self.rules.iter().map(|rule| rule.rule.clone()).collect(),
        }
    }

    /// Returns the proposal as the text of a `library.toml`, with coverage and examples as
    /// comments.
    pub fn to_toml(&self) -> String {
        text::library_toml(self)
    }
}

#[cfg(test)]
mod tests;
