//! Finds the versions that a question names, where they stand, and which of the library's they are.

use std::ops::Range;

use mcdewey_core::{Version, VersionForm, VersionKey, VersionName, VersionSelector};

use crate::library::view::LibraryView;
use crate::question::terms;
use crate::question::terms::lower_words;

/// The number of words that a version may have ("12.5(1) Service Pack 2").
const MAX_WORDS: usize = 4;

/// Characters around a version that do not belong to it.
const PUNCTUATION: [char; 9] = [',', '?', ';', ':', '!', '"', '\'', '.', '`'];

/// Words that say that a version follows.
const VERSION_WORDS: [&str; 9] = [
    "version", "versions", "release", "releases", "rel", "ver", "v", "branch", "build",
];

/// A version in a question.
#[derive(Debug, Clone)]
pub(crate) struct Mention<'a> {
    /// As the question writes it.
    pub(crate) text: &'a str,
    /// Where it stands in the question, with a product's name that is joined to it ("asterisk-18").
    pub(crate) range: Range<usize>,
    pub(crate) form: VersionForm,
    /// Whether it is more precise than those.
    pub(crate) is_more_precise: bool,
    /// The name that is joined to it.
    joined_name: Option<&'a str>,
    /// The versions of the library that it is, each with its product.
    pub(crate) matches: Vec<(Option<&'a str>, &'a Version)>,
}

/// What stands before a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Context<'a> {
    /// Whether it is a word such as "version".
    pub(crate) has_version_word: bool,
    /// The word before the version, or before that word, in the same clause.
    pub(crate) word: Option<&'a str>,
    /// Everything before the version and that word.
    pub(crate) before: &'a str,
}

/// Returns everything in a question that is written as a version. Of "12.5(1) SU3", the longest
/// version that the library has counts, else the longest.
pub(crate) fn mentions<'a>(question: &'a str, view: &'a LibraryView) -> Vec<Mention<'a>> {
    let words = ranges_of_words(question);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        // Most words have no digit and begin no version.
        if !question[words[at].clone()].contains(|c: char| c.is_ascii_digit()) {
            at += 1;
            continue;
        }

        let longest = MAX_WORDS.min(words.len() - at);
        let candidates: Vec<(Mention<'a>, usize)> = (1..=longest)
            .rev()
            .filter_map(|count| {
                let window = words[at].start..words[at + count - 1].end;
                let mention = mention(question, window, view)?;
                words[at]
                    .contains(&mention.range.start)
                    .then_some((mention, count))
            })
            .collect();

        match candidates.into_iter().reduce(of_known) {
            Some((mention, count)) => {
                found.push(mention);
                at += count;
            }
            None => at += 1,
        }
    }

    found
}

/// Chooses between a longer and a shorter reading of the same words. "12.5(1) SU3" that the library
/// has only as 12.5(1) is asked for all the same, but of "7.3 update the" only 7.3 is.
fn of_known<'a>(
    longer: (Mention<'a>, usize),
    shorter: (Mention<'a>, usize),
) -> (Mention<'a>, usize) {
    if !longer.0.matches.is_empty() || shorter.0.matches.is_empty() {
        return longer;
    }

    if longer
        .0
        .text
        .ends_with(|c: char| c.is_ascii_digit() || c == ')')
    {
        let mention = Mention {
            matches: shorter.0.matches,
            is_more_precise: true,
            ..longer.0
        };
        return (mention, longer.1);
    }

    shorter
}

/// Reads a part of a question as a version.
fn mention<'a>(
    question: &'a str,
    window: Range<usize>,
    view: &'a LibraryView,
) -> Option<Mention<'a>> {
    let text = trimmed(&question[window]);
    let name = VersionName::parse(text)?;
    let start = text.as_ptr() as usize - question.as_ptr() as usize;
    let end = name.version.as_ptr() as usize - question.as_ptr() as usize + name.version.len();

    let matches = view
        .versions()
        .filter(|(product, version)| {
            view.scheme(*product)
                .key(name.version)
                .is_ok_and(|key| key == version.key)
        })
        .collect();
    Some(Mention {
        text: name.version,
        range: start..end,
        form: name.form,
        is_more_precise: false,
        joined_name: name.product,
        matches,
    })
}

