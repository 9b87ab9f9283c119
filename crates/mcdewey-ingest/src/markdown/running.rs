//! Running headers and footers: lines that a converter repeats at the top or bottom of most pages. They stay in the
//! page's text and are kept out of its passages.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use mcdewey_core::{Page, PageRef};
use regex::Regex;

/// Fewer pages do not show what is repeated.
const MIN_PAGES: usize = 3;

/// A longer line is text that happens to be repeated.
const MAX_LINE: usize = 120;

/// How many lines a header or footer may have.
const MAX_LINES: usize = 3;

/// Header and footer comments, as one of the converters writes them beside its page markers.
static COMMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^<!--\s*Page(?:Header|Footer)\s*=.*-->$").expect("a valid pattern")
});

/// For each page, its text without running headers and footers.
pub(crate) fn content_ranges(pages: &[Page]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = pages.iter().map(|page| 0..page.text.len()).collect();
    strip_comments(pages, &mut ranges);
    let whole = ranges.clone();

    for edge in [Edge::Top, Edge::Bottom] {
        for _ in 0..MAX_LINES {
            if !strip_repeated(pages, &mut ranges, edge) {
                break;
            }
        }
    }

    if is_all_there_is(pages, &whole, &ranges) {
        whole
    } else {
        ranges
    }
}

/// Whether most pages would have no text left: then the repeated lines are what the document says.
fn is_all_there_is(pages: &[Page], before: &[Range<usize>], after: &[Range<usize>]) -> bool {
    let with_text = |ranges: &[Range<usize>]| {
        pages
            .iter()
            .zip(ranges)
            .filter(|(page, range)| page.text[(*range).clone()].contains(char::is_alphabetic))
            .count()
    };
    with_text(after) * 2 < with_text(before)
}

#[derive(Clone, Copy)]
enum Edge {
    Top,
    Bottom,
}

impl Edge {
    /// The outermost line with text in `range`.
    fn line(self, page: &str, range: &Range<usize>) -> Option<Range<usize>> {
        let text = &page[range.clone()];
        let (start, end) = match self {
            Self::Top => {
                let start = text.len() - text.trim_start().len();
                (
                    start,
                    text[start..].find('\n').map_or(text.len(), |at| start + at),
                )
            }
            Self::Bottom => {
                let end = text.trim_end().len();
                (text[..end].rfind('\n').map_or(0, |at| at + 1), end)
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
                .line(text, range)
                .filter(|line| COMMENT.is_match(text[line.clone()].trim()))
            {
                edge.strip(range, &line);
            }
        }
    }
}

/// Takes the outermost line off the pages where it is one of the repeated ones; whether any was.
fn strip_repeated(pages: &[Page], ranges: &mut [Range<usize>], edge: Edge) -> bool {
    let lines: Vec<Option<(Range<usize>, String)>> = pages
        .iter()
        .zip(ranges.iter())
        .map(|(page, range)| {
            let line = edge.line(&page.text, range)?;
            let key = key(&page.text[line.clone()], &page.page)?;
            Some((line, key))
        })
        .collect();

    let mut counts: HashMap<&str, Sides> = HashMap::new();
    let mut all = Sides::default();
    for (page, line) in pages.iter().zip(&lines) {
        all.add(page);
        if let Some((_, key)) = line {
            counts.entry(key).or_default().add(page);
        }
    }

    let mut stripped = false;
    for ((page, range), line) in pages.iter().zip(ranges).zip(&lines) {
        let Some((line, key)) = line else { continue };
        if counts[key.as_str()].are_most_of(&all, page) {
            edge.strip(range, line);
            stripped = true;
        }
    }

    stripped
}

/// How many left and right pages have something: books print one line on the left and another on the right.
#[derive(Default)]
struct Sides([usize; 2]);

impl Sides {
    fn side(page: &Page) -> usize {
        page.page.number.0 as usize % 2
    }

    fn add(&mut self, page: &Page) {
        self.0[Self::side(page)] += 1;
    }

    /// Whether these are at least half of all pages, or of those on this page's side.
    fn are_most_of(&self, all: &Self, page: &Page) -> bool {
        let side = Self::side(page);
        let most = |some: usize, of: usize| some >= MIN_PAGES && some * 2 >= of;
        most(self.0.iter().sum(), all.0.iter().sum()) || most(self.0[side], all.0[side])
    }
}

/// What must be equal on two pages: the line without its digits, for they count the pages. In a heading digits tell
/// one chapter from another, and a bare number must count the pages: error codes are text. Rows of tables and fences
/// are never running lines.
fn key(line: &str, page: &PageRef) -> Option<String> {
    let line = line.trim();
    if line.len() > MAX_LINE || line.starts_with(['|', '`', '~']) {
        return None;
    }

    let one_space = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = one_space(line).to_lowercase();
    if line.starts_with('#') {
        Some(words)
    } else if line.contains(char::is_alphabetic) {
        Some(one_space(&words.replace(|c: char| c.is_ascii_digit(), "")))
    } else {
        Some(number_key(&words, page))
    }
}

/// The key of a line without letters. Equal keys count pages: by the distance to the physical page, by the printed
/// label, or chapter by chapter (`3-12`).
fn number_key(words: &str, page: &PageRef) -> String {
    static CHAPTERS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\d+-\d+$").expect("a valid pattern"));

    if CHAPTERS.is_match(words) {
        return "chapter-page".to_owned();
    }

    let dress = |c: char| !c.is_ascii_digit();
    let number = words.trim_matches(dress);
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
        let page = |(place, text): (usize, &&str)| Page {
            page: PageRef {
                number: PageNumber(118 + place as u32),
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
    fn repeated_lines_at_the_edges_are_left_out() {
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
    fn what_is_not_repeated_on_most_pages_stays() {
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
    fn headings_that_differ_by_a_number_and_tables_are_text() {
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
    fn left_and_right_pages_have_lines_of_their_own() {
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
    fn header_comments_are_left_out_of_any_page() {
        check(
            &["<!-- PageHeader=\"Guide\" -->\n\nA\n\n<!-- PageFooter=\"x\" -->\n"],
            &["A"],
        );
    }
}
