//! Recognises boilerplate, text that never answers a question: pages with only a page number, the
//! widgets of a vendor's web site, tables of contents.
//!
//! Boilerplate stays on its page for readers but is not indexed. Every rule describes a shape of
//! text; text with a sentence, a table or code is never boilerplate.

use std::ops::Range;
use std::sync::LazyLock;

use mcdewey_markdown::{Structure, UnitKind};
use regex::Regex;

use super::is_wordless;
use super::segments::Segment;

/// Fewer entries do not make a table of contents.
const MIN_ENTRIES: usize = 4;

/// The percentage of words in a table of contents that must be in its entries.
const MIN_ENTRY_PERCENT: usize = 80;

/// A line without a link that has more words is content.
const MAX_REMARK_WORDS: usize = 6;

/// Lines of web site widgets that never occur as a line of a manual. One of them makes a segment
/// boilerplate whose other lines are links or [`WIDGET_DETAIL`]s.
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

/// Lines that belong to a widget when they are next to one, and would be content elsewhere.
static WIDGET_DETAIL: LazyLock<Regex> = LazyLock::new(|| {
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

/// Headings whose sections a converter may leave empty.
static HISTORY_HEADING: LazyLock<Regex> = LazyLock::new(|| {
    whole_line(
        "((document|revision|change|version) )?(revision|change|version)s? history|document history",
    )
});

/// Headings whose lists answer a question even if the items are links: what is new, what is
/// supported.
static ANSWER_HEADING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b(?:
            new|news|change[sd]?|changelog|features?|fixe[sd]|known|issues|limitations|requirements|
            supported|deprecated|removed|legacy|references|rfcs?|standards
        )\b",
    )
    .expect("a valid pattern")
});

static LINK: LazyLock<Regex> = LazyLock::new(|| {
    let inline_or_reference =
        r"\[(?:[^\[\]]|\[[^\[\]]*\])*\](?:\([^()\s]*(?:\s[^()]*)?\)|\[[^\[\]]*\])";
    let bare = r"<?https?://[^\s<>]+>?";
    let html = r"(?s:<a\s[^>]*>.*?</a>)";
    Regex::new(&format!("{inline_or_reference}|{bare}|{html}")).expect("a valid pattern")
});

/// Lines with dot leaders: "Barge ........ 117", "Barge . . . . 3-12", also with an ellipsis.
static DOT_LEADERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:(?:\.\s?){4,}|(?:…\s?){2,})\s*(?:\d{1,4}|[ivxlc]{1,7}|[A-Z\d]{1,3}-\d{1,4})\W*$",
    )
    .expect("a valid pattern")
});

fn whole_line(pattern: &str) -> Regex {
    Regex::new(&format!("^(?:{pattern})$")).expect("a valid pattern")
}

/// Reports whether a page has at most its own printed number. Several numbers may be the rows of a
/// table.
pub(super) fn has_only_page_number(text: &str) -> bool {
    let mut words = text.split_whitespace().filter(|word| !is_wordless(word));
    !text.contains(char::is_alphabetic) && words.nth(1).is_none()
}

/// Removes a page's boilerplate segments, and headings with only boilerplate below them.
pub(super) fn without_boilerplate<'a>(
    text: &str,
    structure: &Structure,
    segments: Vec<Segment<'a>>,
) -> Vec<Segment<'a>> {
    let mut kept: Vec<Segment<'a>> = Vec::new();
    let mut next_level = 0;
    let mut next_is_boilerplate = false;

    // Backwards, because a heading without text depends on the segment after it.
    for segment in segments.into_iter().rev() {
        let level = segment
            .headings
            .first()
            .map_or(u8::MAX, |heading| heading.level);

        let is_boilerplate = if segment.has_no_body(text) {
            // A section is not empty if its text is in subsections.
            let has_subsections = next_level > level;
            next_is_boilerplate || (!has_subsections && has_boilerplate_heading(&segment))
        } else {
            has_boilerplate_body(text, structure, &segment)
        };

        (next_level, next_is_boilerplate) = (level, is_boilerplate);
        if !is_boilerplate {
            kept.push(segment);
        }
    }

    kept.reverse();
    kept
}

