//! Finds running headers and footers: lines that a converter repeats at the top or bottom of most
//! pages. They stay in the page's text but are excluded from its chunks.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use mcdewey_core::{Page, PageRef};
use mcdewey_markdown::collapse_whitespace;
use regex::Regex;

/// With fewer pages, repetition is not significant.
const MIN_PAGES: usize = 3;

/// A longer line is text that happens to be repeated.
const MAX_LINE_BYTES: usize = 120;

/// The maximum number of lines in a header or footer.
const MAX_LINES: usize = 3;

/// Header and footer comments, which one of the converters writes next to its page markers.
static COMMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^<!--\s*Page(?:Header|Footer)\s*=.*-->$").expect("a valid pattern")
});

/// Returns for each page the byte range of its text without running headers and footers.
pub(crate) fn content_ranges(pages: &[Page]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = pages.iter().map(|page| 0..page.text.len()).collect();
    strip_comments(pages, &mut ranges);
    let without_comments = ranges.clone();

    for edge in [Edge::Top, Edge::Bottom] {
        for _ in 0..MAX_LINES {
            if !strip_repeated_lines(pages, &mut ranges, edge) {
                break;
            }
        }
    }

    // If most pages would have no text left, the repeated lines are what the document consists of.
    if count_with_text(pages, &ranges) * 2 < count_with_text(pages, &without_comments) {
        without_comments
    } else {
        ranges
    }
}

fn count_with_text(pages: &[Page], ranges: &[Range<usize>]) -> usize {
    pages
        .iter()
        .zip(ranges)
        .filter(|(page, range)| page.text[(*range).clone()].contains(char::is_alphabetic))
        .count()
}

#[derive(Clone, Copy)]
enum Edge {
    Top,
    Bottom,
}

impl Edge {
    /// Returns the outermost line with text in `range`.
    fn outermost_line(self, page: &str, range: &Range<usize>) -> Option<Range<usize>> {
        let text = &page[range.clone()];
        let (start, end) = match self {
            Self::Top => {
                let start = text.len() - text.trim_start().len();
                let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
                (start, end)
            }
            Self::Bottom => {
                let end = text.trim_end().len();
                let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
                (start, end)
            }
        };

        (start < end).then(|| range.start + start..range.start + end)
    }

    fn strip(self, range: &mut Range<usize>, line: &Range<usize>) {
        match self {
            Self::Top => range.start = line.end,
            Self::Bottom => range.end = line.start,
        }
    }
}

fn strip_comments(pages: &[Page], ranges: &mut [Range<usize>]) {
    for (Page { text, .. }, range) in pages.iter().zip(ranges) {
        for edge in [Edge::Top, Edge::Bottom] {
            while let Some(line) = edge
                .outermost_line(text, range)
                .filter(|line| COMMENT.is_match(text[line.clone()].trim()))
            {
                edge.strip(range, &line);
            }
        }
    }
}

/// Strips the outermost line from the pages on which it is a repeated one. Reports whether it
/// stripped any.
fn strip_repeated_lines(pages: &[Page], ranges: &mut [Range<usize>], edge: Edge) -> bool {
    let lines: Vec<Option<(Range<usize>, String)>> = pages
        .iter()
        .zip(ranges.iter())
        .map(|(page, range)| {
            let line = edge.outermost_line(&page.text, range)?;
            let key = comparison_key(&page.text[line.clone()], &page.page)?;
            Some((line, key))
        })
        .collect();

    let mut counts: HashMap<&str, PageCounts> = HashMap::new();
    let mut total = PageCounts::default();
    for (page, line) in pages.iter().zip(&lines) {
        total.add(page);
        if let Some((_, key)) = line {
            counts.entry(key).or_default().add(page);
        }
    }

    let mut stripped = false;
    for ((page, range), line) in pages.iter().zip(ranges).zip(&lines) {
        let Some((line, key)) = line else { continue };
        if counts[key.as_str()].is_majority_of(&total, page) {
            edge.strip(range, line);
            stripped = true;
        }
    }

    stripped
}

/// Counts of even-numbered and of odd-numbered pages. They are kept apart because books print one
/// header on left pages and another on right pages.
#[derive(Default)]
struct PageCounts([usize; 2]);

impl PageCounts {
    fn parity(page: &Page) -> usize {
        page.page.number.0 as usize % 2
    }

    fn add(&mut self, page: &Page) {
        self.0[Self::parity(page)] += 1;
    }

    /// Reports whether these are at least half of all pages, or of the pages with the parity of
    /// `page`.
    fn is_majority_of(&self, total: &Self, page: &Page) -> bool {
        let parity = Self::parity(page);
        is_majority(self.0.iter().sum(), total.0.iter().sum())
            || is_majority(self.0[parity], total.0[parity])
    }
}

fn is_majority(count: usize, total: usize) -> bool {
    count >= MIN_PAGES && count * 2 >= total
}

