//! Takes release names out of titles and headings, so that the same passage in two releases has the same breadcrumb
//! and shares one vector.

use std::sync::LazyLock;

use mcdewey_core::Version;
use regex::Regex;

const NUMBER: &str = r"v?\d+(?:[._]\d+)*(?:\(\d+[a-z]?\))?";
const UPDATE: &str = r"(?:[\s_-]{0,2}(?:SU|ES|MR|SP|rc|beta)[\s_-]?\d+[a-z]?)?";

/// "Release 12.5(1) and 12.5(2)", with the comma or parenthesis before it.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let one = format!("{NUMBER}{UPDATE}");
    let list = format!(r"{one}(?:\s*(?:,|&|/|\band\b|\bor\b)\s*{one})*");
    Regex::new(&format!(
        r"(?i)[\s,;:(-]*\b(?:releases?|versions?)\s+{list}\)?"
    ))
    .expect("a valid pattern")
});

/// "12.5(1) SU3": a number in this form is nothing but a release.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"(?i)\bv?\d+\.\d+\(\d+[a-z]?\){UPDATE}")).expect("a valid pattern")
});

/// A title or heading without release names.
#[derive(Debug)]
pub(crate) struct ReleaseFilter {
    /// The document's own releases, with and without the leading `v`.
    dotted: Vec<String>,
    /// Those that are plain numbers: in a title they are releases, in a heading they may be anything.
    plain: Vec<String>,
}

impl ReleaseFilter {
    /// A filter for a document of these releases.
    pub(crate) fn new(versions: &[Version]) -> Self {
        let mut labels: Vec<String> = Vec::new();
        for version in versions {
            let label = version.label.to_lowercase();
            labels.extend([label.clone(), version.key.to_string()]);
            labels.extend(label.strip_prefix('v').map(str::to_owned));
        }

        labels.retain(|label| label.chars().any(|c| c.is_ascii_digit()));

        // The longest first, so that 12.5.1 does not leave ".1" behind.
        labels.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        labels.dedup();
        let (plain, dotted) = labels
            .into_iter()
            .partition(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
        Self { dotted, plain }
    }

    /// The document's title without releases.
    pub(crate) fn title(&self, title: &str) -> String {
        let heading = self.heading(title);
        let text = without_words(&heading, &self.plain);
        if text == heading {
            heading
        } else {
            tidy(&text)
        }
    }

    /// A heading without releases.
    pub(crate) fn heading(&self, heading: &str) -> String {
        let text = NAMED.replace_all(heading, " ");
        let text = BARE.replace_all(&text, " ");
        let text = without_words(&text, &self.dotted);
        // What names no release stays as it is, `Macro()` too.
        if text == heading { text } else { tidy(&text) }
    }
}

/// Leaves out `words` where they stand alone; a dot or digit beside them makes another number of them.
fn without_words(text: &str, words: &[String]) -> String {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut text = text.to_owned();
    for word in words {
        let mut from = 0;
        while let Some(found) = find_ignoring_case(&text[from..], word) {
            let (start, end) = (from + found, from + found + word.len());
            let before = text[..start].chars().next_back();
            let mut after = text[end..].chars();
            let (next, second) = (after.next(), after.next());
            let number_goes_on = next.is_some_and(|c| ".(".contains(c))
                && second.is_some_and(|c| c.is_ascii_digit());

            if before.is_some_and(|c| part(c) || c == '.')
                || next.is_some_and(part)
                || number_goes_on
            {
                from = end;
            } else {
                text.replace_range(start..end, "");
                from = start;
            }
        }
    }

    text
}

fn find_ignoring_case(text: &str, lower: &str) -> Option<usize> {
    let starts = text.char_indices().map(|(at, _)| at);
    starts.into_iter().find(|at| {
        text.get(*at..at + lower.len())
            .is_some_and(|slice| slice.eq_ignore_ascii_case(lower))
    })
}

/// One space between words, no emptied parentheses, no punctuation left hanging.
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

    fn filter(releases: &str) -> ReleaseFilter {
        ReleaseFilter::new(
            &VersionScheme::default()
                .versions(releases)
                .unwrap_or_default(),
        )
    }

    #[test]
    fn titles_of_two_releases_become_one() {
        for (releases, title, expected) in [
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
            assert_eq!(filter(releases).title(title), expected, "{title}");
        }
    }

    #[test]
    fn a_plain_number_in_a_heading_stays() {
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
