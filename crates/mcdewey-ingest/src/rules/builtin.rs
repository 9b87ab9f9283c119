//! The built-in rules, which apply where no rule of the library does: versions in titles, and
//! structured paths.

use std::sync::LazyLock;

use regex::Regex;

/// Matches one version as vendors write it: `12.5(1) SU3`, `v3.9`, `12_5_1_su3`.
const VERSION: &str = concat!(
    r"v?\d+(?:[._]\d+)*(?:\(\d+[a-z]?\))?",
    r"(?:[\s_-]{0,2}(?:SU|ES|MR|SP|rc|beta|alpha)[\s_-]?\d+[a-z]?)?",
);

static IN_TITLE: LazyLock<Regex> = LazyLock::new(|| {
    let list = format!(r"{VERSION}(?:\s*(?:,|&|/|\band\b|\bor\b)\s*{VERSION})*");
    Regex::new(&format!(
        r"(?i)\b(?:releases?|versions?)\s+({list})(?:\.?$|[^\w.])"
    ))
    .expect("a valid pattern")
});

/// Matches a folder name that is a version as a whole.
static VERSION_FOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:v|ver|version|release|rel)?[-_. ]?\d[\w.()\- ]*$")
        .expect("a valid pattern")
});

/// Returns the versions that a title names ("…, Release 12.5(1) and 12.5(2)"), as written.
pub(crate) fn versions_in_title(title: &str) -> Option<&str> {
    IN_TITLE
        .captures(title)
        .and_then(|found| found.get(1))
        .map(|found| found.as_str())
}

/// The facets in a path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PathFacets<'a> {
    /// The first folder.
    pub(crate) product: Option<&'a str>,
    /// The first folder below the product whose name is a version.
    pub(crate) version: Option<&'a str>,
    /// The first folder below the product whose name is not a version.
    pub(crate) guide: Option<&'a str>,
}

/// Parses `{product}/{version}/{guide}/…`. Shorter paths and paths without a version yield fewer
/// facets.
pub(crate) fn facets_in_path(path: &str) -> PathFacets<'_> {
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    let mut folders = folders.into_iter();
    let product = folders.next();
    let (versions, guides): (Vec<&str>, Vec<&str>) =
        folders.partition(|folder| VERSION_FOLDER.is_match(folder));

    PathFacets {
        product,
        version: versions.first().copied(),
        guide: guides.first().copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_titles() {
        for (title, expected) in [
            ("Developer Guide, Release 12.5(1) SU2", Some("12.5(1) SU2")),
            ("Developer Guide, Release 12.5(1)SU3", Some("12.5(1)SU3")),
            (
                "Guide for Releases 12.5(1) and 12.5(2)",
                Some("12.5(1) and 12.5(2)"),
            ),
            ("Guide, Release 14, 15 or 15.1", Some("14, 15 or 15.1")),
            ("Operations, version 3.9", Some("3.9")),
            ("Feature Guide, Release 15 and Later", Some("15")),
            ("About version 3.9.", Some("3.9")),
            ("Release Notes", None),
            ("Released 2016 in May", None),
            ("Subversion 3", None),
            ("Guide 12.5", None),
        ] {
            assert_eq!(versions_in_title(title), expected, "{title}");
        }
    }

    #[test]
    fn facets_are_found_in_paths() {
        let check = |path: &str, product, version, guide| {
            assert_eq!(
                facets_in_path(path),
                PathFacets {
                    product,
                    version,
                    guide
                },
                "{path}"
            );
        };

        check(
            "finesse/v12.5/developer-guide/a.md",
            Some("finesse"),
            Some("v12.5"),
            Some("developer-guide"),
        );

        check(
            "kafka/0110/operations/deep/er/a.md",
            Some("kafka"),
            Some("0110"),
            Some("operations"),
        );

        check(
            "uccx/12_5_1_su3/a.md",
            Some("uccx"),
            Some("12_5_1_su3"),
            None,
        );

        check(
            "uccx/admin-guide/a.md",
            Some("uccx"),
            None,
            Some("admin-guide"),
        );

        check(
            "mcp/docs/2025-11-25/a.md",
            Some("mcp"),
            Some("2025-11-25"),
            Some("docs"),
        );

        check(
            "docs/Configuration/Applications/a.md",
            Some("docs"),
            None,
            Some("Configuration"),
        );

        check(
            "docs/Asterisk_18_Documentation/a.md",
            Some("docs"),
            None,
            Some("Asterisk_18_Documentation"),
        );

        check("notes/a.md", Some("notes"), None, None);
        check("a.md", None, None, None);
    }
}
