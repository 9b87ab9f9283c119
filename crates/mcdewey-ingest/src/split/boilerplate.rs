//! Boilerplate: stretches that never answer anything. A page of nothing but its number, the widgets around a page of a
//! vendor's web site, tables of contents. They stay in the page for readers and make no passage. Every rule names a
//! shape; what has a sentence, a table or code in it is no stub.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::markdown::{Structure, UnitKind};

use super::is_wordless;
use super::segments::Segment;

/// Fewer entries are no table of contents.
const MIN_ENTRIES: usize = 4;

/// So many of a hundred words of a table of contents stand in its entries.
const ENTRY_WORDS: usize = 80;

/// A line of its own with more words than this says something.
const MAX_REMARK: usize = 6;

/// Widgets that no text of a manual consists of: one of them makes a stub of what stands among links and [`MINOR`].
static WIDGET: LazyLock<Regex> = LazyLock::new(|| {
    let lines = [
        "find matches in this book",
        "customers also viewed( these support documents)?",
        "(was|is) this (document|page|article|topic|content|information) helpful",
        "did (you find )?this (document|page|article|topic) (helpful|help you)",
        "log ?in to save content",
        "view with adobe reader on a variety of devices",
        "pdf ?-? ?(complete book|this chapter)( [\\d. ]+ [km]b)?",
        "book table of contents",
        "(provide|send|give)( us)? feedback( (about|on) this (document|page|article|topic))?",
    ];
    whole_line(&lines.join("|"))
});

/// What stands beside a widget and would be a value elsewhere.
static MINOR: LazyLock<Regex> = LazyLock::new(|| {
    let lines = [
        "yes",
        "no",
        "save",
        "print",
        "close",
        "share",
        "download",
        "results",
        "feedback",
        "translations",
        "chapters?",
        "download options",
        "available languages",
        "contact (us|cisco|support)",
        "open a support case",
        "requires a \\w+ service contract",
        "back to top",
        "pdf",
        "(last )?updated \\w+ \\d+ \\d{4}",
    ];
    whole_line(&lines.join("|"))
});

/// Headings whose sections may be left empty by a converter.
static HISTORY: LazyLock<Regex> = LazyLock::new(|| {
    whole_line(
        "((document|revision|change|version) )?(revision|change|version)s? history|document history",
    )
});

/// Headings whose lists answer a question even where they are links: what is new, what is supported.
static ANSWERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:new|news|change[sd]?|changelog|features?|fixe[sd]|known|issues|limitations|requirements|supported|deprecated|removed|legacy|references|rfcs?|standards)\b")
        .expect("a valid pattern")
});

static LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\](?:\([^()\s]*(?:\s[^()]*)?\)|\[[^\[\]]*\])|<?https?://[^\s<>]+>?|(?s:<a\s[^>]*>.*?</a>)")
        .expect("a valid pattern")
});

/// "Barge ........ 117", "Barge . . . . 3-12", also with an ellipsis.
static LEADERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:(?:\.\s?){4,}|(?:…\s?){2,})\s*(?:\d{1,4}|[ivxlc]{1,7}|[A-Z\d]{1,3}-\d{1,4})\W*$",
    )
    .expect("a valid pattern")
});

fn whole_line(pattern: &str) -> Regex {
    Regex::new(&format!("^(?:{pattern})$")).expect("a valid pattern")
}

/// Whether a page holds nothing but, perhaps, its own printed number. Numbers without letters can be a table's rows.
pub(super) fn is_number(text: &str) -> bool {
    let mut words = text.split_whitespace().filter(|word| !is_wordless(word));
    !text.contains(char::is_alphabetic) && words.nth(1).is_none()
}

/// Leaves out the stubs among a page's segments, and headings that have nothing but a stub below them.
pub(super) fn without_boilerplate<'a>(
    text: &str,
    structure: &Structure,
    segments: Vec<Segment<'a>>,
) -> Vec<Segment<'a>> {
    let mut kept: Vec<Segment<'a>> = Vec::new();
    let (mut next_level, mut next_is_stub) = (0, false);
    for segment in segments.into_iter().rev() {
        let level = segment
            .headings
            .first()
            .map_or(u8::MAX, |heading| heading.level);

        let stub = if segment.is_bare(text) {
            // A section is not empty when its text stands in sections below it.
            next_is_stub || (next_level <= level && names_a_block(&segment))
        } else {
            is_stub(text, structure, &segment)
        };

        (next_level, next_is_stub) = (level, stub);
        if !stub {
            kept.push(segment);
        }
    }

    kept.reverse();
    kept
}