impl Mention<'_> {
    /// Returns what stands before the version in the question.
    pub(crate) fn context<'q>(&self, question: &'q str) -> Context<'q>
    where
        Self: 'q,
    {
        if let Some(name) = self.joined_name {
            let end = self.range.start + name.len();
            return Context {
                has_version_word: false,
                word: question.get(self.range.start..end),
                before: &question[..self.range.start],
            };
        }

        let mut before = question[..self.range.start].trim_end_matches([' ', '(', '[', '\t']);
        let mut has_version_word = false;
        while let Some(word) = last_word(before)
            && VERSION_WORDS
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known))
        {
            has_version_word = true;
            before = before[..before.len() - word.len()].trim_end();
        }

        Context {
            has_version_word,
            word: last_word(before),
            before,
        }
    }

    /// The versions of a product that the mention is, or that it is a family of: 12.5 stands for
    /// 12.5(1) as well.
    pub(crate) fn select(&self, product: Option<&str>, view: &LibraryView) -> Vec<VersionKey> {
        let known = view.versions_of(product);
        let scheme = view.scheme(product);
        [self.text.to_owned(), format!("{}.*", self.text)]
            .iter()
            .filter_map(|text| VersionSelector::parse(text, scheme).ok())
            .map(|selector| selector.select(known))
            .find(|selected| !selected.is_empty())
            .unwrap_or_default()
            .into_iter()
            .map(|version| version.key.clone())
            .collect()
    }

    /// The version of a product of which the mention is a more precise form: 12.5 for "12.5(1) SU2".
    pub(crate) fn parent(&self, product: Option<&str>, view: &LibraryView) -> Option<VersionKey> {
        let asked = view.scheme(product).key(self.text).ok()?;
        let known = view.versions_of(product).iter().map(|version| &version.key);
        known.filter(|key| asked.refines(key)).max().cloned()
    }
}

/// Returns the library's versions that the mentions are, of the given products or of all if there
/// are none. Bare numbers are too common in questions, so one number counts only after the product's
/// name or a word such as "version".
pub(crate) fn named_versions(
    question: &str,
    mentions: &[Mention<'_>],
    view: &LibraryView,
    products: &[String],
) -> Vec<VersionKey> {
    let mut keys = Vec::new();
    for mention in mentions {
        let context = mention.context(question);
        let of_named = mention.matches.iter().filter(|(product, _)| {
            products.is_empty()
                || product.is_some_and(|id| products.iter().any(|named| named == id))
        });
        for (product, version) in of_named {
            let is_certain = mention.form == VersionForm::Explicit
                || context.has_version_word
                || product.is_some_and(|id| context.names(id, view));
            if is_certain && !keys.contains(&version.key) {
                keys.push(version.key.clone());
            }
        }
    }

    keys
}

impl Context<'_> {
    /// Reports whether the text before the version ends with a name of the product, or with the last
    /// words of one.
    pub(crate) fn names(&self, product: &str, view: &LibraryView) -> bool {
        let Some(word) = self.word else {
            return false;
        };

        let last = lower_words(word);
        let before = lower_words(self.before);
        names_of(product, view).any(|name| {
            let name = lower_words(name);
            before.ends_with(&name)
                || (name.ends_with(&last) && last.iter().any(|word| terms::stem(word).is_some()))
        })
    }
}

/// Returns the id, the title and the aliases of a product.
fn names_of<'a>(id: &'a str, view: &'a LibraryView) -> impl Iterator<Item = &'a str> {
    let description = &view.description;
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

fn ranges_of_words(text: &str) -> Vec<Range<usize>> {
    text.split_whitespace()
        .map(|word| {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            start..start + word.len()
        })
        .collect()
}

/// The last word of a text; `None` if the text ends a clause.
fn last_word(text: &str) -> Option<&str> {
    let word = text.rsplit(char::is_whitespace).next()?;
    let word = word.trim_start_matches(['(', '[', '"', '\'', '`']);
    (!word.is_empty() && !word.ends_with([',', ';', ':', '.', '?', '!'])).then_some(word)
}

/// Removes punctuation, and brackets of which only one is there.
fn trimmed(text: &str) -> &str {
    let mut text = text.trim_matches(PUNCTUATION);
    let count = |text: &str, c: char| text.matches(c).count();
    while text.starts_with('(') && count(text, '(') > count(text, ')') {
        text = text[1..].trim_matches(PUNCTUATION);
    }
    while text.ends_with(')') && count(text, ')') > count(text, '(') {
        text = text[..text.len() - 1].trim_matches(PUNCTUATION);
    }

    match text
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
    {
        Some(inner) => inner.trim_matches(PUNCTUATION),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::view_of;

    fn named(question: &str, view: &LibraryView, products: &[String]) -> Vec<VersionKey> {
        named_versions(question, &mentions(question, view), view, products)
    }

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
            let found: Vec<String> = named(question, &view, &[])
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(found, expected, "{question}");
        }
    }

    #[test]
    fn only_versions_of_the_named_products_count() {
        let view = view_of(&[("box", "7.3"), ("relayd", "7.3")]);
        assert_eq!(named("in 7.3", &view, &["box".to_owned()]).len(), 1);
        assert_eq!(named("in 7.3", &view, &["other".to_owned()]), []);
    }
}