fn plain_title(segment: &Segment<'_>) -> String {
    segment
        .headings
        .first()
        .map(|heading| plain_words(&heading.title))
        .unwrap_or_default()
}

/// Reports whether the heading is that of a section that converters leave empty.
fn has_boilerplate_heading(segment: &Segment<'_>) -> bool {
    let title = plain_title(segment);
    HISTORY_HEADING.is_match(&title) || WIDGET.is_match(&title)
}

fn has_boilerplate_body(text: &str, structure: &Structure, segment: &Segment<'_>) -> bool {
    let range = segment.body_start..segment.range.end;
    let body = &text[range.clone()];
    let title = plain_title(segment);
    !has_table_or_code(structure, &range)
        && (is_widget(&title, body)
            || (!ANSWER_HEADING.is_match(&title) && is_table_of_contents(body)))
}

fn has_table_or_code(structure: &Structure, range: &Range<usize>) -> bool {
    structure.units.iter().any(|unit| {
        unit.kind != UnitKind::Item && unit.range.start < range.end && unit.range.end > range.start
    })
}

/// Reports whether every line is part of a widget or a link, and one of them or the heading
/// identifies the widget.
fn is_widget(heading: &str, body: &str) -> bool {
    let mut is_identified = WIDGET.is_match(heading);
    let mut has_lines = false;
    for line in body.lines().filter(|line| !is_wordless(line)) {
        has_lines = true;

        let words = plain_words(line);
        if WIDGET.is_match(&words) {
            is_identified = true;
        } else if !WIDGET_DETAIL.is_match(&words) && count_words_outside_links(line) > 0 {
            return false;
        }
    }

    is_identified && has_lines
}

/// Reports whether the text is a list of links, or of titles with page numbers, with little else in
/// it.
fn is_table_of_contents(body: &str) -> bool {
    let mut entries = 0;
    let mut words_inside = 0;
    let mut words_outside = 0;
    for line in body.lines().filter(|line| !is_wordless(line)) {
        let words = count_words(line);
        let outside = if DOT_LEADERS.is_match(line) {
            0
        } else {
            // Replacing a link inside a word can leave more words than the line has.
            count_words_outside_links(line).min(words)
        };

        let is_entry = words > outside;
        if !is_entry && words > MAX_REMARK_WORDS {
            return false;
        }

        entries += usize::from(is_entry);
        words_inside += words - outside;
        words_outside += outside;
    }

    let all_words = words_inside + words_outside;
    entries >= MIN_ENTRIES && words_inside * 100 >= all_words * MIN_ENTRY_PERCENT
}

fn count_words_outside_links(line: &str) -> usize {
    count_words(&LINK.replace_all(line, " "))
}

/// Counts words with letters; numbers are those of entries and pages.
fn count_words(text: &str) -> usize {
    text.split_whitespace()
        .filter(|word| word.contains(char::is_alphabetic))
        .count()
}

