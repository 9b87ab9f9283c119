//! Finds the versions of the library that a question names.

use mcdewey_core::{LibraryDescription, VersionForm, VersionKey, VersionName};

use crate::library::view::LibraryView;
use crate::question::analysis::lower_words;

/// The number of words that a version and a name before it may have ("Finesse 12.5(1) Service
/// Pack 2").
const MAX_WORDS: usize = 5;

/// Characters around a version that do not belong to it.
const PUNCTUATION: [char; 9] = [',', '?', ';', ':', '!', '"', '\'', '.', '`'];

/// Returns the library's versions that the question names, of the given products or of all if
/// there are none. Of "12.5(1) SU3", the longest version that the library has counts.
pub(crate) fn named_versions(
    question: &str,
    view: &LibraryView,
    products: &[String],
) -> Vec<VersionKey> {
    let words: Vec<&str> = question.split_whitespace().collect();
    let mut keys = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let longest = MAX_WORDS.min(words.len() - at);
        let found = (1..=longest).rev().find_map(|count| {
            let text = words[at..at + count].join(" ");
            let found = versions_of(trimmed(&text), view, products);
            (!found.is_empty()).then_some((found, count))
        });

        let (found, count) = found.unwrap_or_default();
        for key in found {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        at += count.max(1);
    }

    keys
}

/// Returns the library's versions that a text as a whole is.
fn versions_of(text: &str, view: &LibraryView, products: &[String]) -> Vec<VersionKey> {
    let Some(name) = VersionName::parse(text) else {
        return Vec::new();
    };

    view.versions()
        .filter(|(product, _)| {
            products.is_empty()
                || product.is_some_and(|id| products.iter().any(|named| named == id))
        })
        .filter(|(product, _)| is_certain(&name, *product, &view.description))
        .filter(|(product, version)| {
            view.scheme(*product)
                .key(name.version)
                .is_ok_and(|key| key == version.key)
        })
        .map(|(_, version)| version.key.clone())
        .collect()
}

/// Reports whether a text is certain to be a version. Bare numbers are too common in questions, so
/// one number must follow the product's name ("Asterisk 18").
fn is_certain(
    name: &VersionName<'_>,
    product: Option<&str>,
    description: &LibraryDescription,
) -> bool {
    match (name.form, name.product, product) {
        (VersionForm::Explicit, ..) => true,
        (VersionForm::NamedNumber, Some(before), Some(id)) => {
            let before = lower_words(before);
            names_of(id, description).any(|known| lower_words(known).ends_with(&before))
        }
        _ => false,
    }
}

/// Returns the id, the title and the aliases of a product.
fn names_of<'a>(id: &'a str, description: &'a LibraryDescription) -> impl Iterator<Item = &'a str> {
    let title = description
        .product(id)
        .and_then(|product| product.title.as_deref());
    let aliases = description
        .aliases
        .iter()
        .filter(move |alias| alias.products.iter().any(|product| product == id))
        .flat_map(|alias| alias.names.iter().map(String::as_str));

    std::iter::once(id).chain(title).chain(aliases)
}

/// Removes punctuation and brackets around a text.
fn trimmed(text: &str) -> &str {
    let text = text.trim_matches(PUNCTUATION);
    text.strip_prefix('(')
        .map_or(text, |inner| inner.trim_end_matches(')'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::view_of;

    #[test]
    fn versions_are_named_as_vendors_write_them() {
        let view = view_of(&[
            ("box", "R12.1SP2"),
            ("box", "FW1.23"),
            ("box", "ONTAP-9.14.1"),
            ("box", "1.0.0+build5"),
            ("box", "12.5(1)"),
            ("box", "12.5(1) SU3"),
            ("box", "4.0 Update 3"),
            ("asterisk", "18"),
            ("spec", "2025-11-25"),
        ]);

        for (question, expected) in [
            ("fan speed in R12.1SP2", &["12.1sp2"][..]),
            ("fan speed in 12.1 SP2?", &["12.1sp2"]),
            ("fan speed of FW1.23.", &["1.23"]),
            ("fan speed, release 1.23", &["1.23"]),
            ("box v1.23 fan", &["1.23"]),
            ("fan speed (ONTAP 9.14.1)", &["9.14.1"]),
            ("is 9.14.1 affected?", &["9.14.1"]),
            ("fan of 1.0.0+build5", &["1build5"]),
            ("login with 12.5(1) SU3", &["12.5.1su3"]),
            ("login with 12.5(1)", &["12.5.1"]),
            ("4.0 Update 3 fails", &["4u3"]),
            ("what is new in Asterisk 18", &["18"]),
            ("what is new in version 18", &["18"]),
            ("asterisk-18 upgrade", &["18"]),
            ("lifecycle in 2025-11-25", &["2025.11.25"]),
            ("ring 18 times", &[]),
            ("set 1.24 seconds", &[]),
        ] {
            let found: Vec<String> = named_versions(question, &view, &[])
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(found, expected, "{question}");
        }
    }

    #[test]
    fn only_versions_of_the_named_products_count() {
        let view = view_of(&[("box", "7.3"), ("relayd", "7.3")]);
        assert_eq!(
            named_versions("in 7.3", &view, &["box".to_owned()]).len(),
            1
        );
        assert_eq!(named_versions("in 7.3", &view, &["other".to_owned()]), []);
    }
}
