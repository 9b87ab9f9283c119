//! Facets from ordered rules: for each facet the first rule that yields it wins. The library's own rules come first,
//! then the release in the title, then the path. Nothing here reads a document; it is told path, title and fields.

mod builtin;
mod coverage;
mod file;
mod language;
mod rule;

use std::collections::HashMap;

use mcdewey_core::{ContentHash, Facets, LibraryDescription, Version, VersionScheme};

pub use coverage::{Coverage, Disagreement, RuleCoverage};
pub use file::{Constants, LIBRARY_FILE, LibraryFile, RuleEntry};

use crate::IngestError;
use crate::markdown::FrontMatter;
use rule::{FacetName, Rule};

/// Changes whenever the built-in rules would yield something else.
const BUILTIN_RULES: &str = "rules-1";

/// The rules of one root, ready to use.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    description: LibraryDescription,
    schemes: HashMap<String, VersionScheme>,
    plain: VersionScheme,
    fingerprint: ContentHash,
}

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The path below the root.
    pub(crate) path: &'a str,
    /// The document's title.
    pub(crate) title: &'a str,
    /// Its front matter.
    pub(crate) front_matter: &'a FrontMatter,
}

/// The facets of a document and where they came from.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    /// All but a detected language.
    pub(crate) facets: Facets,
    /// The rules that yielded a facet, each once.
    pub(crate) origins: Vec<Origin>,
    /// The releases of path and title, where both name some and share none.
    pub(crate) disagreement: Option<(String, String)>,
    /// Releases that could not be read.
    pub(crate) warnings: Vec<String>,
}

/// Which rule yielded a facet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The library's rule at this place.
    Rule(usize),
    /// The built-in rule for releases in titles.
    Title,
    /// The built-in rule for tidy paths.
    Path,
}

impl RuleSet {
    /// Rules from the settings and, behind them, a root's own file; `place` names the file in errors.
    pub fn new(
        settings: &LibraryFile,
        file: &LibraryFile,
        place: &str,
    ) -> Result<Self, IngestError> {
        let library = settings.followed_by(file);
        let refuse = |reason: String| IngestError::Rules {
            place: place.to_owned(),
            reason,
        };
        let compile = |(at, entry)| Rule::compile(at, entry).map_err(refuse);

        let rules = library
            .rule
            .iter()
            .enumerate()
            .map(compile)
            .collect::<Result<_, _>>()?;

        let description = library.description();
        let mut schemes = HashMap::new();
        for product in &description.products {
            if product.id.trim().is_empty() {
                return Err(refuse("a product needs an id".to_owned()));
            }
            let scheme =
                VersionScheme::new(&product.compact).map_err(|error| refuse(error.to_string()))?;
            schemes.insert(product.id.clone(), scheme);
        }

        for alias in &description.aliases {
            if alias.names.is_empty() {
                return Err(refuse("an alias needs names".to_owned()));
            }
        }

        let fingerprint = ContentHash::of_parts([BUILTIN_RULES.to_owned(), format!("{library:?}")]);
        Ok(Self {
            rules,
            description,
            schemes,
            plain: VersionScheme::default(),
            fingerprint,
        })
    }

    /// Products and aliases.
    pub fn description(&self) -> &LibraryDescription {
        &self.description
    }

    /// Changes whenever the rules may yield other facets; part of what an unchanged file is recognised by.
    pub fn fingerprint(&self) -> ContentHash {
        self.fingerprint
    }

    /// The facets of one document, its language only where a rule maps it.
    pub(crate) fn assign(&self, subject: Subject<'_>) -> Assignment {
        let matches: Vec<_> = self
            .rules
            .iter()
            .enumerate()
            .filter_map(|(at, rule)| Some((at, rule.matches(subject)?)))
            .collect();

        let path = builtin::facets_in_path(subject.path);
        let mut assignment = Assignment::default();
        let mut first = |name: FacetName, tidy: Option<&str>| {
            let from_rule = matches
                .iter()
                .find_map(|(at, found)| Some((found.get(name)?, Origin::Rule(*at))));
            let (text, origin) = from_rule.or(tidy.map(|text| (text.to_owned(), Origin::Path)))?;
            assignment.note(origin);
            Some(text).filter(|text| !text.is_empty())
        };

        let product = first(FacetName::Product, path.product).map(|text| self.product_id(text));
        let guide = first(FacetName::Guide, path.guide);
        let vendor = first(FacetName::Vendor, None);
        let lang = first(FacetName::Lang, None).map(|tag| language::primary(&tag));

        let known = product
            .as_deref()
            .and_then(|id| self.description.product(id));
        let vendor = vendor.or_else(|| known.and_then(|product| product.vendor.clone()));

        let scheme = product
            .as_ref()
            .and_then(|id| self.schemes.get(id))
            .unwrap_or(&self.plain);

        let written = matches
            .iter()
            .filter_map(|(at, found)| Some((found.get(FacetName::Version)?, Origin::Rule(*at))));
        let in_title =
            builtin::releases_in_title(subject.title).map(|text| (text.to_owned(), Origin::Title));
        let in_path = path.version.map(|text| (text.to_owned(), Origin::Path));
        let candidates = written.chain(in_title.clone()).chain(in_path.clone());
        let versions = assignment.first_releases(candidates, scheme);
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

    /// The id of the product that a rule found under any of its names.
    fn product_id(&self, text: String) -> String {
        let same = |name: &str| name.eq_ignore_ascii_case(&text);
        let products = &self.description.products;
        let named = products
            .iter()
            .find(|product| same(&product.id) || product.title.as_deref().is_some_and(same));

        if let Some(product) = named {
            return product.id.clone();
        }

        let alias = self
            .description
            .aliases
            .iter()
            .find(|alias| alias.names.iter().any(|name| same(name)));

        match alias.map(|alias| alias.products.as_slice()) {
            Some([product]) => product.clone(),
            _ => text,
        }
    }
}

impl Assignment {
    fn note(&mut self, origin: Origin) {
        if !self.origins.contains(&origin) {
            self.origins.push(origin);
        }
    }

    /// The releases of the first candidate that can be read, lowest first.
    fn first_releases(
        &mut self,
        candidates: impl Iterator<Item = (String, Origin)>,
        scheme: &VersionScheme,
    ) -> Vec<Version> {
        for (text, origin) in candidates {
            if text.is_empty() {
                self.note(origin);
                return Vec::new();
            }

            match scheme.versions(&text) {
                Ok(mut versions) if !versions.is_empty() => {
                    versions.sort_by(|a, b| a.key.cmp(&b.key));
                    self.note(origin);
                    return versions;
                }
                Ok(_) => {}
                Err(error) => self.warnings.push(error.to_string()),
            }
        }

        Vec::new()
    }
}

/// The releases that path and title name, where they have none in common.
fn disagreement(
    path: Option<(String, Origin)>,
    title: Option<(String, Origin)>,
    scheme: &VersionScheme,
) -> Option<(String, String)> {
    let (path, title) = (path?.0, title?.0);
    let (in_path, in_title) = (scheme.versions(&path).ok()?, scheme.versions(&title).ok()?);
    let shared = in_path
        .iter()
        .any(|version| in_title.iter().any(|other| other.key == version.key));
    (!shared).then_some((path, title))
}

/// The language of a document's text, where it is long enough to tell.
pub(crate) fn detect_language<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    language::detect(texts)
}

#[cfg(test)]
mod tests;
