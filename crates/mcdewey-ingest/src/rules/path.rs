//! The built-in rule for structured paths: `{product}/{version}/{guide}/…`, with folders of layout
//! anywhere between.

use mcdewey_core::{VersionForm, VersionName};

use super::layout;

/// The facets in a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PathFacets<'a> {
    /// The first folder that names something, or the name before its version.
    pub(crate) product: Option<&'a str>,
    /// The version of the first folder that has one.
    pub(crate) version: Option<VersionName<'a>>,
    /// The first other folder below product or version.
    pub(crate) guide: Option<&'a str>,
}

/// What a folder says.
#[derive(Debug, Clone, Copy)]
enum Folder<'a> {
    Layout,
    Version(VersionName<'a>),
    Name(&'a str),
}

/// Parses the folders of a path. The name of the file has no meaning here.
pub(crate) fn facets_in_path(path: &str) -> PathFacets<'_> {
    let names = folder_names(path);
    let mut folders = classify(&names);
    let version_at = release_folder(&folders);
    for (at, folder) in folders.iter_mut().enumerate() {
        // `catalyst-9300/17.9`: a number after a name is part of the name if there is a version.
        if let Folder::Version(found) = folder
            && found.form == VersionForm::NamedNumber
            && Some(at) != version_at
        {
            *folder = Folder::Name(names[at]);
        }
    }

    let version = version_at.and_then(|at| match folders[at] {
        Folder::Version(found) => Some(found),
        _ => None,
    });

    let product_at = folders
        .iter()
        .position(|folder| matches!(folder, Folder::Name(_)))
        .filter(|at| version_at.is_none_or(|version_at| *at < version_at))
        .filter(|at| is_product(&folders, *at));

    let product = match product_at {
        Some(at) => Some(names[at]),
        None => version.and_then(|version| version.product),
    };

    PathFacets {
        product,
        version,
        guide: guide(&folders, product_at),
    }
}

/// Returns the folders of a path, each as a path of its own, whose names look like a version to a
/// reader but are not recognised as one.
pub(crate) fn unrecognised_releases(path: &str) -> impl Iterator<Item = &str> {
    let names = folder_names(path);
    let folders = classify(&names);
    names
        .into_iter()
        .zip(folders)
        .filter(|(name, folder)| matches!(folder, Folder::Name(_)) && VersionName::resembles(name))
        .map(|(name, _)| {
            let end = name.as_ptr() as usize - path.as_ptr() as usize + name.len();
            &path[..end]
        })
}

fn folder_names(path: &str) -> Vec<&str> {
    let mut names: Vec<&str> = path.split('/').collect();
    names.pop();
    names
}

fn classify<'a>(names: &[&'a str]) -> Vec<Folder<'a>> {
    let mut is_dated = false;
    let mut folders: Vec<Folder<'a>> = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        is_dated |= layout::is_dated(name) || begins_date(&names[at..]);
        let folder = if layout::is_layout(name) {
            Folder::Layout
        } else {
            match VersionName::parse(name).filter(|found| is_release(found, &folders, is_dated)) {
                Some(found) => Folder::Version(found),
                None => Folder::Name(name),
            }
        };

        folders.push(folder);
    }

    folders
}

/// Reports whether the first of these folders is a year and the second a month.
fn begins_date(names: &[&str]) -> bool {
    let [year, month, ..] = names else {
        return false;
    };

    let is_year = year.len() == 4 && (year.starts_with("19") || year.starts_with("20"));
    let is_month = month.len() <= 2 && month.parse().is_ok_and(|month: u8| month <= 12);
    is_year && is_month
}

/// Judges a version by the folders above it.
fn is_release(found: &VersionName<'_>, above: &[Folder<'_>], is_dated: bool) -> bool {
    let starts_with_digit = found.version.starts_with(|c: char| c.is_ascii_digit());
    match found.form {
        VersionForm::Explicit => !(is_dated && found.version.contains('-')),
        VersionForm::Number => {
            // `01` is the number of a chapter, `r2` at the top the name of a product.
            let is_ordinal = found.version.len() == 2 && found.version.starts_with('0');
            !is_dated && !is_ordinal && (starts_with_digit || !above.is_empty())
        }
        // Deeper down, `DevCon-2019` is a subject.
        VersionForm::NamedNumber => {
            let is_name = |folder: &&Folder<'_>| matches!(folder, Folder::Name(_));
            !is_dated && above.iter().filter(is_name).count() <= 1
        }
    }
}