/// Returns a line's words in lower case, without markup, link targets and punctuation.
fn plain_words(line: &str) -> String {
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
    use super::super::segments::divide_into_segments;
    use super::*;
    use crate::parse::{Dialect, parse};

    /// Returns the first line of each segment that is kept of a one-page document.
    fn kept_segments(text: &str) -> Vec<String> {
        let parsed = parse(&format!("<!-- page: 1 -->\n{text}"), "x", Dialect::Markdown);
        let page = &parsed.pages[0];
        let text = page.page.text.as_str();

        let segments = divide_into_segments(
            text,
            0..text.len(),
            &page.structure.headings,
            &mut HeadingPath::default(),
        );

        without_boilerplate(text, &page.structure, segments)
            .iter()
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
    fn every_shape_of_boilerplate_is_removed() {
        let links = "- [Barge](b.html)\n- [Silent monitor](m.html)\n\
                     - [Hold](h.html)\n- [Call recording](r.html)\n";
        let cases = [
            links.to_owned(),
            format!("## In this chapter\n\n{links}"),
            format!("**Topics**\n{links}"),
            "1. <a href=\"b.html\">Barge</a>\n2. <a href=\"c.html\">Calls</a>\n\
             3. https://x.example/a\n4. [Hold][h]\n"
                .to_owned(),
            "# Contents\n\nPreface ..... ix\n\nBarge calls . . . . . . . . 117\n\n\
             Hold calls ........ 118\n\nIndex ...... A-12\n"
                .to_owned(),
            "# The guide\n\nFind Matches in This Book\n\nLog in to Save Content\n\n\
             Available Languages\n\nDownload Options\n\n- [Preface](p.html)\n"
                .to_owned(),
            "PDF - Complete Book (3.21 MB)\n\nPDF - This Chapter (1.1 MB)\n\n\
             View with Adobe Reader on a variety of devices\n\nUpdated: June 14, 2016\n"
                .to_owned(),
            "## Customers Also Viewed\n\n- [Another guide](a.html)\n".to_owned(),
            "Was this Document Helpful?\n\nYes\n\nNo\n\n[Feedback](f)\n".to_owned(),
            "## Revision History\n".to_owned(),
            "## Was this page helpful?\n".to_owned(),
        ];

        for case in cases {
            assert_eq!(kept_segments(&case), [""; 0], "{case:?}");
        }
    }

    #[test]
    fn content_that_resembles_boilerplate_is_kept() {
        let cases = [
            // Links with descriptions.
            "- [Barge](b): joins a call of an agent\n- [Hold](h): parks the caller\n\
             - [End](e): ends it\n- [Mute](m): says nothing\n",
            // A list of values, and of names.
            "- yes\n- no\n- feedback\n- close\n",
            "- `acks`\n- `linger.ms`\n- `retries`\n- `batch.size`\n",
            "## New features in July\n\n- [Barge](b)\n- [Hold](h)\n- [End](e)\n- [Mute](m)\n",
            // Few links.
            "See also:\n\n- [Barge](b)\n- [Hold](h)\n",
            // A sentence before the links, or around them.
            "Supervisors use these features to help their agents:\n\n\
             - [Barge](b)\n- [Hold](h)\n- [End](e)\n- [Mute](m)\n",
            "The [barge](b) ends\nwhen [hold](h) is pressed\n\
             or the [agent](a) leaves\nthe [call](c) by hand\n",
            // Tables and code.
            "| [Barge](b) | [117](b) |\n|---|---|\n| [Hold](h) | [118](h) |\n\
             | [End](e) | [119](e) |\n| [Mute](m) | [120](m) |\n",
            "Find Matches in This Book\n\n```\nls\n```\n",
            // A history with content, and a widget's words in prose.
            "## Revision history\n\n12.5: barge was added.\n",
            "## Feedback\n",
            "Was this document helpful? Write to us, and name the page you mean.\n",
            // A link inside a word.
            "pre[a](b)post\npre[a](b)post\npre[a](b)post\npre[a](b)post\n",
            "Wait .... 10\n",
            "20700\n20999\n",
        ];

        for case in cases {
            assert_eq!(kept_segments(case).len(), 1, "{case:?}");
        }

        assert_eq!(
            kept_segments(&format!(
                "# Guide\n\n## Contents\n\n{}\n## Calls\n\nText\n",
                "- [Hold](h)\n".repeat(5)
            )),
            ["## Calls"]
        );
        assert_eq!(
            kept_segments("## Revision history\n\n### 12.5\n\nBarge was added.\n").len(),
            2
        );
    }

    #[test]
    fn pages_with_only_their_number_are_recognised() {
        let cases = [
            ("118", true),
            ("\n- 118 -\n\n---", true),
            ("", true),
            ("8443 5222", false),
            ("Page", false),
        ];

        for (text, expected) in cases {
            assert_eq!(has_only_page_number(text), expected, "{text:?}");
        }
    }
}
