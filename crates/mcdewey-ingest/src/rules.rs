//! Assigns facets by ordered rules: for each facet, the first rule that yields it wins.
//!
//! The library's own rules come first, then the version in the title, then the path. This module
//! never reads a document; the caller passes path, title and front matter.

mod builtin;
mod coverage;
mod file;
mod language;
mod rule;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use mcdewey_core::{ContentHash, Facets, LibraryDescription, Version, VersionScheme};

pub use coverage::{Coverage, Disagreement, RuleCoverage};
pub use file::{Constants, LIBRARY_FILE, LibraryFile, RuleEntry};

use rule::{FacetName, Rule, RuleMatch};

use crate::IngestError;
use crate::parse::FrontMatter;

/// Version of the built-in rules, part of [`RuleSet::fingerprint`]. It must change whenever they
/// would yield something else.
const BUILTIN_RULES_VERSION: &str = "rules-1";

/// The compiled rules of one root.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    description: LibraryDescription,
    /// The version notation of each product, by product id.
    schemes: HashMap<String, VersionScheme>,
    default_scheme: VersionScheme,
    fingerprint: ContentHash,
}

/// The properties of a document that rules inspect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The path relative to the root.
    pub(crate) path: &'a str,
    pub(crate) title: &'a str,
    pub(crate) front_matter: &'a FrontMatter,
}

/// The facets of a document and their origins.
#[derive(Debug, Default)]
pub(crate) struct FacetAssignment {
    /// All facets except a detected language.
    pub(crate) facets: Facets,
    /// The rules that yielded a facet, without duplicates.
    pub(crate) origins: Vec<FacetOrigin>,
    /// The versions in path and title, if both name some and have none in common.
    pub(crate) disagreement: Option<(String, String)>,
    /// Versions that could not be parsed.
    pub(crate) warnings: Vec<String>,
}

/// The rule that yielded a facet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FacetOrigin {
    /// The library's rule with this index.
    Rule(usize),
    /// The built-in rule for versions in titles.
    Title,
    /// The built-in rule for structured paths.
    Path,
}

/// The text of a facet and the rule that yielded it.
type Candidate = (String, FacetOrigin);

impl RuleSet {
    /// Compiles the rules in the settings followed by those in a root's own file. `place` names the
    /// file in errors.
    pub fn new(
        settings: &LibraryFile,
        file: &LibraryFile,
        place: &str,
    ) -> Result<Self, IngestError> {
        Self::compile(&settings.followed_by(file)).map_err(|reason| IngestError::Rules {
            place: place.to_owned(),
            reason,
        })
    }

    fn compile(library: &LibraryFile) -> Result<Self, String> {
        let rules = library
            .rule
            .iter()
            .enumerate()
            .map(|(index, entry)| Rule::compile(index, entry))
            .collect::<Result<_, _>>()?;

        let description = library.description();
        let mut schemes = HashMap::new();
        for product in &description.products {
            if product.id.trim().is_empty() {
                return Err("a product needs an id".to_owned());
            }

            let scheme = VersionScheme::new(&product.compact).map_err(|error| error.to_string())?;
            schemes.insert(product.id.clone(), scheme);
        }

        for alias in &description.aliases {
            if alias.names.is_empty() {
                return Err("an alias needs names".to_owned());
            }
        }

        // The `Debug` output covers every field, including ones added later.
        let fingerprint =
            ContentHash::of_parts([BUILTIN_RULES_VERSION.to_owned(), format!("{library:?}")]);

        Ok(Self {
            rules,
            description,
            schemes,
            default_scheme: VersionScheme::default(),
            fingerprint,
        })
    }

    /// Returns products and aliases.
    pub fn description(&self) -> &LibraryDescription {
        &self.description
    }

    /// Returns a hash that changes whenever the rules may yield other facets. It is part of the
    /// hash that detects unchanged files.
    pub fn fingerprint(&self) -> ContentHash {
        self.fingerprint
    }

