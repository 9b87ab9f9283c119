//! The built-in rules for titles: the versions and the product that they name.

use std::sync::LazyLock;

use mcdewey_core::{LibraryDescription, VersionName};
use regex::Regex;

/// Matches one version in a text, after a word such as "release": `12.5(1) SU3`, `v3.9`,
/// `12_5_1_su3`, `R12.1SP2`, `4.0 Update 3`.
pub(crate) const VERSION_IN_TEXT: &str = concat!(
    r"(?:v?\d+|[a-z]{1,4}\d+\.\d+)(?:[._]\d+)*(?:[._]x)?(?:\(\d+[a-z]?\))?",
    r"(?:[a-z]{1,3}\d+(?:\.\d+)*|[a-z]\b)?",
    r"(?:[\s_.-]{0,2}(?:SU|ES|MR|SP|rc|beta|alpha|update|patch|hotfix|service pack|U|S)",
    r"[\s_.-]?\d+[a-z]?)?(?:\+[\w.-]*\w)?",
);

/// Words before a version that say that it is another one.
const OTHER_VERSIONS: &str = r"from|since|before|until|than|below|above|prior to";

/// "…, Release 12.5(1) and 12.5(2)", with the word before "Release".
static AFTER_WORD: LazyLock<Regex> = LazyLock::new(|| {
    compile(&format!(
        r"(?:([\w-]+)\s+)?\b(?:releases?|versions?)\s+({VERSION_IN_TEXT}{})(?:\.?$|[^\w.])",
        list_of_versions()
    ))
});

/// "Relayd v7.3 Administration", "FW1.23 Release Notes".
static WITH_LETTERS: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?:^|[\s(,:-])((?:v|r|fw)\d+(?:\.\d+)+(?:\(\d+\))?(?:[a-z]{1,3}\d*)?(?:[-.](?:rc|beta|alpha)[.-]?\d+)?)(?:$|[\s),:;-])",
    )
});

static OTHER: LazyLock<Regex> =
    LazyLock::new(|| compile(&format!(r"(?:\b(?:to|{OTHER_VERSIONS}))\s*$")));

fn compile(pattern: &str) -> Regex {
    Regex::new(&format!("(?i){pattern}")).expect("a valid pattern")
}

fn list_of_versions() -> String {
    format!(r"(?:\s*(?:,|&|/|\band\b|\bor\b)\s*{VERSION_IN_TEXT})*")
}

/// Returns the versions that a title names, as written: after the word "release" or "version", with
/// a letter of versions, or after one of the product's `names`.
pub(crate) fn versions_in_title<'a>(title: &'a str, names: &[&str]) -> Option<&'a str> {
    after_word(title)
        .or_else(|| with_letters(title))
        .or_else(|| names.iter().find_map(|name| after_name(title, name)))
}

fn after_word(title: &str) -> Option<&str> {
    AFTER_WORD.captures_iter(title).find_map(|found| {
        let versions = found.get(2)?.as_str();
        let is_other = found
            .get(1)
            .is_some_and(|word| is_other_subject(word.as_str(), versions));
        (!is_other).then_some(versions)
    })
}

/// Reports whether "TLS version 1.2" or "since release 3" speak of something else.
fn is_other_subject(word: &str, version: &str) -> bool {
    let is_preposition = compiled_other(word);
    is_preposition
        || (VersionName::parse(version).is_some()
            && VersionName::parse(&format!("{word} {version}")).is_none())
}

fn compiled_other(word: &str) -> bool {
    OTHER_VERSIONS
        .split('|')
        .any(|other| other.eq_ignore_ascii_case(word))
}

fn with_letters(title: &str) -> Option<&str> {
    let found = WITH_LETTERS.captures(title)?.get(1)?;
    (!OTHER.is_match(&title[..found.start()])).then_some(found.as_str())
}

