//! What a question says in other words: aliases, products and releases it names.

use std::collections::HashSet;

use mcdewey_core::{LibraryDescription, VersionKey};

use super::fusion::Preference;
use super::names;
use super::releases::{self, AbsentRelease};
use super::terms;
use crate::view::LibraryView;

/// What was read from a question.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reading {
    /// Products and releases it names.
    pub(crate) preference: Preference,
    /// The other names of the things it names.
    pub(crate) other_names: Vec<String>,
    /// The words, in lower case, by which it names things the library knows.
    pub(crate) known_words: HashSet<String>,
    /// Releases it names of products that are here in other releases only.
    pub(crate) absent_releases: Vec<AbsentRelease>,
}

/// Reads a question: every alias, product title or product id in it counts, whole words only, case aside.
pub(crate) fn read(question: &str, view: &LibraryView) -> Reading {
    let words = lower_words(question);
    let mut reading = Reading::default();

    let description = &view.description;
    for alias in &description.aliases {
        let Some(used) = alias
            .names
            .iter()
            .find(|name| contains(&words, &lower_words(name)))
        else {
            continue;
        };

        let others = alias
            .names
            .iter()
            .filter(|name| !contains(&words, &lower_words(name)) && *name != used);
        reading.other_names.extend(others.cloned());
        reading.known_words.extend(lower_words(used));
        add_new(&mut reading.preference.products, &alias.products);
    }

    for product in &description.products {
        let names = [Some(&product.id), product.title.as_ref()];
        let named = names
            .into_iter()
            .flatten()
            .find(|name| contains(&words, &lower_words(name)));

        if let Some(name) = named {
            reading.known_words.extend(lower_words(name));
            add_new(
                &mut reading.preference.products,
                std::slice::from_ref(&product.id),
            );
        }
    }

    reading.preference.versions = releases_named(question, view, &reading.preference.products);

    // Whoever names a release that is here as well ("upgrade Finesse 11.6 to 12.5") asks about both.
    if reading.preference.versions.is_empty() {
        reading.absent_releases = releases::absent(question, view);
    }

    // A question of one word is a name, however it is written.
    let names = names::names(question, &reading.known_words)
        .into_iter()
        .map(|name| name.text);
    let alone = (words.len() == 1).then(|| question.trim().to_owned());
    reading.preference.titles = names.chain(alone).map(|name| name.to_lowercase()).collect();
    reading
}

/// The ids of the products that a filter value means: an id, a title or an alias.
pub(crate) fn products_meant(value: &str, description: &LibraryDescription) -> Vec<String> {
    let wanted = lower_words(value);
    let same = |name: &str| lower_words(name) == wanted;
    let direct = description
        .products
        .iter()
        .filter(|product| same(&product.id) || product.title.as_deref().is_some_and(same));

    let mut ids: Vec<String> = direct.map(|product| product.id.clone()).collect();
    if ids.is_empty() {
        for alias in description
            .aliases
            .iter()
            .filter(|alias| alias.names.iter().any(|name| same(name)))
        {
            add_new(&mut ids, &alias.products);
        }
    }

    ids
}

/// Known releases that stand in the question with a dot or a bracket ("12.5", "12.5(1)"); bare numbers are too common.
fn releases_named(question: &str, view: &LibraryView, products: &[String]) -> Vec<VersionKey> {
    let looks_like_release = |word: &&str| {
        let word = word.trim_start_matches(['v', 'V']);
        word.starts_with(|c: char| c.is_ascii_digit()) && word.contains(['.', '('])
    };

    let written: Vec<&str> = question
        .split_whitespace()
        .map(|word| word.trim_matches([',', '?', ';', '"']))
        .filter(looks_like_release)
        .collect();

    let mut keys = Vec::new();
    for (product, version) in view.versions() {
        let meant = products.is_empty()
            || product.is_some_and(|product| products.iter().any(|named| named == product));
        let named = written.iter().any(|word| {
            view.scheme(product)
                .key(word.trim_end_matches('.'))
                .is_ok_and(|key| key == version.key)
        });

        if meant && named && !keys.contains(&version.key) {
            keys.push(version.key.clone());
        }
    }

    keys
}

pub(crate) fn lower_words(text: &str) -> Vec<String> {
    terms::words(text)
        .map(|(word, _)| word.to_lowercase())
        .collect()
}

fn contains(words: &[String], name: &[String]) -> bool {
    !name.is_empty() && words.windows(name.len()).any(|window| window == name)
}

fn add_new(list: &mut Vec<String>, more: &[String]) {
    for one in more {
        if !list.contains(one) {
            list.push(one.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::testing::view;

    #[test]
    fn an_alias_names_products_and_brings_its_other_names() {
        let reading = read("barge state in ccx?", &view());
        assert_eq!(reading.preference.products, ["uccx", "finesse"]);
        assert_eq!(reading.other_names, ["UCCX", "Unified CCX"]);
    }

    #[test]
    fn whole_words_only() {
        let reading = read("accxess", &view());
        assert!(
            reading.preference.products.is_empty() && reading.other_names.is_empty(),
            "{reading:?}"
        );
    }

    #[test]
    fn a_product_title_and_a_release_count() {
        let reading = read("Cisco Finesse 12.5 sign in", &view());
        assert_eq!(reading.preference.products, ["finesse"]);
        assert_eq!(
            reading.preference.versions,
            ["12.5".parse::<VersionKey>().unwrap()]
        );
        assert_eq!(read("set 0.5 seconds", &view()).preference.versions, []);
    }

    #[test]
    fn a_release_that_is_here_makes_up_for_one_that_is_not() {
        assert_eq!(
            read("upgrade Finesse 11.6", &view()).absent_releases.len(),
            1
        );
        assert_eq!(
            read("upgrade Finesse 11.6 to 12.5", &view()).absent_releases,
            []
        );
    }

    #[test]
    fn a_filter_value_may_be_an_alias() {
        let description = &view().description;
        assert_eq!(products_meant("FINESSE", description), ["finesse"]);
        assert_eq!(products_meant("cisco finesse", description), ["finesse"]);
        assert_eq!(products_meant("CCX", description), ["uccx", "finesse"]);
        assert_eq!(products_meant("nothing", description), Vec::<String>::new());
    }
}
