//! Finds the page markers that converters leave in Markdown. It never assigns text or final numbers
//! to pages.

use std::ops::Range;
use std::sync::LazyLock;

use mcdewey_markdown::fence::closed_fences;
use regex::Regex;

/// A page marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Marker {
    /// Physical page `number` begins here.
    Page {
        number: u32,
        /// The page number printed on it.
        label: Option<String>,
    },
    /// One physical page ends and the next begins.
    Break,
    /// The page number printed on the page that contains the marker.
    Printed(String),
    FormFeed,
}

/// A marker and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MarkerSpan {
    /// Its byte range; for markers on a line of their own, the whole line with its line ending.
    pub(crate) range: Range<usize>,
    pub(crate) marker: Marker,
}

macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("a valid pattern"));
    };
}

pattern!(COMMENT, r"^\s*<!--(.*?)-->");
pattern!(
    PAGE,
    r#"(?i)^\s*page\s*[:=]?\s*"?(\d{1,9})"?\s*[,;]?\s*(?:label\s*[:=]?\s*(?:"([^"]*)"|(\S+)))?\s*$"#
);
pattern!(PRINTED, r#"(?i)^\s*page\s*number\s*[:=]\s*"([^"]*)"\s*$"#);
pattern!(BREAK, r"(?i)^\s*page\s*break\s*$");
pattern!(BRACES, r"^\s*\{(\d{1,9})\}(-*)\s*$");

/// The least number of dashes after `{117}` in a page line of the converter `marker`, which writes
/// 48.
const MIN_DASHES: usize = 10;

/// Finds all page markers, in order. Inside fenced code only form feeds count.
pub(crate) fn find_markers(text: &str) -> Vec<MarkerSpan> {
    let lines = line_ranges(text);
    let fenced = closed_fences(text, &lines);
    let mut found = Vec::new();

    let mut index = 0;
    while index < lines.len() {
        let consumed = if fenced[index] {
            0
        } else {
            push_line_markers(text, &lines[index..], &mut found)
        };

        if consumed == 0 {
            push_form_feeds(text, lines[index].clone(), &mut found);
        }

        index += consumed.max(1);
    }

    found
}

/// Returns the byte ranges of the lines of `text`, line endings included.
fn line_ranges(text: &str) -> Vec<Range<usize>> {
    let mut end = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let start = end;
            end += line.len();
            start..end
        })
        .collect()
}

/// Pushes the markers of the first line to `found` if the line contains nothing else. Returns the
/// number of lines they occupy, or 0.
fn push_line_markers(text: &str, lines: &[Range<usize>], found: &mut Vec<MarkerSpan>) -> usize {
    let line = &text[lines[0].clone()];
    let feeds = line.len() - line.trim_start_matches('\u{c}').len();

    let bare = &line[feeds..];
    // Four columns of indentation make a code block.
    if indent_width(bare) > 3 {
        return 0;
    }

    let bare_start = lines[0].start + feeds;
    if let Some((marker, consumed)) = braces_marker(text, lines, feeds) {
        push_form_feeds(text, lines[0].start..bare_start, found);
        found.push(MarkerSpan {
            range: bare_start..lines[consumed - 1].end,
            marker,
        });
        return consumed;
    }

    let Some(markers) = comment_markers(bare) else {
        return 0;
    };
    push_form_feeds(text, lines[0].start..bare_start, found);

    let last = markers.len() - 1;
    let mut start = bare_start;
    for (index, (length, marker)) in markers.into_iter().enumerate() {
        // The last marker also covers the line ending.
        let end = if index == last {
            lines[0].end
        } else {
            start + length
        };

        found.push(MarkerSpan {
            range: start..end,
            marker,
        });
        start = end;
    }

    1
}

/// Returns the indentation in columns, counting a tab as four.
fn indent_width(line: &str) -> usize {
    line.chars()
        .take_while(|c| matches!(c, ' ' | '\t'))
        .map(|c| if c == '\t' { 4 } else { 1 })
        .sum()
}

/// Returns the markers of a line that consists only of marker comments, with the length of each in
/// bytes.
fn comment_markers(line: &str) -> Option<Vec<(usize, Marker)>> {
    let mut rest = line;
    let mut markers = Vec::new();
    while !rest.trim().is_empty() {
        let comment = COMMENT.captures(rest)?;
        markers.push((comment[0].len(), comment_marker(&comment[1])?));
        rest = &rest[comment[0].len()..];
    }

    (!markers.is_empty()).then_some(markers)
}

/// Parses the text between `<!--` and `-->`.
fn comment_marker(comment: &str) -> Option<Marker> {
    if let Some(page) = PAGE.captures(comment) {
        let label = page
            .get(2)
            .or(page.get(3))
            .map(|label| label.as_str().trim().to_owned());
        return Some(Marker::Page {
            number: page[1].parse().ok()?,
            label: label.filter(|label| !label.is_empty()),
        });
    }

    if let Some(printed) = PRINTED.captures(comment) {
        return Some(Marker::Printed(printed[1].trim().to_owned()));
    }

    BREAK.is_match(comment).then_some(Marker::Break)
}