/// Returns the version directly after a product's name. One number without dots is a version only
/// after a name at the start of the title ("Asterisk 22 Administration Guide").
fn after_name<'a>(title: &'a str, name: &str) -> Option<&'a str> {
    // Cheaper than the pattern, which is compiled for each name.
    if !title.to_lowercase().contains(&name.to_lowercase()) {
        return None;
    }

    let pattern = format!(
        r"(?:^|[^\w]){}\s+(?:v|version\s+|release\s+)?({VERSION_IN_TEXT}{})(?:[.:]?$|[^\w.])",
        regex::escape(name),
        list_of_versions()
    );
    let found = Regex::new(&format!("(?i){pattern}"))
        .ok()?
        .captures(title)?;
    let (whole, versions) = (found.get(0)?, found.get(1)?);

    let is_one_number = versions.as_str().bytes().all(|byte| byte.is_ascii_digit());
    let is_other = OTHER.is_match(&title[..whole.start()]);
    let is_named = VersionName::parse(versions.as_str()).is_some()
        || versions.as_str().contains([',', ' ', '/', '&']);

    (is_named && !is_other && (!is_one_number || whole.start() == 0)).then_some(versions.as_str())
}

/// Returns the product that a title names by its id, its title or an alias of this product alone.
/// Where it names several, it is about none of them.
pub(super) fn product_in_title<'a>(
    title: &str,
    description: &'a LibraryDescription,
) -> Option<&'a str> {
    let padded = format!(" {} ", words_of(title));
    let names = |name: &str| {
        let words = words_of(name);
        !words.is_empty() && padded.contains(&format!(" {words} "))
    };

    let mut found = description
        .products
        .iter()
        .filter(|product| {
            names(&product.id)
                || product.title.as_deref().is_some_and(names)
                || description
                    .aliases
                    .iter()
                    .filter(|alias| alias.products == [product.id.clone()])
                    .any(|alias| alias.names.iter().any(|name| names(name)))
        })
        .map(|product| product.id.as_str());

    found.next().filter(|_| found.next().is_none())
}

/// Returns the words of a text in lower case with single spaces between them.
fn words_of(text: &str) -> String {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_titles() {
        for (title, expected) in [
            ("Developer Guide, Release 12.5(1) SU2", Some("12.5(1) SU2")),
            ("Developer Guide, Release 12.5(1)SU3", Some("12.5(1)SU3")),
            (
                "Guide for Releases 12.5(1) and 12.5(2)",
                Some("12.5(1) and 12.5(2)"),
            ),
            ("Guide, Release 14, 15 or 15.1", Some("14, 15 or 15.1")),
            ("Operations, version 3.9", Some("3.9")),
            ("Feature Guide, Release 15 and Later", Some("15")),
            ("About version 3.9.", Some("3.9")),
            ("Box Manual, Release R12.1SP2", Some("R12.1SP2")),
            ("Box Manual, Version 4.0 Update 3", Some("4.0 Update 3")),
            ("Switch Guide, Release 15.2(7)E3", Some("15.2(7)E3")),
            ("Relayd v7.3 Administration", Some("v7.3")),
            ("FW1.23 release notes", Some("FW1.23")),
            ("Relayd 7.3: Operations", Some("7.3")),
            ("Relayd 7 Guide", Some("7")),
            ("Errors of Relayd 7.3", Some("7.3")),
            ("Release 2.0 and A4 paper", Some("2.0")),
            ("Release Notes", None),
            ("Released 2016 in May", None),
            ("Subversion 3", None),
            ("Guide 12.5", None),
            ("TLS version 1.2 settings", None),
            ("Changes since release 7.2", None),
            ("Upgrading to Relayd 7.3", None),
            ("Errors of Relayd 7", None),
            ("Relayd 7.3.2 and TLS 1.2", Some("7.3.2")),
        ] {
            assert_eq!(versions_in_title(title, &["relayd"]), expected, "{title}");
        }
    }

    #[test]
    fn a_title_names_one_declared_product() {
        let description = LibraryDescription {
            products: ["finesse", "uccx"]
                .map(|id| mcdewey_core::Product {
                    id: id.to_owned(),
                    title: Some(format!("Cisco {id}")),
                    ..Default::default()
                })
                .to_vec(),
            aliases: vec![mcdewey_core::Alias {
                names: vec!["Unified CCX".to_owned()],
                products: vec!["uccx".to_owned()],
            }],
        };

        let product = |title| product_in_title(title, &description);
        assert_eq!(product("Cisco Finesse Guide"), Some("finesse"));
        assert_eq!(product("Guide for Unified CCX"), Some("uccx"));
        assert_eq!(product("Finesse and UCCX"), None);
        assert_eq!(product("Finessed guide"), None);
    }
}
