//! Running headers and footers: lines that a converter repeats at the top or bottom of most pages. They stay in the
//! page's text and are kept out of its passages.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Fewer pages do not show what is repeated.
const MIN_PAGES: usize = 3;

/// A longer line is text that happens to be repeated.
const MAX_LINE: usize = 120;

/// How many lines a header or footer may have.
const MAX_LINES: usize = 3;

/// Header and footer comments, as one of the converters writes them beside its page markers.
static COMMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^<!--\s*Page(?:Header|Footer)\s*=.*-->$").expect("a valid pattern"));

/// For each page, its text without running headers and footers.
pub(crate) fn content_ranges(pages: &[&str]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = pages.iter().map(|page| 0..page.len()).collect();
    strip_comments(pages, &mut ranges);
    for edge in [Edge::Top, Edge::Bottom] {
        for _ in 0..MAX_LINES {
            if !strip_repeated(pages, &mut ranges, edge) {
                break;
            }
        }
    }
    ranges
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
                (start, text[start..].find('\n').map_or(text.len(), |at| start + at))
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

fn strip_comments(pages: &[&str], ranges: &mut [Range<usize>]) {
    for (page, range) in pages.iter().zip(ranges) {
        for edge in [Edge::Top, Edge::Bottom] {
            while let Some(line) = edge.line(page, range).filter(|line| COMMENT.is_match(page[line.clone()].trim())) {
                edge.strip(range, &line);
            }
        }
    }
}

/// Takes the outermost line off the pages where it is one of the repeated ones; whether any was.
fn strip_repeated(pages: &[&str], ranges: &mut [Range<usize>], edge: Edge) -> bool {
    let lines: Vec<Option<(Range<usize>, String)>> = pages
        .iter()
        .zip(ranges.iter())
        .map(|(page, range)| {
            let line = edge.line(page, range)?;
            let key = key(&page[line.clone()])?;
            Some((line, key))
        })
        .collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (_, key) in lines.iter().flatten() {
        *counts.entry(key).or_default() += 1;
    }
    let mut stripped = false;
    for (range, line) in ranges.iter_mut().zip(&lines) {
        let Some((line, key)) = line else { continue };
        if counts[key.as_str()] >= MIN_PAGES && counts[key.as_str()] * 2 >= pages.len() {
            edge.strip(range, line);
            stripped = true;
        }
    }
    stripped
}

/// What must be equal on two pages: the line without its digits, for they count the pages. In a heading digits tell
/// one chapter from another. Rows of tables and fences are never running lines.
fn key(line: &str) -> Option<String> {
    let line = line.trim();
    if line.len() > MAX_LINE || line.starts_with(['|', '`', '~']) {
        return None;
    }
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if line.starts_with('#') { Some(words) } else { Some(words.replace(|c: char| c.is_ascii_digit(), "")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pages: &[&str], expected: &[&str]) {
        let ranges = content_ranges(pages);
        let content: Vec<&str> = pages.iter().zip(ranges).map(|(page, range)| page[range].trim()).collect();
        assert_eq!(content, expected);
    }

    #[test]
    fn repeated_lines_at_the_edges_are_left_out() {
        check(
            &["Developer Guide\n\nBarge\n\n 102 \n", "Developer Guide\n\nSilent monitor\n\n103", "Front\n\n104\n\n"],
            &["Developer Guide\n\nBarge", "Developer Guide\n\nSilent monitor", "Front"],
        );
        check(
            &["Guide | 1\nFinesse\nA\nA2", "Guide | 2\nFinesse\nB", "Guide | 3\nFinesse\nC", "D\nFinesse"],
            &["A\nA2", "B", "C", "D\nFinesse"],
        );
    }

    #[test]
    fn what_is_not_repeated_on_most_pages_stays() {
        check(&["Guide\nA", "Guide\nB"], &["Guide\nA", "Guide\nB"]);
        check(&["G\nA", "G\nB", "G\nC", "D", "E", "F", "H"], &["G\nA", "G\nB", "G\nC", "D", "E", "F", "H"]);
        check(&["Guide", "Guide", "Guide\nA"], &["", "", "A"]);
    }

    #[test]
    fn headings_that_differ_by_a_number_and_tables_are_text() {
        let pages = ["# Error 1\nA", "# Error 2\nB", "# Error 3\nC"];
        check(&pages, &pages);
        let pages = ["| a |\n|---|\n| 1 |", "| a |\n|---|\n| 2 |", "| a |\n|---|\n| 3 |"];
        check(&pages, &pages);
        check(&["# Guide\nA", "# Guide\nB", "# Guide\nC"], &["A", "B", "C"]);
    }

    #[test]
    fn header_comments_are_left_out_of_any_page() {
        check(&["<!-- PageHeader=\"Guide\" -->\n\nA\n\n<!-- PageFooter=\"x\" -->\n"], &["A"]);
    }
}
