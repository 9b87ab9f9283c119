//! Decides whether a question names a release of the library so clearly that only the documents of
//! that release can answer it.
//!
//! A number alone is not enough: questions have releases of other things ("TLS 1.2"), counts and
//! times. A release counts if it stands beside the product's name or a word such as "version", or
//! if it cannot be anything else.

use std::collections::HashSet;
use std::ops::Range;

use mcdewey_core::{
    Filter, Version, VersionFilter, VersionForm, VersionKey, VersionName, VersionTerm,
};

use crate::library::view::LibraryView;
use crate::question::terms;
use crate::question::terms::{is_listed, lower_words};
use crate::question::versions::{Context, Mention};

/// Words before a version for which documents of other releases may be the ones that answer.
const RELATIONS: &str = "since after before until till from than prior above below over under \
    beyond except not";
/// Words after a version of the same meaning ("7.2 or later").
const RELATIONS_AFTER: &str =
    "later newer above higher onwards onward upwards upward up earlier older below lower";
/// Words before a version that say what runs it.
const PREPOSITIONS: &str = "in on for of with using running at to into within via";
/// Words between two versions that are both asked about.
const CONJUNCTIONS: &str = "and or to vs vs. versus with against through & - -> – , /";
/// Words after a number that count or measure something.
const UNITS: &str = "s sec secs second seconds ms milliseconds min mins minute minutes h hour hours \
    day days week weeks month months year years b kb kib mb mib gb gib tb tib byte bytes bit bits % \
    percent times v volt volts a amps w watts hz khz mhz ghz mm cm m km in inch inches ft dbm db c f \
    degrees px points retries attempts calls users agents connections threads cores items";
/// Technologies that have versions of their own and are often written in lower case.
const OTHER_PRODUCTS: &str = "java jdk jre python php ruby perl node nodejs npm go golang rust gcc \
    dotnet openssl windows linux ubuntu debian rhel centos android ios macos chrome firefox safari edge \
    kubernetes docker postgres postgresql mysql mariadb oracle sqlite redis nginx apache tomcat spring \
    protocol schema api";

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

/// Reports whether the question asks about what is before or after the version.
fn is_related(question: &str, mention: &Mention<'_>, context: &Context<'_>) -> bool {
    if context.word.is_some_and(|word| is_listed(word, RELATIONS)) {
        return true;
    }

    let after = &question[mention.range.end..];
    let mut words = after
        .split_whitespace()
        .map(|word| word.trim_matches(['?', '.', ',', ')']));
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    after.starts_with('+')
        || (matches!(first, "or" | "and") && is_listed(second, RELATIONS_AFTER))
        || matches!(first, "onwards" | "onward" | "upwards")
}

/// Reports whether the version is one of a standard, a protocol, a chapter ("TLS 1.2"), or of a
/// technology that the library may be about but is no product of.
fn is_of_something_else(mention: &Mention<'_>, word: &str) -> bool {
    let joined = format!("{word} {}", mention.text);
    is_listed(word, OTHER_PRODUCTS)
        || (mention.form == VersionForm::Explicit && VersionName::parse(&joined).is_none())
}

/// Reports whether a word is the name of something: it has a capital and is not the first word.
fn is_name(question: &str, word: &str) -> bool {
    let start = word.as_ptr() as usize - question.as_ptr() as usize;
    start > 0 && word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphabetic)
}

/// Reports whether a number counts or measures what follows it: "3 servers", "1.5 s".
fn is_measure(question: &str, mention: &Mention<'_>) -> bool {
    let after = question[mention.range.end..].split_whitespace().next();
    after.is_some_and(|word| {
        let word = word.trim_end_matches(['?', '.', ',', ';', '!', ')']);
        let is_plural =
            mention.form != VersionForm::Explicit && word.len() > 3 && word.ends_with('s');
        is_listed(word, UNITS) || is_plural
    })
}

/// Reports whether a word stands in the title or the path of a document of one of the versions.
fn is_in_a_title(word: &str, mention: &Mention<'_>, view: &LibraryView) -> bool {
    let words: Vec<String> = lower_words(word)
        .into_iter()
        .filter(|word| terms::stem(word).is_some() && !word.contains(|c: char| c.is_ascii_digit()))
        .collect();
    if words.is_empty() {
        return false;
    }

    view.documents
        .iter()
        .map(|document| &document.meta)
        .filter(|meta| {
            mention.matches.iter().any(|(product, version)| {
                meta.facets.product.as_deref() == *product
                    && meta
                        .facets
                        .versions
                        .iter()
                        .any(|own| own.key == version.key)
            })
        })
        .any(|meta| {
            let names: HashSet<String> = lower_words(&meta.title)
                .into_iter()
                .chain(lower_words(meta.source.as_str()))
                .collect();
            words.iter().all(|word| names.contains(word))
        })
}

/// Reports whether a version can hardly be anything but a release of the library: it has three
/// numbers or letters, or it follows a word such as "in".
fn stands_for_itself(mention: &Mention<'_>, context: &Context<'_>) -> bool {
    if mention.form != VersionForm::Explicit || mention.matches.is_empty() {
        return false;
    }

    let numbers = mention.text.split(|c: char| !c.is_ascii_digit());
    let is_long = numbers.filter(|number| !number.is_empty()).count() > 2
        || mention
            .text
            .contains(|c: char| c.is_alphabetic() || c == '(');
    is_long
        || context
            .word
            .is_none_or(|word| is_listed(word, PREPOSITIONS))
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

/// The part of a question that names the release: the version, words such as "version" before it, and
/// the preposition or the conjunction before these.
fn scope_range(question: &str, mention: &Mention<'_>, last: Option<&Range<usize>>) -> Range<usize> {
    let version_start = mention.text.as_ptr() as usize - question.as_ptr() as usize;
    let context = mention.context(question);
    let is_joined = version_start > mention.range.start;
    let mut start = match is_joined {
        true => version_start,
        false if context.has_version_word => context.before.len(),
        false => mention.range.start,
    };

    let before = question[..start].trim_end_matches([' ', '(', '[']);
    if let Some(word) = before.rsplit(char::is_whitespace).next()
        && !is_joined
        && (is_listed(word, PREPOSITIONS)
            || (is_listed(word, CONJUNCTIONS) && last.is_some_and(|last| last.end < start)))
    {
        start = before.len() - word.len();
    }

    // The bracket or the quotation mark that ends with it.
    let after = &question[mention.range.end..];
    let brackets = after.len() - after.trim_start_matches([')', ']']).len();
    start..mention.range.end + brackets
}

/// Returns the question without these parts; the whole question if nothing else remains.
fn without(question: &str, removed: &[Range<usize>]) -> String {
    let mut rest = String::new();
    let mut at = 0;
    for range in removed {
        if range.start >= at {
            rest.push_str(question[at..range.start].trim_end_matches([' ', '(', '[']));
            at = range.end;
        }
    }
    rest.push_str(&question[at..]);

    let rest = rest.trim().trim_end_matches([',', ';', ':', '-']).trim();
    if terms::content_stems(rest).is_empty() {
        question.to_owned()
    } else {
        rest.to_owned()
    }
}

#[cfg(test)]
mod tests;