/// Returns the position of the folder that names the version: one that is certain, else the first.
fn release_folder(folders: &[Folder<'_>]) -> Option<usize> {
    let is_version = |form: fn(VersionForm) -> bool| move |folder: &Folder<'_>| matches!(folder, Folder::Version(found) if form(found.form));

    folders
        .iter()
        .position(is_version(|form| form == VersionForm::Explicit))
        .or_else(|| folders.iter().position(is_version(|_| true)))
}

/// Reports whether the named folder is a product: not a collection, and below a folder of layout
/// not a topic.
fn is_product(folders: &[Folder<'_>], at: usize) -> bool {
    let Folder::Name(name) = folders[at] else {
        return false;
    };

    let is_below_layout = folders[..at]
        .iter()
        .any(|folder| matches!(folder, Folder::Layout));
    let is_guide = layout::is_collection(name) || (is_below_layout && layout::is_topic(name));
    !is_guide
}

/// Returns the first named folder other than the product.
fn guide<'a>(folders: &[Folder<'a>], product_at: Option<usize>) -> Option<&'a str> {
    folders
        .iter()
        .enumerate()
        .filter(|(at, _)| Some(*at) != product_at)
        .find_map(|(_, folder)| match folder {
            Folder::Name(name) => Some(*name),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, product: Option<&str>, version: Option<&str>, guide: Option<&str>) {
        let found = facets_in_path(path);
        let label = found.version.map(|version| version.version);
        assert_eq!(
            (found.product, label, found.guide),
            (product, version, guide),
            "{path}"
        );
    }

    #[test]
    fn product_version_and_guide_are_folders() {
        for (path, product, version, guide) in [
            (
                "finesse/v12.5/developer-guide/a.md",
                "finesse",
                Some("v12.5"),
                Some("developer-guide"),
            ),
            (
                "kafka/0110/operations/deep/er/a.md",
                "kafka",
                Some("0110"),
                Some("operations"),
            ),
            ("uccx/12_5_1_su3/a.md", "uccx", Some("12_5_1_su3"), None),
            ("uccx/admin-guide/a.md", "uccx", None, Some("admin-guide")),
            ("mcp/docs/2025-11-25/a.md", "mcp", Some("2025-11-25"), None),
            (
                "box/FW1.23/admin/a.md",
                "box",
                Some("FW1.23"),
                Some("admin"),
            ),
            (
                "box/ONTAP-9.14.1/admin/a.md",
                "box",
                Some("9.14.1"),
                Some("admin"),
            ),
            ("kafka-38/ops/a.md", "kafka", Some("38"), Some("ops")),
            ("box/finesse_1262/a.md", "box", Some("1262"), None),
            ("IOS-XE-17.9.4a/a.md", "IOS-XE", Some("17.9.4a"), None),
            (
                "catalyst-9300/17.9/a.md",
                "catalyst-9300",
                Some("17.9"),
                None,
            ),
            ("notes/a.md", "notes", None, None),
            ("x86_64/7.2/a.md", "x86_64", Some("7.2"), None),
        ] {
            check(path, Some(product), version, guide);
        }

        check("a.md", None, None, None);
    }

    #[test]
    fn folders_of_layout_are_no_product() {
        check(
            "docs/Configuration/Applications/a.md",
            None,
            None,
            Some("Configuration"),
        );
        check(
            "docs/Asterisk_18_Documentation/API/a.md",
            Some("Asterisk"),
            Some("18"),
            Some("API"),
        );
        check("docs/pages/a.md", None, None, None);
        check(
            "docs/en-us/relayd/7.3/admin/a.md",
            Some("relayd"),
            Some("7.3"),
            Some("admin"),
        );
        check(
            "relayd/docs/7.3/html/admin/a.md",
            Some("relayd"),
            Some("7.3"),
            Some("admin"),
        );
        check("manual/install/a.md", None, None, Some("manual"));
        check("relayd/manual/a.md", Some("relayd"), None, Some("manual"));
        check("36/generated/a.md", None, Some("36"), None);
        check(
            "docs/specification/2025-06-18/server/a.md",
            None,
            Some("2025-06-18"),
            Some("specification"),
        );
        check(
            "release-3.4/install/a.md",
            None,
            Some("3.4"),
            Some("install"),
        );
    }

    #[test]
    fn dates_and_ordinals_are_no_versions() {
        for path in [
            "relayd/blog/2024-05-01/a.md",
            "relayd/news/2024/a.md",
            "relayd/2024/05/a.md",
            "relayd/01-intro/a.md",
            "relayd/01/a.md",
            "relayd/3.2 Installing/a.md",
            "relayd/chapter-2/a.md",
            "r2/buckets/a.md",
            "docs/Development/Roadmap/DevCon-2019/a.md",
        ] {
            assert_eq!(facets_in_path(path).version, None, "{path}");
        }
    }

    #[test]
    fn folders_that_only_look_like_versions_are_named() {
        let found = |path| unrecognised_releases(path).collect::<Vec<_>>();
        assert_eq!(found("box/7.3-blue-hat/a.md"), ["box/7.3-blue-hat"]);
        assert_eq!(found("box/7.3/admin/a.md"), Vec::<&str>::new());
        assert_eq!(found("box/guide/a.md"), Vec::<&str>::new());
    }
}