fn title(segment: &Segment<'_>) -> String {
    segment
        .headings
        .first()
        .map(|heading| plain(&heading.title))
        .unwrap_or_default()
}

/// Whether a heading is that of a block which converters leave empty.
fn names_a_block(segment: &Segment<'_>) -> bool {
    let title = title(segment);
    HISTORY.is_match(&title) || WIDGET.is_match(&title)
}

fn is_stub(text: &str, structure: &Structure, segment: &Segment<'_>) -> bool {
    let range = segment.lead..segment.range.end;
    let body = &text[range.clone()];
    let title = title(segment);
    !has_values(structure, &range)
        && (is_widgets(&title, body) || (!ANSWERS.is_match(&title) && is_contents(body)))
}

/// Whether a table or a code block stands in `range`.
fn has_values(structure: &Structure, range: &Range<usize>) -> bool {
    let touched = |other: &Range<usize>| other.start < range.end && other.end > range.start;
    structure
        .units
        .iter()
        .any(|unit| unit.kind != UnitKind::Item && touched(&unit.range))
}

/// Whether every line is a widget's or a link, and one of them or the heading names the widget.
fn is_widgets(heading: &str, body: &str) -> bool {
    let mut named = WIDGET.is_match(heading);
    let mut any = false;
    for line in body.lines().filter(|line| !is_wordless(line)) {
        let words = plain(line);
        let widget = WIDGET.is_match(&words);
        named |= widget;
        any = true;
        if !widget && !MINOR.is_match(&words) && outside_links(line) > 0 {
            return false;
        }
    }

    named && any
}

/// Whether it is a list of links or of titles with page numbers, and next to nothing else.
fn is_contents(body: &str) -> bool {
    let (mut entries, mut inside, mut outside) = (0, 0, 0);
    for line in body.lines().filter(|line| !is_wordless(line)) {
        let words = count_words(line);
        let beside = if LEADERS.is_match(line) {
            0
        } else {
            outside_links(line).min(words)
        };

        let linked = words > beside;
        if !linked && words > MAX_REMARK {
            return false;
        }

        entries += usize::from(linked);
        inside += words - beside;
        outside += beside;
    }

    entries >= MIN_ENTRIES && inside * 100 >= (inside + outside) * ENTRY_WORDS
}

/// The words of a line that stand in no link.
fn outside_links(line: &str) -> usize {
    count_words(&LINK.replace_all(line, " "))
}

/// Words with letters: numbers count entries and pages.
fn count_words(text: &str) -> usize {
    text.split_whitespace()
        .filter(|word| word.contains(char::is_alphabetic))
        .count()
}

