//! The pattern of one path: its folders, with those that name version and guide as groups.

use std::sync::LazyLock;

use mcdewey_core::VersionName;
use regex::Regex;

use crate::rules::{facets_in_path, is_layout, unrecognised_releases};

static DOTTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d+(?:[._]\d+)+|\d+").expect("a valid pattern"));

/// How much a pattern allows beside what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generality {
    /// Any version and any guide at their places; documents with an equal shape form a group.
    Shape,
    /// Only the versions that were seen.
    KnownVersions,
    /// Only the versions and guides that were seen.
    KnownNames,
    /// The version is not a group, because titles say it better; any guide.
    WithoutVersion,
    /// The same with the folders that were seen.
    KnownNamesWithoutVersion,
}

impl Generality {
    /// From the most general to the most exact.
    pub(super) const ALL: [Self; 5] = [
        Self::Shape,
        Self::KnownVersions,
        Self::KnownNames,
        Self::WithoutVersion,
        Self::KnownNamesWithoutVersion,
    ];
}

/// The folders of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathPattern {
    parts: Vec<Part>,
    /// The version of the path, also of a folder that is not recognised.
    pub(super) version: Option<String>,
    /// The folder that is the guide.
    pub(super) guide: Option<String>,
    /// The version's digits if it is written without separators.
    pub(super) compact_digits: Option<String>,
}

/// One folder.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// The text around the version in the folder's name, and the version.
    Version {
        before: String,
        version: String,
        after: String,
    },
    Guide(String),
}

impl PathPattern {
    /// Takes a path apart. If the document has no version, a folder that looks like one counts.
    pub(super) fn new(path: &str, is_unversioned: bool) -> Self {
        let facets = facets_in_path(path);
        let mut folders: Vec<&str> = path.split('/').collect();
        folders.pop();

        let unrecognised = is_unversioned
            .then(|| unrecognised_releases(path).next())
            .flatten()
            .and_then(number_in);
        let version = facets.version.map(|found| found.version).or(unrecognised);
        let guide = match unrecognised {
            // The folder itself was taken for the guide.
            Some(number)
                if facets
                    .guide
                    .is_some_and(|guide| within(guide, number).is_some()) =>
            {
                guide_below(&folders, number)
            }
            _ => facets.guide,
        };

        let mut parts: Vec<Part> = folders
            .iter()
            .map(|folder| part(folder, version, guide))
            .collect();

        // Folders below the last one that says something vary without meaning.
        let is_product = |index: usize| {
            facets
                .product
                .is_some_and(|product| within(folders[index], product).is_some())
        };
        let last = (0..parts.len())
            .rev()
            .find(|index| !matches!(parts[*index], Part::Literal(_)) || is_product(*index));
        parts.truncate(last.map_or(1, |last| last + 1));

        Self {
            parts,
            version: version.map(str::to_owned),
            guide: guide.map(str::to_owned),
            compact_digits: facets
                .version
                .and_then(|found: VersionName<'_>| found.compact_digits())
                .map(str::to_owned),
        }
    }

    /// Returns the pattern as a regular expression for paths. `group` holds the patterns of the
    /// same shape, whose folders the exact forms list.
    pub(super) fn regex(&self, generality: Generality, group: &[&Self]) -> String {
        if self.parts.is_empty() {
            return "^[^/]+$".to_owned();
        }

        let parts: Vec<String> = (0..self.parts.len())
            .map(|index| self.part_regex(index, generality, group))
            .collect();
        format!("^{}/", parts.join("/"))
    }

    fn part_regex(&self, index: usize, generality: Generality, group: &[&Self]) -> String {
        use Generality::{KnownNames, KnownNamesWithoutVersion, KnownVersions, Shape};

        match &self.parts[index] {
            Part::Literal(folder) => literal(folder),
            Part::Guide(_) => match generality {
                KnownNames | KnownNamesWithoutVersion => {
                    format!("(?<guide>{})", alternatives(index, group))
                }
                _ => "(?<guide>[^/]+)".to_owned(),
            },
            Part::Version { before, after, .. } => {
                let (before, after) = (literal(before), literal(after));
                let inner = match generality {
                    Shape => r"(?<version>[A-Za-z]{0,4}\d[^/]*)".to_owned(),
                    KnownVersions | KnownNames => {
                        format!("(?<version>{})", alternatives(index, group))
                    }
                    KnownNamesWithoutVersion => format!("(?:{})", alternatives(index, group)),
                    Generality::WithoutVersion => r"[A-Za-z]{0,4}\d[^/]*".to_owned(),
                };
                format!("{before}{inner}{after}")
            }
        }
    }
}

/// Returns the versions or guides at one place of all patterns, the longest first.
fn alternatives(index: usize, group: &[&PathPattern]) -> String {
    let mut names: Vec<&str> = group
        .iter()
        .filter_map(|pattern| match pattern.parts.get(index)? {
            Part::Version { version, .. } => Some(version.as_str()),
            Part::Guide(guide) => Some(guide.as_str()),
            Part::Literal(_) => None,
        })
        .collect();
    names.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    names.dedup();

    let escaped: Vec<String> = names.into_iter().map(literal).collect();
    escaped.join("|")
}

/// Escapes a text for a pattern; a hyphen has a meaning only in brackets.
fn literal(text: &str) -> String {
    regex::escape(text).replace(r"\-", "-")
}

/// Says what a folder is, given the slices of it that are version and guide.
fn part(folder: &str, version: Option<&str>, guide: Option<&str>) -> Part {
    if let Some(at) = version.and_then(|version| within(folder, version)) {
        Part::Version {
            before: folder[..at.start].to_owned(),
            version: folder[at.clone()].to_owned(),
            after: folder[at.end..].to_owned(),
        }
    } else if guide.is_some_and(|guide| within(folder, guide).is_some()) {
        Part::Guide(folder.to_owned())
    } else {
        Part::Literal(folder.to_owned())
    }
}

/// Returns the first folder with a meaning below the one that has this number.
fn guide_below<'a>(folders: &[&'a str], number: &str) -> Option<&'a str> {
    folders
        .iter()
        .skip_while(|folder| within(folder, number).is_none())
        .skip(1)
        .find(|folder| !is_layout(folder))
        .copied()
}

/// Returns the number in the name of a folder that only looks like a version.
fn number_in(folder: &str) -> Option<&str> {
    let name = folder.rsplit('/').next().unwrap_or(folder);
    DOTTED.find(name).map(|found| found.as_str())
}

/// Returns where `inner`, a slice of the same path, is in a folder's name.
fn within(folder: &str, inner: &str) -> Option<std::ops::Range<usize>> {
    let start = (inner.as_ptr() as usize).checked_sub(folder.as_ptr() as usize)?;
    let end = start + inner.len();
    (end <= folder.len() && !inner.is_empty()).then_some(start..end)
}
