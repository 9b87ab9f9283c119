//! Decides whether a question names a release of the library so clearly that only the documents of
//! that release can answer it.
//!
//! A number alone is not enough: questions have releases of other things ("TLS 1.2"), counts and
//! times. A release counts if it stands beside the product's name or a word such as "version", or
//! if it cannot be anything else.

mod certainty;
mod scope;
mod words;

use std::ops::Range;

use mcdewey_core::{Filter, Version, VersionFilter, VersionKey, VersionTerm};

use self::certainty::{
    is_in_a_title, is_measure, is_name, is_of_something_else, is_related, stands_for_itself,
};
use self::scope::{scope_range, without};
use self::words::CONJUNCTIONS;
use crate::library::view::LibraryView;
use crate::question::terms::is_listed;
use crate::question::versions::Mention;

/// The releases that a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedRelease {
    /// As the question writes them.
    pub(crate) requested: Vec<String>,
    /// The releases whose documents answer.
    pub(crate) terms: Vec<VersionTerm>,
    /// The names of the releases that were found ("relayd 7.3").
    pub(crate) found: Vec<String>,
    /// Whether the library has only a less precise release than the question names: 12.5 for
    /// "12.5(1) SU2".
    pub(crate) is_less_precise: bool,
    /// The question without the names of the releases.
    pub(crate) rest: String,
}

impl NamedRelease {
    /// Returns the filter limited to the documents of these releases.
    pub(crate) fn narrow(&self, filter: &Filter) -> Filter {
        Filter {
            version: VersionFilter::OneOf(self.terms.clone()),
            ..filter.clone()
        }
    }
}