/// Returns what running lines of different pages have in common: the line without its digits, which
/// count the pages.
///
/// Headings keep their digits, which distinguish chapters. A line without letters must count the
/// pages, because numbers such as error codes are text. Table rows and fences are never running
/// lines.
fn comparison_key(line: &str, page: &PageRef) -> Option<String> {
    let line = line.trim();
    if line.len() > MAX_LINE_BYTES || line.starts_with(['|', '`', '~']) {
        return None;
    }

    let words = collapse_whitespace(line).to_lowercase();
    if line.starts_with('#') {
        Some(words)
    } else if line.contains(char::is_alphabetic) {
        let without_digits = words.replace(|c: char| c.is_ascii_digit(), "");
        Some(collapse_whitespace(&without_digits))
    } else {
        Some(number_key(&words, page))
    }
}

/// Returns the key of a line without letters. Keys are equal where the numbers count pages: by a
/// constant distance to the physical page, by the printed label, or chapter by chapter (`3-12`).
fn number_key(words: &str, page: &PageRef) -> String {
    static CHAPTER_AND_PAGE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\d+-\d+$").expect("a valid pattern"));

    if CHAPTER_AND_PAGE.is_match(words) {
        return "chapter-page".to_owned();
    }

    let number = words.trim_matches(|c: char| !c.is_ascii_digit());
    if page.label.as_deref() == Some(number) {
        return "label".to_owned();
    }

    match number.parse::<i64>() {
        Ok(number) => format!("page {:+}", number - i64::from(page.number.0)),
        Err(_) => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_core::PageNumber;

    use super::*;

    fn check(pages: &[&str], expected: &[&str]) {
        let page = |(index, text): (usize, &&str)| Page {
            page: PageRef {
                number: PageNumber(118 + index as u32),
                label: None,
                section: None,
            },
            text: (*text).to_owned(),
        };

        let pages: Vec<Page> = pages.iter().enumerate().map(page).collect();
        let ranges = content_ranges(&pages);
        let content: Vec<&str> = pages
            .iter()
            .zip(ranges)
            .map(|(page, range)| page.text[range].trim())
            .collect();

        assert_eq!(content, expected);
    }

    #[test]
    fn repeated_lines_at_the_edges_are_excluded() {
        check(
            &[
                "Developer Guide\n\nBarge\n\n 102 \n",
                "Developer Guide\n\nSilent monitor\n\n103",
                "Front\n\n104\n\n",
            ],
            &[
                "Developer Guide\n\nBarge",
                "Developer Guide\n\nSilent monitor",
                "Front",
            ],
        );

        check(
            &[
                "Guide | 1\nFinesse\nA\nA2",
                "Guide | 2\nFinesse\nB",
                "Guide | 3\nFinesse\nC",
                "D\nFinesse",
            ],
            &["A\nA2", "B", "C", "D\nFinesse"],
        );
    }

    #[test]
    fn lines_not_repeated_on_most_pages_stay() {
        check(&["Guide\nA", "Guide\nB"], &["Guide\nA", "Guide\nB"]);
        let pages = ["G\nA", "G\nB", "G\nC", "D", "E", "F", "H"];
        check(&pages, &pages);
        check(&["Guide", "Guide\nB", "Guide\nA"], &["", "B", "A"]);

        check(
            &["Guide", "Guide", "Guide\nA"],
            &["Guide", "Guide", "Guide\nA"],
        );
    }

    #[test]
    fn headings_that_differ_by_a_number_and_tables_stay() {
        let pages = ["# Error 1\nA", "# Error 2\nB", "# Error 3\nC"];
        check(&pages, &pages);
        let pages = [
            "| a |\n|---|\n| 1 |",
            "| a |\n|---|\n| 2 |",
            "| a |\n|---|\n| 3 |",
        ];

        check(&pages, &pages);
        check(
            &["# Guide\nA", "# Guide\nB", "# Guide\nC"],
            &["A", "B", "C"],
        );
    }

    #[test]
    fn left_and_right_pages_may_have_different_lines() {
        check(
            &["A\n96 Guide", "B\nGuide 97", "C\n98 Guide", "D\nGuide 99"],
            &["A", "B", "C", "D"],
        );

        check(
            &[
                "Book\nA", "Calls\nB", "Book\nC", "Calls\nD", "Book\nE", "Barge\nF", "G", "H",
            ],
            &["A", "Calls\nB", "C", "Calls\nD", "E", "Barge\nF", "G", "H"],
        );
    }

    #[test]
    fn bare_numbers_must_count_the_pages() {
        check(
            &["A\n- 102 -", "B\n- 103 -", "C\n- 104 -"],
            &["A", "B", "C"],
        );
        check(&["A\n3-12", "B\n3-13", "C\n4-1"], &["A", "B", "C"]);
        check(
            &["20700\nA", "20999\nB", "21001\nC"],
            &["20700\nA", "20999\nB", "21001\nC"],
        );
    }

    #[test]
    fn header_comments_are_excluded_from_every_page() {
        check(
            &["<!-- PageHeader=\"Guide\" -->\n\nA\n\n<!-- PageFooter=\"x\" -->\n"],
            &["A"],
        );
    }
}
