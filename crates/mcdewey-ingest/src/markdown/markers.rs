//! Finds the page markers that converters leave in Markdown; says nothing about which page is which.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What a marker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Marker {
    /// Physical page `number` begins here.
    Page {
        /// The physical page.
        number: u32,
        /// What is printed on it.
        label: Option<String>,
    },
    /// One physical page ends and the next begins.
    Break,
    /// What is printed on the page around it.
    Printed(String),
    /// A form feed character.
    FormFeed,
}

/// A marker and the bytes it takes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it stands; for markers on a line of their own, the line with its end.
    pub(crate) range: Range<usize>,
    /// What it says.
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
pattern!(FENCE, r"^ {0,3}(`{3,}|~{3,})(.*)$");

/// A run of dashes this long closes marker's page line; the converter writes 48.
const MIN_DASHES: usize = 10;

/// All page markers, in order. Inside fenced code only form feeds count.
pub(crate) fn markers(text: &str) -> Vec<Found> {
    let lines = lines(text);
    let fenced = fenced_lines(text, &lines);
    let mut found = Vec::new();

    let mut place = 0;
    while place < lines.len() {
        let range = &lines[place];
        let taken = if fenced[place] {
            0
        } else {
            line_markers(text, &lines[place..], &mut found)
        };

        if taken == 0 {
            form_feeds(text, range.clone(), &mut found);
        }

        place += taken.max(1);
    }

    found
}

/// Which bytes of `text` are lines, ends included.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let range = |line: &str| {
        at += line.len();
        at - line.len()..at
    };

    text.split_inclusive('\n').map(range).collect()
}

/// The markers of a line that holds nothing else, pushed to `found`; how many lines they take up.
fn line_markers(text: &str, lines: &[Range<usize>], found: &mut Vec<Found>) -> usize {
    let line = &text[lines[0].clone()];
    let feeds = line.len() - line.trim_start_matches('\u{c}').len();

    let bare = &line[feeds..];
    if indent(bare) > 3 {
        return 0;
    }

    if let Some((marker, taken)) = braces(text, lines, feeds) {
        form_feeds(text, lines[0].start..lines[0].start + feeds, found);
        found.push(Found {
            range: lines[0].start + feeds..lines[taken - 1].end,
            marker,
        });
        return taken;
    }

    let Some(list) = comment_markers(bare) else {
        return 0;
    };
    form_feeds(text, lines[0].start..lines[0].start + feeds, found);
    let last = list.len() - 1;

    let mut start = lines[0].start + feeds;
    for (place, (length, marker)) in list.into_iter().enumerate() {
        let end = if place == last {
            lines[0].end
        } else {
            start + length
        };

        found.push(Found {
            range: start..end,
            marker,
        });
        start = end;
    }

    1
}

fn indent(line: &str) -> usize {
    line.chars()
        .take_while(|c| matches!(c, ' ' | '\t'))
        .map(|c| if c == '\t' { 4 } else { 1 })
        .sum()
}

/// The markers of a line made of nothing but marker comments, with the bytes each takes up.
fn comment_markers(line: &str) -> Option<Vec<(usize, Marker)>> {
    let mut rest = line;
    let mut list = Vec::new();
    while !rest.trim().is_empty() {
        let found = COMMENT.captures(rest)?;
        list.push((found[0].len(), comment_marker(&found[1])?));
        rest = &rest[found[0].len()..];
    }

    (!list.is_empty()).then_some(list)
}

fn comment_marker(inside: &str) -> Option<Marker> {
    if let Some(page) = PAGE.captures(inside) {
        let label = page
            .get(2)
            .or(page.get(3))
            .map(|label| label.as_str().trim().to_owned());
        return Some(Marker::Page {
            number: page[1].parse().ok()?,
            label: label.filter(|label| !label.is_empty()),
        });
    }

    if let Some(printed) = PRINTED.captures(inside) {
        return Some(Marker::Printed(printed[1].trim().to_owned()));
    }

    BREAK.is_match(inside).then_some(Marker::Break)
}

/// `{117}` and a run of dashes, behind it or on the next line; the id counts from 0.
fn braces(text: &str, lines: &[Range<usize>], feeds: usize) -> Option<(Marker, usize)> {
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
    let dashes = next.len() >= MIN_DASHES && next.bytes().all(|byte| byte == b'-');
    (found[2].is_empty() && dashes).then_some((marker, 2))
}

fn form_feeds(text: &str, within: Range<usize>, found: &mut Vec<Found>) {
    let feeds = text[within.clone()].match_indices('\u{c}');
    found.extend(feeds.map(|(at, feed)| {
        let start = within.start + at;
        Found {
            range: start..start + feed.len(),
            marker: Marker::FormFeed,
        }
    }));
}

/// For each line, whether it belongs to fenced code. A fence that is never closed is no fence: converters lose
/// closing lines, and one lost line must not swallow the pages behind it.
fn fenced_lines(text: &str, lines: &[Range<usize>]) -> Vec<bool> {
    let mut fenced = vec![false; lines.len()];
    let mut never_closed: Vec<(u8, usize)> = Vec::new();

    let mut place = 0;
    while place < lines.len() {
        let open = fence(&text[lines[place].clone()]).filter(|(kind, length, _)| {
            !never_closed
                .iter()
                .any(|(unclosed, shortest)| unclosed == kind && length >= shortest)
        });

        let Some((kind, length, _)) = open else {
            place += 1;
            continue;
        };

        let closes = |line: &Range<usize>| {
            fence(&text[line.clone()]).is_some_and(|(k, l, bare)| k == kind && l >= length && bare)
        };

        match lines[place + 1..].iter().position(closes) {
            Some(distance) => {
                fenced[place..=place + 1 + distance].fill(true);
                place += distance + 2;
            }
            None => {
                never_closed.push((kind, length));
                place += 1;
            }
        }
    }

    fenced
}

/// The fence a line may open or close: its character, its length, and whether nothing follows it.
fn fence(line: &str) -> Option<(u8, usize, bool)> {
    let line = line.trim_start_matches('\u{c}').trim_end();
    let found = FENCE.captures(line)?;
    let kind = found[1].as_bytes()[0];

    let info = found[2].trim();
    if kind == b'`' && info.contains('`') {
        return None;
    }

    Some((kind, found[1].len(), info.is_empty()))
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
        let found: Vec<Marker> = markers(text)
            .into_iter()
            .map(|found| found.marker)
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn every_converter_is_understood() {
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
    fn a_marker_takes_up_its_line() {
        let text = "a\n\u{c} <!-- PageNumber=\"2\" --> <!-- PageBreak -->\nb";
        let taken: Vec<&str> = markers(text)
            .into_iter()
            .map(|found| &text[found.range])
            .collect();

        assert_eq!(
            taken,
            [
                "\u{c}",
                " <!-- PageNumber=\"2\" -->",
                " <!-- PageBreak -->\n"
            ]
        );
    }
}