/// Returns the releases that a question is certainly about; `products` are those that it names.
pub(crate) fn named_release(
    question: &str,
    mentions: &[Mention<'_>],
    view: &LibraryView,
    products: &[String],
) -> Option<NamedRelease> {
    let mut chosen: Vec<Option<Choice>> = mentions
        .iter()
        .map(|mention| choose(question, mention, view, products))
        .collect();
    join_neighbours(question, mentions, &mut chosen, products);

    let mut release = NamedRelease {
        requested: Vec::new(),
        terms: Vec::new(),
        found: Vec::new(),
        is_less_precise: false,
        rest: String::new(),
    };
    let mut removed: Vec<Range<usize>> = Vec::new();
    for (mention, choice) in mentions.iter().zip(chosen) {
        let Some(choice) = choice else { continue };
        release.requested.push(mention.text.to_owned());
        release.is_less_precise |= choice.is_less_precise;
        for term in choice.terms {
            if !release.terms.contains(&term) {
                release.found.extend(name_of(&term, view));
                release.terms.push(term);
            }
        }

        removed.push(scope_range(question, mention, removed.last()));
    }

    if release.terms.is_empty() {
        return None;
    }

    add_other_products(&mut release.terms, view, products);
    release.rest = without(question, &removed);
    Some(release)
}

/// The releases that one mention stands for.
struct Choice {
    terms: Vec<VersionTerm>,
    is_less_precise: bool,
}

fn choose(
    question: &str,
    mention: &Mention<'_>,
    view: &LibraryView,
    products: &[String],
) -> Option<Choice> {
    let context = mention.context(question);
    if is_related(question, mention, &context) || is_measure(question, mention) {
        return None;
    }

    // Of "relayd 7.3", relayd is the product, whatever others the question names.
    let adjacent: Vec<&str> = view
        .products()
        .filter_map(|(product, _)| product)
        .filter(|id| context.names(id, view))
        .collect();
    let is_wanted = |product: Option<&str>| {
        if adjacent.is_empty() {
            products.is_empty()
                || product.is_some_and(|id| products.iter().any(|named| named == id))
        } else {
            product.is_some_and(|id| adjacent.contains(&id))
        }
    };

    let is_beside_a_name = !adjacent.is_empty()
        || context
            .word
            .is_some_and(|word| is_in_a_title(word, mention, view));
    let is_foreign = context
        .word
        .is_some_and(|word| is_of_something_else(mention, word) || is_name(question, word));
    let is_certain = is_beside_a_name
        || (!is_foreign && (context.has_version_word || stands_for_itself(mention, &context)));
    if !is_certain {
        return None;
    }

    let exact: Vec<VersionTerm> = mention
        .matches
        .iter()
        .filter(|(product, _)| is_wanted(*product))
        .map(|(product, version)| term(*product, version.key.clone()))
        .collect();
    if !exact.is_empty() {
        return Some(Choice {
            terms: with_builds(exact, mention, view),
            is_less_precise: mention.is_more_precise,
        });
    }

    if adjacent.is_empty() && !context.has_version_word {
        return None;
    }

    let wanted = || {
        view.products()
            .map(|(product, _)| product)
            .filter(|product| is_wanted(*product))
    };
    let family: Vec<VersionTerm> = wanted()
        .flat_map(|product| {
            let keys = mention.select(product, view);
            keys.into_iter().map(move |key| term(product, key))
        })
        .collect();
    if !family.is_empty() {
        return Some(Choice {
            terms: family,
            is_less_precise: false,
        });
    }

    let parents: Vec<VersionTerm> = wanted()
        .filter_map(|product| Some(term(product, mention.parent(product, view)?)))
        .collect();
    (!parents.is_empty()).then_some(Choice {
        terms: parents,
        is_less_precise: true,
    })
}

/// Adds the builds of the releases: those of 1.0.0 are "1.0.0+build5" and so on.
fn with_builds(
    exact: Vec<VersionTerm>,
    mention: &Mention<'_>,
    view: &LibraryView,
) -> Vec<VersionTerm> {
    let mut terms = exact.clone();
    for VersionTerm { product, .. } in exact {
        for key in mention.select(product.as_deref(), view) {
            let term = term(product.as_deref(), key);
            if !terms.contains(&term) {
                terms.push(term);
            }
        }
    }

    terms
}

fn term(product: Option<&str>, key: VersionKey) -> VersionTerm {
    VersionTerm {
        product: product.map(str::to_owned),
        key,
    }
}

/// A version that stands beside one that counts, counts as well: "relayd 7.2 and 7.3".
fn join_neighbours(
    question: &str,
    mentions: &[Mention<'_>],
    chosen: &mut [Option<Choice>],
    products: &[String],
) {
    let is_joined = |left: &Mention<'_>, right: &Mention<'_>| {
        let between = &question[left.range.end..right.range.start];
        between
            .split_whitespace()
            .all(|word| is_listed(word, CONJUNCTIONS) || is_listed(word, "version release v"))
    };
    let neighbour = |of: &Mention<'_>| {
        let matches = of.matches.iter();
        let terms: Vec<VersionTerm> = matches
            .filter(|(product, _)| {
                products.is_empty()
                    || product.is_some_and(|id| products.iter().any(|named| named == id))
            })
            .map(|(product, version)| term(*product, version.key.clone()))
            .collect();
        (!terms.is_empty()).then_some(Choice {
            terms,
            is_less_precise: false,
        })
    };

    for at in 1..mentions.len() {
        if is_joined(&mentions[at - 1], &mentions[at]) {
            if chosen[at].is_none() && chosen[at - 1].is_some() {
                chosen[at] = neighbour(&mentions[at]);
            } else if chosen[at - 1].is_none() && chosen[at].is_some() {
                chosen[at - 1] = neighbour(&mentions[at - 1]);
            }
        }
    }
}

/// If the question names several products and the release of one, the others are not limited.
fn add_other_products(terms: &mut Vec<VersionTerm>, view: &LibraryView, products: &[String]) {
    let is_limited = |id: &String| terms.iter().any(|term| term.product.as_ref() == Some(id));
    let others: Vec<VersionTerm> = products
        .iter()
        .filter(|id| !is_limited(id))
        .flat_map(|id| {
            let versions = view.versions_of(Some(id));
            versions
                .iter()
                .map(|version| term(Some(id), version.key.clone()))
        })
        .collect();
    terms.extend(others);
}

/// The name of a release, with the title of its product.
fn name_of(term: &VersionTerm, view: &LibraryView) -> Option<String> {
    let product = term.product.as_deref();
    let version: &Version = view
        .versions_of(product)
        .iter()
        .find(|version| version.key == term.key)?;
    let description = &view.description;
    let title = |id| {
        description
            .product(id)
            .and_then(|known| known.title.as_deref())
    };
    Some(match product {
        Some(id) => format!("{} {}", title(id).unwrap_or(id), version.label),
        None => version.label.clone(),
    })
}

#[cfg(test)]
mod tests;
