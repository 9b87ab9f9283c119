//! Finds versions that a question names of products that the library has only in other versions.

use mcdewey_core::{Version, VersionForm, VersionName, VersionScheme, VersionSelector};

use crate::library::view::LibraryView;
use crate::question::terms::lower_words;

/// Longer words are not versions.
const MAX_VERSION_BYTES: usize = 24;

/// A version that the library does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AbsentVersion {
    /// The product's title.
    pub(crate) product: String,
    /// The version as the question writes it.
    pub(crate) requested: String,
    /// The labels of the versions that the library has, lowest first.
    pub(crate) known: Vec<String>,
}

/// Returns the versions that directly follow a product's name in the question ("Finesse 16.0",
/// "PostgreSQL version 12") and that the library has of no product of that name.
pub(crate) fn absent_versions(question: &str, view: &LibraryView) -> Vec<AbsentVersion> {
    let words: Vec<&str> = question.split_whitespace().collect();
    let lower: Vec<String> = words
        .iter()
        .map(|word| lower_words(word).join(" "))
        .collect();

    let mut found: Vec<AbsentVersion> = Vec::new();
    for NamedProducts { names, products } in named_products(view) {
        let Some(requested) = names
            .iter()
            .find_map(|name| version_after(&words, &lower, name))
        else {
            continue;
        };

        let available: Vec<(&VersionScheme, &[Version])> = view
            .products()
            .filter(|(product, versions)| {
                !versions.is_empty()
                    && product.is_some_and(|id| products.iter().any(|named| named == id))
            })
            .map(|(product, versions)| (view.scheme(product), versions))
            .collect();

        let is_available = available
            .iter()
            .any(|(scheme, versions)| has_version(requested, scheme, versions));
        let is_plausible = available
            .iter()
            .any(|(_, versions)| is_plausible_version(requested, versions));
        if is_available || !is_plausible || found.iter().any(|other| other.requested == requested) {
            continue;
        }

        let known = available
            .iter()
            .flat_map(|(_, versions)| versions.iter().map(|version| version.label.clone()))
            .collect();

        found.push(AbsentVersion {
            product: names[0].clone(),
            requested: requested.to_owned(),
            known,
        });
    }

    found
}

/// The names of a product, or of the products that share an alias.
struct NamedProducts {
    names: Vec<String>,
    products: Vec<String>,
}

/// Returns every product with its names, title first, then every alias of several products.
fn named_products(view: &LibraryView) -> Vec<NamedProducts> {
    let description = &view.description;
    let products = description.products.iter().map(|product| {
        let aliases = description
            .aliases
            .iter()
            .filter(|alias| alias.products == [product.id.clone()])
            .flat_map(|alias| alias.names.iter().cloned());

        NamedProducts {
            names: product
                .title
                .iter()
                .cloned()
                .chain([product.id.clone()])
                .chain(aliases)
                .collect(),
            products: vec![product.id.clone()],
        }
    });

    let shared_aliases = description
        .aliases
        .iter()
        .filter(|alias| alias.products.len() > 1)
        .map(|alias| NamedProducts {
            names: alias.names.clone(),
            products: alias.products.clone(),
        });

    // A product that is only the name of a folder.
    let undeclared = view
        .products()
        .filter_map(|(product, _)| product)
        .filter(|id| description.product(id).is_none())
        .map(|id| NamedProducts {
            names: vec![id.to_owned()],
            products: vec![id.to_owned()],
        });

    products.chain(shared_aliases).chain(undeclared).collect()
}

/// Returns the word after a name if it is written like a version. `lower` has the same words in
/// lower case.
fn version_after<'a>(words: &[&'a str], lower: &[String], name: &str) -> Option<&'a str> {
    let name = lower_words(name);
    if name.is_empty() {
        return None;
    }

    let start = lower
        .windows(name.len())
        .position(|window| window == name)?;
    let word = words[start + name.len()..].iter().find(|word| {
        !matches!(
            word.to_lowercase().as_str(),
            "release" | "version" | "v" | "rel."
        )
    })?;

    let word = word.trim_matches([',', '?', ';', ':', '"', '.']);
    let number = word.trim_start_matches(['v', 'V']);
    let has_version_characters = number
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | '(' | ')' | '*' | 'x'));
    let is_plain = number.starts_with(|c: char| c.is_ascii_digit()) && has_version_characters;
    let is_notation = || {
        VersionName::parse(word)
            .is_some_and(|name| name.product.is_none() && name.form == VersionForm::Explicit)
    };

    (word.len() <= MAX_VERSION_BYTES && (is_plain || is_notation())).then_some(word)
}

