//! The built-in rules for front matter: versions that a document states about itself, and those in
//! the address it comes from.

use mcdewey_core::{VersionForm, VersionName};

use super::path::facets_in_path;
use crate::parse::FrontMatter;

/// Fields that hold the version of the product, without case and separators.
const PRODUCT_FIELDS: [&str; 2] = ["productversion", "release"];

/// A field that holds the version of the product or that of the document itself.
const AMBIGUOUS_FIELD: &str = "version";

/// Returns the version of the product in the front matter, as written.
pub(super) fn product_version(front_matter: &FrontMatter) -> Option<&str> {
    PRODUCT_FIELDS
        .iter()
        .find_map(|field| version_in_field(front_matter, field))
        // `release: 2024-05-01` is the day on which something was released.
        .filter(|text| VersionName::parse(text).is_none_or(|found| !is_day(found.version)))
}

/// Returns the version in the field `version`, as written.
pub(super) fn version_field(front_matter: &FrontMatter) -> Option<&str> {
    version_in_field(front_matter, AMBIGUOUS_FIELD)
}

fn version_in_field<'a>(front_matter: &'a FrontMatter, wanted: &str) -> Option<&'a str> {
    let name = front_matter.fields.keys().find(|name| {
        let plain = name.to_lowercase().replace(['_', '-'], "");
        plain == wanted
    })?;
    let text = front_matter.text(name)?;

    let is_list_of_versions = text
        .split([',', ';'])
        .all(|part| VersionName::parse(part).is_some());
    is_list_of_versions.then_some(text)
}

fn is_day(version: &str) -> bool {
    version.matches('-').count() == 2
}

/// Returns the version in the path of an address. Plain numbers there are often ids, so only
/// versions of several numbers count.
pub(super) fn version_in_url(url: &str) -> Option<&str> {
    let found = facets_in_path(url_path(url)).version?;
    (found.form == VersionForm::Explicit).then_some(found.version)
}

/// Returns the path of an address, with a leading host removed.
pub(super) fn url_path(url: &str) -> &str {
    let without_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = without_scheme.split_once('/').map_or("", |(_, path)| path);
    path.split(['?', '#']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front_matter(name: &str, value: &str) -> FrontMatter {
        FrontMatter {
            fields: [(name.to_owned(), value.to_owned())].into(),
            ..FrontMatter::default()
        }
    }

    #[test]
    fn fields_state_versions() {
        for (name, value, expected) in [
            ("product_version", "7.3", Some("7.3")),
            ("Product-Version", "R12.1SP2", Some("R12.1SP2")),
            ("release", "12.5(1), 12.5(2)", Some("12.5(1), 12.5(2)")),
            ("release", "2024-05-01", None),
            ("release", "next week", None),
            ("version", "7.3", None),
        ] {
            let fields = front_matter(name, value);
            assert_eq!(product_version(&fields), expected, "{name}: {value}");
        }

        assert_eq!(
            version_field(&front_matter("version", "3.10")),
            Some("3.10")
        );
        assert_eq!(version_field(&front_matter("version", "latest")), None);
    }

    #[test]
    fn addresses_contain_versions() {
        for (url, expected) in [
            (
                "https://docs.example.com/relayd/7.3/admin.html",
                Some("7.3"),
            ),
            ("https://example.com/en/docs/v2.0/a?x=1.2#3.4", Some("v2.0")),
            ("https://docs.example.com/relayd/73/admin.html", None),
            ("https://example.com/blog/2024/05/a", None),
            ("https://10.2.3.4:8443/a/b", None),
            ("https://v1.2.example.com/", None),
        ] {
            assert_eq!(version_in_url(url), expected, "{url}");
        }
    }
}
