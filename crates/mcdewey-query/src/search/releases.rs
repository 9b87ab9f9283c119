//! Releases that a question names of a product which the library has in other releases only.

use mcdewey_core::{Version, VersionScheme, VersionSelector};

use super::aliases::lower_words;
use crate::view::LibraryView;

/// Longer words are no releases.
const LONGEST: usize = 24;

/// A release that is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AbsentRelease {
    /// The product as people call it.
    pub(crate) product: String,
    /// The release as the question writes it.
    pub(crate) asked: String,
    /// The releases that are here, lowest first.
    pub(crate) known: Vec<String>,
}

/// Releases that stand right behind a product's name ("Finesse 16.0", "PostgreSQL version 12") and that no product of
/// that name has here.
pub(crate) fn absent(question: &str, view: &LibraryView) -> Vec<AbsentRelease> {
    let words: Vec<&str> = question.split_whitespace().collect();
    let folded: Vec<String> = words
        .iter()
        .map(|word| lower_words(word).join(" "))
        .collect();

    let mut found: Vec<AbsentRelease> = Vec::new();
    for (names, products) in named_things(view) {
        let Some(asked) = names
            .iter()
            .find_map(|name| release_behind(&words, &folded, name))
        else {
            continue;
        };

        let here: Vec<(&VersionScheme, &[Version])> = view
            .products()
            .filter(|(product, versions)| {
                !versions.is_empty()
                    && product.is_some_and(|id| products.iter().any(|named| named == id))
            })
            .map(|(product, versions)| (view.scheme(product), versions))
            .collect();

        let is_here = here
            .iter()
            .any(|(scheme, versions)| has(asked, scheme, versions));
        let may_be = here.iter().any(|(_, versions)| looks_like(asked, versions));
        if is_here || !may_be || found.iter().any(|known| known.asked == asked) {
            continue;
        }

        let known = here
            .iter()
            .flat_map(|(_, versions)| versions.iter().map(|version| version.label.clone()))
            .collect();

        found.push(AbsentRelease {
            product: names[0].clone(),
            asked: asked.to_owned(),
            known,
        });
    }

    found
}

/// Every product with what it is called, its title first; every alias with the products it points at.
fn named_things(view: &LibraryView) -> Vec<(Vec<String>, Vec<String>)> {
    let description = &view.description;
    let products = description.products.iter().map(|product| {
        let title = product.title.iter().cloned();
        let aliases = description
            .aliases
            .iter()
            .filter(|alias| alias.products == [product.id.clone()]);
        let other_names = aliases.flat_map(|alias| alias.names.iter().cloned());

        (
            title
                .chain([product.id.clone()])
                .chain(other_names)
                .collect(),
            vec![product.id.clone()],
        )
    });

    let shared = description
        .aliases
        .iter()
        .filter(|alias| alias.products.len() > 1);

    products
        .chain(shared.map(|alias| (alias.names.clone(), alias.products.clone())))
        .collect()
}

/// The word behind a name, where it is written like a release.
fn release_behind<'a>(words: &[&'a str], folded: &[String], name: &str) -> Option<&'a str> {
    let name = lower_words(name);
    let place = (!name.is_empty())
        .then(|| folded.windows(name.len()).position(|window| window == name))
        .flatten()?;
    let mut behind = words[place + name.len()..].iter();

    let word = behind.find(|word| {
        !matches!(
            word.to_lowercase().as_str(),
            "release" | "version" | "v" | "rel."
        )
    })?;

    let word = word.trim_matches([',', '?', ';', ':', '"', '.']);
    let digits = word.trim_start_matches(['v', 'V']);
    let plain = digits
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | '(' | ')' | '*' | 'x'));
    (digits.starts_with(|c: char| c.is_ascii_digit()) && plain && word.len() <= LONGEST)
        .then_some(word)
}

fn has(asked: &str, scheme: &VersionScheme, versions: &[Version]) -> bool {
    // "12.5(1)" is asked of a guide for 12.5 as well.
    let family = asked
        .split('(')
        .next()
        .unwrap_or(asked)
        .trim_end_matches('.');

    [asked.to_owned(), family.to_owned(), format!("{family}.*")]
        .iter()
        .any(|text| {
            VersionSelector::parse(text, scheme)
                .is_ok_and(|selector| !selector.select(versions).is_empty())
        })
}

/// Whether the number can be one of the product's releases: bare numbers are often something else ("Kafka 3 brokers"),
/// so they must be of the size of the known ones.
fn looks_like(asked: &str, versions: &[Version]) -> bool {
    let major = |text: &str| {
        let digits: String = text
            .chars()
            .skip_while(|c| !c.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse::<u32>().ok()
    };

    let Some(number) = major(asked) else {
        return false;
    };

    if asked.contains(['.', '(']) {
        return true;
    }

    let known: Vec<u32> = versions
        .iter()
        .filter_map(|version| major(&version.key.to_string()))
        .collect();

    known
        .iter()
        .any(|known| number * 2 >= *known && number <= known * 2)
        && versions
            .iter()
            .all(|version| !version.key.to_string().contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::testing::view;

    fn asked(question: &str) -> Vec<(String, String)> {
        absent(question, &view())
            .into_iter()
            .map(|one| (one.product, one.asked))
            .collect()
    }

    #[test]
    fn a_release_that_is_not_here_is_named_with_those_that_are() {
        let found = absent("finesse 16.0 port for notifications", &view());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].asked, "16.0");
        assert_eq!(found[0].known, ["v12.5", "v15.0"]);
        assert_eq!(asked("does Cisco Finesse release 11.6 have it?").len(), 1);
        assert_eq!(asked("CCX 11.0 reports").len(), 1);
    }

    #[test]
    fn releases_that_are_here_and_other_numbers_are_not_absent() {
        for question in [
            "finesse 12.5 sign in",
            "Finesse v15.0",
            "CCX 12.5.1",
            "finesse 12.5(1) login",
            "set 16.0 in finesse",
            "finesse 3 desks",
            "uccx",
        ] {
            assert_eq!(asked(question), [], "{question}");
        }
    }
}
