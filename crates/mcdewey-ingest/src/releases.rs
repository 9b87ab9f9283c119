//! Removes version names from titles and headings, so that the same chunk in two versions of a
//! document has the same breadcrumb and shares one vector.

use std::sync::LazyLock;

use mcdewey_core::Version;
use regex::Regex;

use crate::rules::VERSION_IN_TEXT;

/// Matches "Release 12.5(1) and 12.5(2)", including a comma or parenthesis before it.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let one = VERSION_IN_TEXT;
    let list = format!(r"{one}(?:\s*(?:,|&|/|\band\b|\bor\b)\s*{one})*");
    Regex::new(&format!(
        r"(?i)[\s,;:(-]*\b(?:releases?|versions?)\s+{list}\)?"
    ))
    .expect("the pattern is valid")
});

/// Matches "12.5(1) SU3": a number in this form is always a version.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\bv?\d+\.\d+\(\d+[a-z]?\)(?:[\s_-]{0,2}(?:SU|ES|MR|SP|rc|beta)[\s_-]?\d+[a-z]?)?",
    )
    .expect("the pattern is valid")
});

/// Removes the names of versions, including those of one document, from its title and headings.
#[derive(Debug)]
pub(crate) struct ReleaseFilter {
    /// Names of the document's versions, in lower case, with and without a leading `v`.
    dotted: Vec<String>,
    /// Those that consist only of digits. In a title they are versions; in a heading they may be
    /// anything.
    numeric: Vec<String>,
}

impl ReleaseFilter {
    /// Creates a filter for a document of these versions.
    pub(crate) fn new(versions: &[Version]) -> Self {
        let mut labels: Vec<String> = Vec::new();
        for version in versions {
            let label = version.label.to_lowercase();
            labels.extend([label.clone(), version.key.to_string()]);
            labels.extend(label.strip_prefix('v').map(str::to_owned));
        }

        labels.retain(|label| label.chars().any(|c| c.is_ascii_digit()));

        // Longest first, so that removing 12.5 does not leave ".1" of 12.5.1 behind.
        labels.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        labels.dedup();

        let (numeric, dotted) = labels
            .into_iter()
            .partition(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
        Self { dotted, numeric }
    }

    /// Returns a document title without version names.
    pub(crate) fn title(&self, title: &str) -> String {
        let heading = self.heading(title);
        let text = remove_words(&heading, &self.numeric);
        if text == heading {
            heading
        } else {
            tidy(&text)
        }
    }

    /// Returns a heading without version names.
    pub(crate) fn heading(&self, heading: &str) -> String {
        let text = NAMED.replace_all(heading, " ");
        let text = BARE.replace_all(&text, " ");
        let text = remove_words(&text, &self.dotted);

        // A heading without a version name is returned as it is: `tidy` would turn `Macro ()` into
        // `Macro`.
        if text == heading { text } else { tidy(&text) }
    }
}

/// Removes `words`, given in lower case, where they stand alone. Next to a dot or a digit they are
/// part of another number and stay.
fn remove_words(text: &str, words: &[String]) -> String {
    let mut text = text.to_owned();
    for word in words {
        let mut from = 0;
        while let Some(found) = find_ignoring_case(&text[from..], word) {
            let (start, end) = (from + found, from + found + word.len());
            if stands_alone(&text, start, end) {
                text.replace_range(start..end, "");
                from = start;
            } else {
                from = end;
            }
        }
    }

    text
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let mut after = text[end..].chars();
    let (next, second) = (after.next(), after.next());
    let number_continues =
        next.is_some_and(|c| ".(".contains(c)) && second.is_some_and(|c| c.is_ascii_digit());

    !before.is_some_and(|c| is_word_char(c) || c == '.')
        && !next.is_some_and(is_word_char)
        && !number_continues
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn find_ignoring_case(text: &str, lower: &str) -> Option<usize> {
    text.char_indices().map(|(at, _)| at).find(|at| {
        text.get(*at..at + lower.len())
            .is_some_and(|slice| slice.eq_ignore_ascii_case(lower))
    })
}

/// Normalises white space and removes emptied parentheses and dangling punctuation.
fn tidy(text: &str) -> String {
    let text = text.replace(" ()", " ").replace(" []", " ");
    let text = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" ,", ",");

    text.trim_matches([' ', ',', ';', ':', '-', '–', '/'])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use mcdewey_core::VersionScheme;

    use super::*;

    fn filter(versions: &str) -> ReleaseFilter {
        ReleaseFilter::new(
            &VersionScheme::default()
                .versions(versions)
                .unwrap_or_default(),
        )
    }

    #[test]
    fn titles_lose_their_version_names() {
        for (versions, title, expected) in [
            (
                "12.5(1) SU2",
                "Developer Guide, Release 12.5(1) SU2",
                "Developer Guide",
            ),
            (
                "12.5(1), 12.5(2)",
                "Developer Guide (Releases 12.5(1) and 12.5(2))",
                "Developer Guide",
            ),
            (
                "22",
                "Asterisk 22 Administration Guide",
                "Asterisk Administration Guide",
            ),
            (
                "v15",
                "Feature Guide for Communications Manager, Release 15",
                "Feature Guide for Communications Manager",
            ),
            ("v3.9", "Kafka 3.9: Operations", "Kafka : Operations"),
            ("R12.1SP2", "Box Guide, Release R12.1SP2", "Box Guide"),
            (
                "4.0 Update 3",
                "Box Guide, Version 4.0 Update 3",
                "Box Guide",
            ),
            ("FW1.23", "Box FW1.23 guide", "Box guide"),
            ("3.2.1", "Pumpd errors 3.2.1", "Pumpd errors"),
            (
                "",
                "Drops after an upgrade to 12.5(1)SU3 on TLS 1.2",
                "Drops after an upgrade to on TLS 1.2",
            ),
            (
                "17",
                "PostgreSQL 17.4 and 175 notes",
                "PostgreSQL 17.4 and 175 notes",
            ),
            ("", "Release Notes", "Release Notes"),
        ] {
            assert_eq!(filter(versions).title(title), expected, "{title}");
        }
    }

    #[test]
    fn a_number_without_dots_is_removed_from_titles_only() {
        assert_eq!(filter("22").heading("Cause code 22"), "Cause code 22");
        assert_eq!(filter("22").title("Macro() in 22 (22)"), "Macro() in");
        assert_eq!(filter("22").title("Macro()"), "Macro()");
        assert_eq!(filter("v12.5").heading("New in v12.5"), "New in");
        assert_eq!(
            filter("12.5").heading("Port 112.5 and 12.5.1"),
            "Port 112.5 and 12.5.1"
        );
    }
}