    /// Assigns the facets of one document. The language is assigned only if a rule yields it.
    pub(crate) fn assign(&self, subject: Subject<'_>) -> FacetAssignment {
        let matches: Vec<(usize, RuleMatch<'_>)> = self
            .rules
            .iter()
            .enumerate()
            .filter_map(|(index, rule)| Some((index, rule.find_match(subject)?)))
            .collect();

        let path = builtin::facets_in_path(subject.path);
        let mut assignment = FacetAssignment::default();

        let product = first_match(&matches, FacetName::Product).or(path_candidate(path.product));
        let product = assignment.accept(product).map(|text| self.product_id(text));

        let guide = first_match(&matches, FacetName::Guide).or(path_candidate(path.guide));
        let guide = assignment.accept(guide);

        let vendor = assignment
            .accept(first_match(&matches, FacetName::Vendor))
            .or_else(|| {
                let product = self.description.product(product.as_deref()?)?;
                product.vendor.clone()
            });

        let lang = assignment
            .accept(first_match(&matches, FacetName::Lang))
            .map(|tag| language::primary_subtag(&tag));

        let scheme = product
            .as_ref()
            .and_then(|id| self.schemes.get(id))
            .unwrap_or(&self.default_scheme);

        let in_title = builtin::versions_in_title(subject.title)
            .map(|text| (text.to_owned(), FacetOrigin::Title));
        let in_path = path_candidate(path.version);
        let candidates = all_matches(&matches, FacetName::Version)
            .chain(in_title.clone())
            .chain(in_path.clone());
        let versions = assignment.accept_versions(candidates, scheme);

        assignment.disagreement = disagreement(in_path, in_title, scheme);
        assignment.facets = Facets {
            vendor,
            product,
            versions,
            guide,
            lang,
        };

        assignment
    }

    /// Returns the id of the product with the given id, title or alias; an unknown product is its
    /// own id.
    fn product_id(&self, name: String) -> String {
        let product = self.description.products.iter().find(|product| {
            product.id.eq_ignore_ascii_case(&name)
                || product
                    .title
                    .as_ref()
                    .is_some_and(|title| title.eq_ignore_ascii_case(&name))
        });
        if let Some(product) = product {
            return product.id.clone();
        }

        let alias = self.description.aliases.iter().find(|alias| {
            alias
                .names
                .iter()
                .any(|alias_name| alias_name.eq_ignore_ascii_case(&name))
        });

        // An alias of several products does not identify one.
        match alias.map(|alias| alias.products.as_slice()) {
            Some([product]) => product.clone(),
            _ => name,
        }
    }
}

fn first_match(matches: &[(usize, RuleMatch<'_>)], name: FacetName) -> Option<Candidate> {
    all_matches(matches, name).next()
}

fn all_matches(
    matches: &[(usize, RuleMatch<'_>)],
    name: FacetName,
) -> impl Iterator<Item = Candidate> {
    matches
        .iter()
        .filter_map(move |(index, found)| Some((found.get(name)?, FacetOrigin::Rule(*index))))
}

fn path_candidate(text: Option<&str>) -> Option<Candidate> {
    text.map(|text| (text.to_owned(), FacetOrigin::Path))
}

impl FacetAssignment {
    /// Records the origin of a facet and returns its text. An empty text leaves the facet empty.
    fn accept(&mut self, candidate: Option<Candidate>) -> Option<String> {
        let (text, origin) = candidate?;
        self.record_origin(origin);
        Some(text).filter(|text| !text.is_empty())
    }

    fn record_origin(&mut self, origin: FacetOrigin) {
        if !self.origins.contains(&origin) {
            self.origins.push(origin);
        }
    }

    /// Returns the versions of the first candidate that can be parsed, lowest first. An empty
    /// candidate leaves the facet empty.
    fn accept_versions(
        &mut self,
        candidates: impl Iterator<Item = Candidate>,
        scheme: &VersionScheme,
    ) -> Vec<Version> {
        for (text, origin) in candidates {
            if text.is_empty() {
                self.record_origin(origin);
                return Vec::new();
            }

            match scheme.versions(&text) {
                Ok(mut versions) if !versions.is_empty() => {
                    versions.sort_by(|a, b| a.key.cmp(&b.key));
                    self.record_origin(origin);
                    return versions;
                }
                Ok(_) => {}
                Err(error) => self.warnings.push(error.to_string()),
            }
        }

        Vec::new()
    }
}

/// Returns the versions in path and title if both name some and have none in common.
fn disagreement(
    path: Option<Candidate>,
    title: Option<Candidate>,
    scheme: &VersionScheme,
) -> Option<(String, String)> {
    let (path, title) = (path?.0, title?.0);
    let in_path = scheme.versions(&path).ok()?;
    let in_title = scheme.versions(&title).ok()?;
    let have_common = in_path
        .iter()
        .any(|version| in_title.iter().any(|other| other.key == version.key));

    (!have_common).then_some((path, title))
}

/// Detects the language of a document's text. Returns `None` if the text is too short or ambiguous.
pub(crate) fn detect_language<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    language::detect(texts)
}