/// A line's words in lower case, without markup, link targets and punctuation.
fn plain(line: &str) -> String {
    static TARGET: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\]\([^()]*\)").expect("a valid pattern"));

    let line = TARGET.replace_all(line, " ").to_lowercase();
    let words = line.replace(|c: char| !c.is_alphanumeric() && c != '.' && c != '-', " ");
    words
        .split_whitespace()
        .map(|word| word.trim_matches(['.', '-']))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::breadcrumb::HeadingPath;
    use super::super::segments::segments;
    use super::*;
    use crate::markdown::{Dialect, parse};

    /// The first lines of the segments that are left of a document of one page.
    fn left(text: &str) -> Vec<String> {
        let parsed = parse(&format!("<!-- page: 1 -->\n{text}"), "x", Dialect::Markdown);
        let page = &parsed.pages[0];
        let text = page.page.text.as_str();

        let found = segments(
            text,
            0..text.len(),
            &page.structure.headings,
            &mut HeadingPath::default(),
        );

        let left = without_boilerplate(text, &page.structure, found);
        left.iter()
            .filter_map(|segment| {
                text[segment.range.clone()]
                    .trim()
                    .lines()
                    .next()
                    .map(str::to_owned)
            })
            .collect()
    }

    #[test]
    fn shapes_of_stubs() {
        let links = "- [Barge](b.html)\n- [Silent monitor](m.html)\n- [Hold](h.html)\n- [Call recording](r.html)\n";
        let cases = [
            links.to_owned(),
            format!("## In this chapter\n\n{links}"),
            format!("**Topics**\n{links}"),
            "1. <a href=\"b.html\">Barge</a>\n2. <a href=\"c.html\">Calls</a>\n3. https://x.example/a\n4. [Hold][h]\n".to_owned(),
            "# Contents\n\nPreface ..... ix\n\nBarge calls . . . . . . . . 117\n\nHold calls ........ 118\n\nIndex ...... A-12\n"
                .to_owned(),
            "# The guide\n\nFind Matches in This Book\n\nLog in to Save Content\n\nAvailable Languages\n\nDownload Options\n\n- [Preface](p.html)\n"
                .to_owned(),
            "PDF - Complete Book (3.21 MB)\n\nPDF - This Chapter (1.1 MB)\n\nView with Adobe Reader on a variety of devices\n\nUpdated: June 14, 2016\n"
                .to_owned(),
            "## Customers Also Viewed\n\n- [Another guide](a.html)\n".to_owned(),
            "Was this Document Helpful?\n\nYes\n\nNo\n\n[Feedback](f)\n".to_owned(),
            "## Revision History\n".to_owned(),
            "## Was this page helpful?\n".to_owned(),
        ];

        for case in cases {
            assert_eq!(left(&case), [""; 0], "{case:?}");
        }
    }

    #[test]
    fn what_says_something_is_no_stub() {
        let cases = [
            // Links with descriptions.
            "- [Barge](b): joins a call of an agent\n- [Hold](h): parks the caller\n- [End](e): ends it\n- [Mute](m): says nothing\n",
            // A list of values, and of names.
            "- yes\n- no\n- feedback\n- close\n",
            "- `acks`\n- `linger.ms`\n- `retries`\n- `batch.size`\n",
            "## New features in July\n\n- [Barge](b)\n- [Hold](h)\n- [End](e)\n- [Mute](m)\n",
            // Few links.
            "See also:\n\n- [Barge](b)\n- [Hold](h)\n",
            // A sentence before the links, or around them.
            "Supervisors use these features to help their agents:\n\n- [Barge](b)\n- [Hold](h)\n- [End](e)\n- [Mute](m)\n",
            "The [barge](b) ends\nwhen [hold](h) is pressed\nor the [agent](a) leaves\nthe [call](c) by hand\n",
            // Tables and code.
            "| [Barge](b) | [117](b) |\n|---|---|\n| [Hold](h) | [118](h) |\n| [End](e) | [119](e) |\n| [Mute](m) | [120](m) |\n",
            "Find Matches in This Book\n\n```\nls\n```\n",
            // A history that is one, and a widget's words in prose.
            "## Revision history\n\n12.5: barge was added.\n",
            "## Feedback\n",
            "Was this document helpful? Write to us, and name the page you mean.\n",
            // A link within a word.
            "pre[a](b)post\npre[a](b)post\npre[a](b)post\npre[a](b)post\n",
            "Wait .... 10\n",
            "20700\n20999\n",
        ];

        for case in cases {
            assert_eq!(left(case).len(), 1, "{case:?}");
        }

        assert_eq!(
            left(&format!(
                "# Guide\n\n## Contents\n\n{}\n## Calls\n\nText\n",
                "- [Hold](h)\n".repeat(5)
            )),
            ["## Calls"]
        );
        assert_eq!(
            left("## Revision history\n\n### 12.5\n\nBarge was added.\n").len(),
            2
        );
    }

    #[test]
    fn a_page_may_hold_its_number_alone() {
        let cases = [
            ("118", true),
            ("\n- 118 -\n\n---", true),
            ("", true),
            ("8443 5222", false),
            ("Page", false),
        ];

        for (text, expected) in cases {
            assert_eq!(is_number(text), expected, "{text:?}");
        }
    }
}