/// Parses `{117}` followed by dashes on the same or the next line. Returns the marker and the
/// number of lines it occupies. The number in braces counts pages from 0.
fn braces_marker(text: &str, lines: &[Range<usize>], feeds: usize) -> Option<(Marker, usize)> {
    let found = BRACES.captures(&text[lines[0].start + feeds..lines[0].end])?;
    let number = found[1].parse::<u32>().ok()?.checked_add(1)?;
    let marker = Marker::Page {
        number,
        label: None,
    };

    if found[2].len() >= MIN_DASHES {
        return Some((marker, 1));
    }

    let next = text[lines.get(1)?.clone()].trim();
    let is_dashes = next.len() >= MIN_DASHES && next.bytes().all(|byte| byte == b'-');
    (found[2].is_empty() && is_dashes).then_some((marker, 2))
}

fn push_form_feeds(text: &str, within: Range<usize>, found: &mut Vec<MarkerSpan>) {
    let feeds = text[within.clone()].match_indices('\u{c}');
    found.extend(feeds.map(|(offset, feed)| {
        let start = within.start + offset;
        MarkerSpan {
            range: start..start + feed.len(),
            marker: Marker::FormFeed,
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: u32) -> Marker {
        Marker::Page {
            number,
            label: None,
        }
    }

    fn labelled(number: u32, label: &str) -> Marker {
        Marker::Page {
            number,
            label: Some(label.to_owned()),
        }
    }

    fn check(text: &str, expected: &[Marker]) {
        let found: Vec<Marker> = find_markers(text)
            .into_iter()
            .map(|found| found.marker)
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn markers_of_every_converter_are_recognised() {
        check("<!-- page: 118 -->\n", &[page(118)]);
        check("<!--PAGE:118-->", &[page(118)]);
        check(
            "  <!--  page : 118   label: 102 -->  \r\n",
            &[labelled(118, "102")],
        );

        check(
            "<!-- page: 118 label=\"A 2\" -->\n",
            &[labelled(118, "A 2")],
        );
        check("<!-- Page 118, label xii -->\n", &[labelled(118, "xii")]);
        check("<!-- Page 118 -->\n", &[page(118)]);

        check(
            "<!-- PageNumber=\"102\" -->\n<!-- PageBreak -->\n",
            &[Marker::Printed("102".into()), Marker::Break],
        );

        check(
            "<!-- PageNumber=\"xi\" --> <!-- PageBreak -->",
            &[Marker::Printed("xi".into()), Marker::Break],
        );
        check(&format!("{{117}}{}\n", "-".repeat(48)), &[page(118)]);
        check(&format!("{{0}}\n{}\n", "-".repeat(48)), &[page(1)]);

        check(
            "one\n\u{c}two\u{c}\n",
            &[Marker::FormFeed, Marker::FormFeed],
        );
        check("\u{c}<!-- page: 3 -->\n", &[Marker::FormFeed, page(3)]);
    }

    #[test]
    fn text_that_only_resembles_a_marker_stays_text() {
        check("see <!-- page: 3 --> there", &[]);
        check("<!-- page: 3 --> there", &[]);
        check("    <!-- page: 3 -->\n", &[]);
        check("<!-- page: 99999999999 -->\n", &[]);

        check(
            "<!-- pages 3 -->\n<!-- page: three -->\n<!-- PageHeader=\"A\" -->\n",
            &[],
        );
        check("{117}\nno dashes\n{117}---\n", &[]);
    }

    #[test]
    fn markers_in_fenced_code_do_not_count_but_form_feeds_do() {
        check("```\n<!-- page: 3 -->\n```\n<!-- page: 4 -->\n", &[page(4)]);
        check(
            "~~~~ md\n<!-- page: 3 -->\n~~~\n<!-- page: 4 -->\n~~~~\n",
            &[],
        );
        check("```\na\u{c}b\n```\n", &[Marker::FormFeed]);
        check("```\nnever closed\n<!-- page: 4 -->\n", &[page(4)]);

        check(
            "`````\n```\n<!-- page: 4 -->\n```\n<!-- page: 5 -->\n",
            &[page(5)],
        );
    }

    #[test]
    fn a_marker_covers_its_line() {
        let text = "a\n\u{c} <!-- PageNumber=\"2\" --> <!-- PageBreak -->\nb";
        let covered: Vec<&str> = find_markers(text)
            .into_iter()
            .map(|found| &text[found.range])
            .collect();

        assert_eq!(
            covered,
            [
                "\u{c}",
                " <!-- PageNumber=\"2\" -->",
                " <!-- PageBreak -->\n"
            ]
        );
    }
}
