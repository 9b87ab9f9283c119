//! Assigns facets by ordered rules: for each facet, the first rule that yields it wins.
//!
//! The library's own rules come first, then what the front matter and the title state, the path,
//! the address a document comes from, and its file name. This module never reads a document; the
//! caller passes path, title and front matter.

mod compact;
mod coverage;
mod fields;
mod file;
mod file_name;
mod language;
mod layout;
mod path;
mod rule;
#[cfg(test)]
mod tests;
mod title;
mod versions;

use std::collections::HashMap;

use mcdewey_core::{ContentHash, Facets, LibraryDescription, Version, VersionScheme};

pub use coverage::{Coverage, Disagreement, RuleCoverage, UnrecognisedFolder};
pub use file::{Constants, LIBRARY_FILE, LibraryFile, RuleEntry};

pub(crate) use compact::dotted_like_siblings;
pub(crate) use layout::is_layout;
pub(crate) use path::{facets_in_path, unrecognised_releases};
pub(crate) use title::VERSION_IN_TEXT;

use path::PathFacets;
use rule::{FacetName, Rule, RuleMatch};

use crate::IngestError;
use crate::parse::FrontMatter;
use crate::read;
use versions::BuiltInVersions;

/// Version of the built-in rules, part of [`RuleSet::fingerprint`]. It must change whenever they
/// would yield something else.
const BUILTIN_RULES_VERSION: &str = "rules-2";

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
    /// The name of the root, unless it is the default root's.
    pub(crate) root: Option<&'a str>,
    /// The version of the path with dots, where folders beside it show how its digits divide.
    pub(crate) dotted_version: Option<&'a str>,
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
    /// The built-in rule for versions in the front matter.
    FrontMatter,
    /// The built-in rule for versions and products in titles.
    Title,
    /// The built-in rule for structured paths.
    Path,
    /// The built-in rule for versions in the address of a document.
    SourceUrl,
    /// The built-in rule for versions in file names.
    FileName,
    /// The built-in rule for roots that hold one product.
    Root,
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

        let path = facets_in_path(subject.path);
        let mut assignment = FacetAssignment::default();

        let product = first_match(&matches, FacetName::Product)
            .or_else(|| self.built_in_product(subject, path));
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

        let built_in = BuiltInVersions {
            front_matter: subject.front_matter,
            in_title: title::versions_in_title(subject.title, &self.product_names(&product))
                .map(str::to_owned),
            in_path: version_in_path(subject, scheme),
            file_stem: read::stem(subject.path),
        };
        assignment.warnings.extend(built_in.warning(scheme));
        assignment.disagreement = built_in.disagreement(scheme);
        let candidates =
            all_matches(&matches, FacetName::Version).chain(built_in.candidates(scheme));
        let versions = assignment.accept_versions(candidates, scheme);

        assignment.facets = Facets {
            vendor,
            product,
            versions,
            guide,
            lang,
        };

        assignment
    }

    /// Returns the product of the path, else one that the title names, else the name of the root.
    fn built_in_product(&self, subject: Subject<'_>, path: PathFacets<'_>) -> Option<Candidate> {
        let in_title = || title::product_in_title(subject.title, &self.description);
        path_candidate(path.product)
            .or_else(|| Some((in_title()?.to_owned(), FacetOrigin::Title)))
            .or_else(|| Some((subject.root?.to_owned(), FacetOrigin::Root)))
    }

    /// Returns the names by which a title may call a product.
    fn product_names<'a>(&'a self, product: &'a Option<String>) -> Vec<&'a str> {
        let Some(id) = product else {
            return Vec::new();
        };

        let title = self
            .description
            .product(id)
            .and_then(|product| product.title.as_deref());
        let aliases = self
            .description
            .aliases
            .iter()
            .filter(|alias| alias.products.contains(id))
            .flat_map(|alias| alias.names.iter().map(String::as_str));

        std::iter::once(id.as_str())
            .chain(title)
            .chain(aliases)
            .collect()
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

/// Returns the version of the path. If it is written without separators and the product's scheme
/// does not divide it, folders beside it or the document's address may.
pub(crate) fn version_in_path(subject: Subject<'_>, scheme: &VersionScheme) -> Option<String> {
    let found = facets_in_path(subject.path).version?;
    let dotted = found
        .compact_digits()
        .filter(|digits| !scheme.splits(digits))
        .and_then(|digits| {
            let in_url = subject
                .front_matter
                .text("source_url")
                .and_then(|url| compact::dotted_in_url(digits, url));
            let stated = fields::version_field(subject.front_matter)
                .and_then(|text| compact::dotted_of(digits, text));
            let dotted = subject.dotted_version.or(stated).or(in_url)?;
            Some(found.version.replacen(digits, dotted, 1))
        });

    Some(dotted.unwrap_or_else(|| found.version.to_owned()))
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

/// Detects the language of a document's text. Returns `None` if the text is too short or ambiguous.
pub(crate) fn detect_language<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    language::detect(texts)
}
