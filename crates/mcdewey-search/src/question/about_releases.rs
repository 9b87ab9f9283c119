//! Recognises questions that the library's own list of releases answers: which there are, which is
//! the newest, and since which a name exists.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use mcdewey_core::{Version, VersionForm};
use regex::Regex;

use crate::library::view::LibraryView;
use crate::question::analysis::QuestionAnalysis;
use crate::question::terms;
use crate::question::terms::{is_listed, lower_words};
use crate::question::versions::{Mention, mentions};

/// Words of questions about the releases themselves.
const LIST_WORDS: &str = "version versions release releases newest latest current recent most oldest \
    earliest list available exist exists existing library documentation documented docs doc manual \
    manuals guide guides documents indexed covered contain contains included include offer offered \
    anything got tell show give please know known";
/// At least one of these is in such a question, unless it names a release.
const SUBJECTS: &str = "version versions release releases newest latest oldest";
/// Words that ask whether there is something.
const EXISTENCE: &str = "there have has had exist exists available got";

static SINCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)\b(?:since|until|till)\s+when\b",
        r"|\b(?:since|from|until|in|with|as\s+of|starting\s+(?:with|from|in))\s+(?:which|what)\s+(?:version|release)s?\b",
        r"|\bwhen\s+(?:was|were|did|has|have)\b.*\b(?:added|introduced|removed|dropped|appear|available)\b",
        r"|\b(?:which|what)\s+(?:version|release)s?\s+(?:has|have|had|first|last|supports?|added|introduced|contains?|includes?|removed|dropped)\b",
        r"|\b(?:first|earliest|last)\s+(?:version|release)\b",
    ))
    .expect("a valid pattern")
});

/// The maximum number of products whose releases are listed.
const MAX_PRODUCTS: usize = 3;
/// The maximum number of releases that are listed of a product, the newest ones.
const MAX_LISTED: usize = 8;

/// Reports whether the question asks from which release on, or up to which, something exists.
pub(crate) fn asks_since(question: &str) -> bool {
    SINCE.is_match(question)
}

/// Answers a question that is only about the releases that the library has ("Is there a 5.3.4?",
/// "newest release of Finesse"), in one sentence for each product. `None` for all other questions.
pub(crate) fn answer_about_releases(
    question: &str,
    view: &LibraryView,
    analysis: &QuestionAnalysis,
) -> Option<Vec<String>> {
    let mentions: Vec<Mention<'_>> = mentions(question, view)
        .into_iter()
        .filter(|mention| {
            let context = mention.context(question);
            let mut products = view.products().filter_map(|(product, _)| product);
            !mention.matches.is_empty()
                || mention.form == VersionForm::Explicit
                || context.has_version_word
                || products.any(|id| context.names(id, view))
        })
        .collect();
    let mut without_versions = question.to_owned();
    for mention in mentions.iter().rev() {
        without_versions.replace_range(mention.range.clone(), " ");
    }

    let words = lower_words(&without_versions);
    let has_match = mentions.iter().any(|mention| !mention.matches.is_empty());
    if !has_match && !words.iter().any(|word| is_listed(word, SUBJECTS)) {
        let asks = !mentions.is_empty() && words.iter().any(|word| is_listed(word, EXISTENCE));
        if !asks {
            return None;
        }
    }

    // A name or a topic is asked about, not the list.
    let content: Vec<&String> = words
        .iter()
        .filter(|word| terms::stem(word).is_some() && !is_listed(word, LIST_WORDS))
        .filter(|word| !analysis.known_words.contains(*word))
        .collect();
    let named = named_groups(&content, view, analysis)?;
    let asks_for_oldest = words
        .iter()
        .any(|word| word == "oldest" || word == "earliest");
    let sentences = named.iter().map(|(product, versions)| {
        sentence(
            product.as_deref(),
            versions,
            &mentions,
            view,
            asks_for_oldest,
        )
    });
    Some(sentences.collect()).filter(|sentences: &Vec<String>| !sentences.is_empty())
}

/// The products with releases that the words name, all if they name none; `None` if a word names
/// something else.
fn named_groups(
    content: &[&String],
    view: &LibraryView,
    analysis: &QuestionAnalysis,
) -> Option<BTreeMap<Option<String>, Vec<Version>>> {
    let with_releases = || view.products().filter(|(_, versions)| !versions.is_empty());
    let mut groups: BTreeMap<Option<String>, Vec<Version>> = BTreeMap::new();
    let mut unexplained: HashSet<&str> = content.iter().map(|word| word.as_str()).collect();
    for (product, versions) in with_releases() {
        let names: HashSet<String> = match product {
            Some(id) => lower_words(id).into_iter().collect(),
            None => title_words(view),
        };
        let is_named = content.iter().any(|word| names.contains(*word))
            || product
                .is_some_and(|id| analysis.preference.products.iter().any(|named| named == id));
        unexplained.retain(|word| !names.contains(*word));
        if is_named {
            groups.insert(product.map(str::to_owned), versions.to_vec());
        }
    }

    if !unexplained.is_empty() {
        return None;
    }

    if groups.is_empty() && analysis.preference.products.is_empty() {
        groups = with_releases()
            .map(|(product, versions)| (product.map(str::to_owned), versions.to_vec()))
            .collect();
    }

    (groups.len() <= MAX_PRODUCTS).then_some(groups)
}

/// The words in the titles and file names of the documents without a product.
fn title_words(view: &LibraryView) -> HashSet<String> {
    let documents = view.documents.iter().map(|document| &document.meta);
    documents
        .filter(|meta| meta.facets.product.is_none() && !meta.facets.versions.is_empty())
        .flat_map(|meta| {
            let title = lower_words(&meta.title);
            title.into_iter().chain(lower_words(meta.source.as_str()))
        })
        .collect()
}

fn sentence(
    product: Option<&str>,
    versions: &[Version],
    mentions: &[Mention<'_>],
    view: &LibraryView,
    asks_for_oldest: bool,
) -> String {
    let description = product.and_then(|id| view.description.product(id));
    let title = description
        .and_then(|product| product.title.as_deref())
        .or(product);
    let named = |label: &str| match title {
        Some(title) => format!("{title} {label}"),
        None => label.to_owned(),
    };

    let asked = mentions.first().map(|mention| {
        let has_it = !mention.select(product, view).is_empty();
        let name = named(mention.text);
        match has_it {
            true => format!("{name} is in this library"),
            false => format!("there is no {name} in this library"),
        }
    });
    let end = match asks_for_oldest {
        true => versions.first().map(|oldest| ("oldest", oldest)),
        false => versions.last().map(|newest| ("newest", newest)),
    };
    let asked = asked.or_else(|| {
        let (which, version) = end?;
        Some(format!(
            "the {which} release in this library is {}",
            named(&version.label)
        ))
    });

    let omitted = versions.len().saturating_sub(MAX_LISTED);
    let mut all: Vec<&str> = versions[omitted..]
        .iter()
        .map(|version| version.label.as_str())
        .collect();
    let older = format!("and {omitted} older");
    if omitted > 0 {
        all.push(&older);
    }

    format!(
        "{}; all releases: {}",
        asked.unwrap_or_default(),
        all.join(", ")
    )
}

#[cfg(test)]
mod tests;
