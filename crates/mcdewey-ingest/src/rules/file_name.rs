//! The built-in rule for versions in file names, the last one: file names are often wrong.

use mcdewey_core::{VersionForm, VersionName};

/// Words after which a version is not that of the document.
const OTHER_VERSIONS: [&str; 10] = [
    "to", "from", "since", "before", "until", "after", "than", "vs", "below", "above",
];

/// Longer names are sentences.
const MAX_NAME_BYTES: usize = 120;

/// Returns the only version in a file name without its extension (`pumpd errors 3.2.1`). It must
/// have several numbers and follow a word: `3.2 Installing` is a numbered section, and `draft-v2`
/// the second draft.
pub(crate) fn version_in_file_name(stem: &str) -> Option<&str> {
    if stem.len() > MAX_NAME_BYTES {
        return None;
    }

    let words = words(stem);
    let mut versions = (0..words.len()).filter_map(|at| version_at(stem, &words, at));
    versions.next().filter(|_| versions.next().is_none())
}

/// Returns the byte positions at which the words of a name start and end.
fn words(stem: &str) -> Vec<(usize, usize)> {
    stem.split([' ', '_', '-', ',', '(', ')'])
        .filter(|word| !word.is_empty())
        .map(|word| {
            let start = word.as_ptr() as usize - stem.as_ptr() as usize;
            (start, start + word.len())
        })
        .collect()
}

/// Returns the longest version that starts with the word at this position.
fn version_at<'a>(stem: &'a str, words: &[(usize, usize)], at: usize) -> Option<&'a str> {
    let (start, first_end) = words[at];
    if !stem[start..first_end].contains('.') {
        return None;
    }

    let before = at.checked_sub(1).map(|before| words[before]);
    match before {
        Some((from, to)) if is_other_version(&stem[from..to]) => return None,
        None if stem[start..].starts_with(|c: char| c.is_ascii_digit()) => return None,
        _ => {}
    }

    let named_from = before.map_or(start, |(from, _)| from);
    words[at..].iter().rev().find_map(|(_, end)| {
        let found = VersionName::parse(&stem[start..*end])?;
        // With the word before it, because a number after "TLS" or "chapter" is no version.
        let is_version = found.form == VersionForm::Explicit
            && found.product.is_none()
            && (named_from == start || names_version(&stem[named_from..*end]));
        is_version.then_some(found.version)
    })
}

fn names_version(text: &str) -> bool {
    let starts_with_digit = text.starts_with(|c: char| c.is_ascii_digit());
    starts_with_digit || VersionName::parse(text).is_some()
}

fn is_other_version(word: &str) -> bool {
    OTHER_VERSIONS
        .iter()
        .any(|other| other.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_follows_a_word() {
        for (stem, version) in [
            ("pumpd errors 3.2.1", Some("3.2.1")),
            ("relayd-7.3-admin", Some("7.3")),
            ("relayd_v7.3_admin", Some("v7.3")),
            ("v7.3", Some("v7.3")),
            ("Box FW1.23 manual", Some("FW1.23")),
            ("release-notes-2.0.0-rc.1", Some("2.0.0-rc.1")),
            ("Guide 2023.2", Some("2023.2")),
            ("backtrace in 13.14.0 and 14.3.0", None),
            ("3.2 Installing", None),
            ("3.2.1", None),
            ("chapter 3.2", None),
            ("tls-1.2-setup", None),
            ("upgrading-from-3.1", None),
            ("2024-05-01-news", None),
            ("report 2024.05.01", None),
            ("proposal-v2", None),
            ("rfc2616", None),
            ("802.1x setup", None),
            ("wired 802.1x", None),
            ("x86_64", None),
            ("guide", None),
            ("", None),
        ] {
            assert_eq!(version_in_file_name(stem), version, "{stem}");
        }
    }
}
