//! Whether a version in a question can be anything but a release of the library.

use std::collections::HashSet;

use mcdewey_core::{VersionForm, VersionName};

use super::words::PREPOSITIONS;
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

/// Reports whether the question asks about what is before or after the version.
pub(super) fn is_related(question: &str, mention: &Mention<'_>, context: &Context<'_>) -> bool {
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
pub(super) fn is_of_something_else(mention: &Mention<'_>, word: &str) -> bool {
    let joined = format!("{word} {}", mention.text);
    is_listed(word, OTHER_PRODUCTS)
        || (mention.form == VersionForm::Explicit && VersionName::parse(&joined).is_none())
}

/// Reports whether a word is the name of something: it has a capital and is not the first word.
pub(super) fn is_name(question: &str, word: &str) -> bool {
    let start = word.as_ptr() as usize - question.as_ptr() as usize;
    start > 0 && word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphabetic)
}

/// Reports whether a number counts or measures what follows it: "3 servers", "1.5 s".
pub(super) fn is_measure(question: &str, mention: &Mention<'_>) -> bool {
    let after = question[mention.range.end..].split_whitespace().next();
    after.is_some_and(|word| {
        let word = word.trim_end_matches(['?', '.', ',', ';', '!', ')']);
        let is_plural =
            mention.form != VersionForm::Explicit && word.len() > 3 && word.ends_with('s');
        is_listed(word, UNITS) || is_plural
    })
}

/// Reports whether a word stands in the title or the path of a document of one of the versions.
pub(super) fn is_in_a_title(word: &str, mention: &Mention<'_>, view: &LibraryView) -> bool {
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
pub(super) fn stands_for_itself(mention: &Mention<'_>, context: &Context<'_>) -> bool {
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
