//! Recognises what a question refers to: aliases, products, versions and titles.

use std::collections::HashSet;

use mcdewey_core::{Filter, LibraryDescription};

use crate::library::view::LibraryView;
use crate::question::absent_versions::{self, AbsentVersion};
use crate::question::identifiers::identifiers;
use crate::question::named_release::{NamedRelease, named_release};
use crate::question::paste::without_local_values;
use crate::question::syntax::Syntax;
use crate::question::terms::lower_words;
use crate::question::versions;
use crate::ranking::fusion::Preference;

/// What was recognised in a question.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct QuestionAnalysis {
    /// The products, versions and titles it names.
    pub(crate) preference: Preference,
    /// Other names of the products it names, from the aliases.
    pub(crate) other_names: Vec<String>,
    /// The words, in lower case, by which it names products of the library.
    pub(crate) known_words: HashSet<String>,
    /// The versions it names of products that the library has only in other versions.
    pub(crate) absent_versions: Vec<AbsentVersion>,
    /// The releases that it is certainly about.
    pub(crate) release: Option<NamedRelease>,
    /// The signs that it has.
    pub(crate) syntax: Syntax,
    /// What is searched for: the question without the names of those releases, without what is to be
    /// left out, and without the values of the reader's machine in a pasted log.
    pub(crate) searched: String,
}

/// Analyses a question. Aliases, product titles and product ids are recognised as whole words,
/// regardless of case. `filter` is the request's, if a release that the question names may limit it
/// further.
pub(crate) fn analyse(
    question: &str,
    view: &LibraryView,
    filter: Option<&Filter>,
) -> QuestionAnalysis {
    let log = without_local_values(question);
    let syntax = Syntax::parse(question, log.is_some());
    let question = log.unwrap_or_else(|| syntax.rest.clone());
    let question = question.as_str();

    let words = lower_words(question);
    let mut analysis = QuestionAnalysis {
        searched: question.to_owned(),
        syntax,
        ..QuestionAnalysis::default()
    };

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
        analysis.other_names.extend(others.cloned());
        analysis.known_words.extend(lower_words(used));
        add_missing(&mut analysis.preference.products, &alias.products);
    }

    for product in &description.products {
        let names = [Some(&product.id), product.title.as_ref()];
        let used = names
            .into_iter()
            .flatten()
            .find(|name| contains(&words, &lower_words(name)));

        if let Some(name) = used {
            analysis.known_words.extend(lower_words(name));
            add_missing(
                &mut analysis.preference.products,
                std::slice::from_ref(&product.id),
            );
        }
    }

    let mentions = versions::mentions(question, view);
    let products = &analysis.preference.products;
    analysis.preference.versions = versions::named_versions(question, &mentions, view, products);
    if let Some(filter) = filter {
        let within = match filter.product.as_slice() {
            [] => products,
            filtered => filtered,
        };
        let release = named_release(question, &mentions, view, within);
        analysis.release = release.filter(|release| {
            let filter = release.narrow(filter);
            let mut documents = view.documents.iter();
            documents.any(|document| filter.matches(&document.meta))
        });
    }
    if let Some(release) = &analysis.release {
        analysis.searched.clone_from(&release.rest);
    }

    // A question that also names a version of the library ("upgrade Finesse 11.6 to 12.5") can be
    // answered from that version.
    if analysis.preference.versions.is_empty() {
        analysis.absent_versions = absent_versions::absent_versions(question, view);
    }

    // A question of a single word is a name, however it is written.
    let names = identifiers(&analysis.searched, &analysis.known_words)
        .into_iter()
        .map(|identifier| identifier.text);
    let is_single_word = lower_words(&analysis.searched).len() == 1;
    let single_word = is_single_word.then(|| analysis.searched.trim().to_owned());
    analysis.preference.titles = names
        .chain(single_word)
        .map(|name| name.to_lowercase())
        .collect();
    analysis
}

/// Returns the ids of the products that a filter value refers to by id, title or alias.
pub(crate) fn resolve_products(value: &str, description: &LibraryDescription) -> Vec<String> {
    let wanted = lower_words(value);
    let is_wanted = |name: &str| lower_words(name) == wanted;

    let mut ids: Vec<String> = description
        .products
        .iter()
        .filter(|product| is_wanted(&product.id) || product.title.as_deref().is_some_and(is_wanted))
        .map(|product| product.id.clone())
        .collect();

    if ids.is_empty() {
        for alias in &description.aliases {
            if alias.names.iter().any(|name| is_wanted(name)) {
                add_missing(&mut ids, &alias.products);
            }
        }
    }

    ids
}

fn contains(words: &[String], name: &[String]) -> bool {
    !name.is_empty() && words.windows(name.len()).any(|window| window == name)
}

fn add_missing(list: &mut Vec<String>, values: &[String]) {
    for value in values {
        if !list.contains(value) {
            list.push(value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::VersionKey;

    use super::*;
    use crate::testing::sample_view;

    #[test]
    fn an_alias_stands_for_its_products_and_other_names() {
        let analysis = analyse("barge state in ccx?", &sample_view(), None);
        assert_eq!(analysis.preference.products, ["uccx", "finesse"]);
        assert_eq!(analysis.other_names, ["UCCX", "Unified CCX"]);
    }

    #[test]
    fn only_whole_words_match() {
        let analysis = analyse("accxess", &sample_view(), None);
        assert!(
            analysis.preference.products.is_empty() && analysis.other_names.is_empty(),
            "{analysis:?}"
        );
    }

    #[test]
    fn product_titles_and_versions_are_recognised() {
        let analysis = analyse("Cisco Finesse 12.5 sign in", &sample_view(), None);
        assert_eq!(analysis.preference.products, ["finesse"]);
        assert_eq!(
            analysis.preference.versions,
            ["12.5".parse::<VersionKey>().unwrap()]
        );
        assert_eq!(
            analyse("set 0.5 seconds", &sample_view(), None)
                .preference
                .versions,
            []
        );
    }

    #[test]
    fn no_version_is_absent_if_the_question_also_names_a_known_one() {
        assert_eq!(
            analyse("upgrade Finesse 11.6", &sample_view(), None)
                .absent_versions
                .len(),
            1
        );
        assert_eq!(
            analyse("upgrade Finesse 11.6 to 12.5", &sample_view(), None).absent_versions,
            []
        );
    }

    #[test]
    fn a_filter_value_can_be_an_id_a_title_or_an_alias() {
        let description = &sample_view().description;
        assert_eq!(resolve_products("FINESSE", description), ["finesse"]);
        assert_eq!(resolve_products("cisco finesse", description), ["finesse"]);
        assert_eq!(resolve_products("CCX", description), ["uccx", "finesse"]);
        assert_eq!(
            resolve_products("nothing", description),
            Vec::<String>::new()
        );
    }
}