fn has_version(requested: &str, scheme: &VersionScheme, versions: &[Version]) -> bool {
    // A guide for 12.5 covers "12.5(1)" as well.
    let family = requested
        .split('(')
        .next()
        .unwrap_or(requested)
        .trim_end_matches('.');

    let forms = [
        requested.to_owned(),
        family.to_owned(),
        format!("{family}.*"),
    ];
    // So does one for 23 with 23.1.
    let is_refined = scheme
        .key(requested)
        .is_ok_and(|asked| versions.iter().any(|version| asked.refines(&version.key)));
    is_refined
        || forms.iter().any(|text| {
            VersionSelector::parse(text, scheme)
                .is_ok_and(|selector| !selector.select(versions).is_empty())
        })
}

/// Reports whether a number can be a version of the product. Bare numbers often mean something else
/// ("Kafka 3 brokers"), so they must be of the size of the known versions, none of which may have a
/// minor version.
fn is_plausible_version(requested: &str, versions: &[Version]) -> bool {
    let Some(number) = major_version(requested) else {
        return false;
    };

    if requested.contains(['.', '(']) {
        return true;
    }

    versions
        .iter()
        .filter_map(|version| major_version(&version.key.to_string()))
        .any(|known| number * 2 >= known && number <= known * 2)
        && versions
            .iter()
            .all(|version| !version.key.to_string().contains('.'))
}

fn major_version(text: &str) -> Option<u32> {
    let digits: String = text
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{sample_view, view_of};

    fn requested(question: &str) -> Vec<(String, String)> {
        absent_versions(question, &sample_view())
            .into_iter()
            .map(|version| (version.product, version.requested))
            .collect()
    }

    #[test]
    fn an_absent_version_is_reported_with_the_known_ones() {
        let found = absent_versions("finesse 16.0 port for notifications", &sample_view());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].requested, "16.0");
        assert_eq!(found[0].known, ["v12.5", "v15.0"]);
        assert_eq!(
            requested("does Cisco Finesse release 11.6 have it?").len(),
            1
        );
        assert_eq!(requested("CCX 11.0 reports").len(), 1);
    }

    #[test]
    fn versions_of_undeclared_products_are_absent_too() {
        let view = view_of(&[("relayd", "7.3"), ("relayd", "R12.1SP2")]);
        let absent = |question: &str| {
            let found = absent_versions(question, &view);
            found
                .into_iter()
                .map(|version| version.requested)
                .collect::<Vec<_>>()
        };

        assert_eq!(absent("idle timeout of relayd 7.4"), ["7.4"]);
        assert_eq!(absent("idle timeout of relayd R12.1SP3"), ["R12.1SP3"]);
        for question in ["relayd 7.3", "relayd R12.1SP2", "relayd 12.1SP2"] {
            assert_eq!(absent(question), Vec::<String>::new(), "{question}");
        }
    }

    #[test]
    fn a_minor_version_is_not_absent_among_whole_releases() {
        let view = view_of(&[("relayd", "22"), ("relayd", "23")]);
        assert_eq!(absent_versions("idle timeout of relayd 23.1", &view), []);
        assert_eq!(
            absent_versions("idle timeout of relayd 24.1", &view).len(),
            1
        );
    }

    #[test]
    fn known_versions_and_other_numbers_are_not_absent() {
        for question in [
            "finesse 12.5 sign in",
            "Finesse v15.0",
            "CCX 12.5.1",
            "finesse 12.5(1) login",
            "set 16.0 in finesse",
            "finesse 3 servers",
            "uccx",
        ] {
            assert_eq!(requested(question), [], "{question}");
        }
    }
}
