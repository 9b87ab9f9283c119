//! Turns page markers into pages: numbers, printed labels and verbatim text. No text is ever lost.

use std::collections::HashSet;
use std::ops::Range;

use mcdewey_core::{Page, PageNumber, PageRef};

use super::markers::{Found, Marker, markers};

/// The pages of a document, and what is odd about their numbers.
#[derive(Debug)]
pub(crate) struct Pages {
    /// In the document's order.
    pub(crate) pages: Vec<Page>,
    /// For people.
    pub(crate) warnings: Vec<String>,
}

/// A page before its number is settled.
#[derive(Debug, Default)]
struct Draft {
    number: u32,
    label: Option<String>,
    ranges: Vec<Range<usize>>,
}

/// How a document marks its pages; the most telling marker present decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Numbered,
    Breaks,
    Printed,
    FormFeeds,
}

/// The pages of `body`, or nothing where it has no page markers.
pub(crate) fn pages(body: &str) -> Option<Pages> {
    let mut found = markers(body);
    let style = style(&found)?;
    if style != Style::FormFeeds {
        // Beside a better marker a form feed is white space, and stays in its page.
        found.retain(|found| found.marker != Marker::FormFeed);
    }

    let mut drafts = cut(body, &found, style);
    let mut warnings = Vec::new();
    let front = place_front(body, &mut drafts);
    make_unique(&mut drafts, front, &mut warnings);
    let pages = drafts.into_iter().map(|draft| draft.finish(body)).collect();

    Some(Pages { pages, warnings })
}

fn style(found: &[Found]) -> Option<Style> {
    let has = |wanted: fn(&Marker) -> bool| found.iter().any(|found| wanted(&found.marker));
    if has(|marker| matches!(marker, Marker::Page { .. })) {
        Some(Style::Numbered)
    } else if has(|marker| *marker == Marker::Break) {
        Some(Style::Breaks)
    } else if has(|marker| matches!(marker, Marker::Printed(_))) {
        Some(Style::Printed)
    } else if has(|marker| *marker == Marker::FormFeed) {
        Some(Style::FormFeeds)
    } else {
        None
    }
}

/// Cuts the body at the markers that begin a page. The first draft is what stands before the first page's marker; where
/// pages are only divided, that is page 1.
fn cut(body: &str, found: &[Found], style: Style) -> Vec<Draft> {
    let divided = matches!(style, Style::Breaks | Style::FormFeeds);
    let mut drafts = vec![Draft {
        number: u32::from(divided),
        ..Draft::default()
    }];

    let mut at = 0;
    for Found { range, marker } in found {
        let current = drafts.last_mut().expect("there is always a draft");
        current.ranges.push(at..range.start);
        at = range.end;

        let number = current.number;
        match (marker, style) {
            (Marker::Page { number, label }, _) => {
                drafts.push(Draft {
                    number: *number,
                    label: label.clone(),
                    ranges: Vec::new(),
                });
            }
            (Marker::Printed(label), Style::Printed) => {
                let number = printed_number(label).unwrap_or(number.saturating_add(1));
                drafts.push(Draft {
                    number,
                    label: Some(label.clone()),
                    ranges: Vec::new(),
                });
            }
            (Marker::Printed(label), _) if !label.is_empty() => current.label = Some(label.clone()),
            (Marker::Break, Style::Breaks) | (Marker::FormFeed, Style::FormFeeds) => {
                drafts.push(Draft {
                    number: number.saturating_add(1),
                    ..Draft::default()
                });
            }
            _ => {}
        }
    }

    drafts
        .last_mut()
        .expect("there is always a draft")
        .ranges
        .push(at..body.len());

    if divided
        && drafts
            .last()
            .is_some_and(|last| last.is_blank(body) && last.label.is_none())
    {
        // The last page ends with a divider too, as many converters write it.
        drafts.pop();
    }

    drafts
}

fn printed_number(label: &str) -> Option<u32> {
    let lower = label.to_lowercase();
    let digits = lower.strip_prefix("page").unwrap_or(&lower).trim();
    digits.split_whitespace().next()?.parse().ok()
}

/// Text before the first numbered page belongs to the page before it, if there can be one: a title that a converter put
/// in front, and text before page 1, belong to the first page. Whether there is a page before.
fn place_front(body: &str, drafts: &mut Vec<Draft>) -> bool {
    let [front, first, ..] = drafts.as_mut_slice() else {
        return false;
    };

    if front.number > 0 {
        return false;
    }

    if front.is_blank(body) {
        drafts.remove(0);
        return false;
    }

    if first.number <= 1 || front.is_title(body) {
        let mut ranges = std::mem::take(&mut front.ranges);
        ranges.append(&mut first.ranges);
        first.ranges = ranges;
        drafts.remove(0);
        return false;
    }

    front.number = first.number - 1;
    true
}

/// Gives every page a number of its own. The first page with a number keeps it; later ones get numbers behind the
/// last page, where they displace nothing. The text before the first marker (`front`) yields to a marked page.
fn make_unique(drafts: &mut [Draft], front: bool, warnings: &mut Vec<String>) {
    let mut taken = HashSet::new();
    let mut free = drafts.iter().map(|draft| draft.number).max().unwrap_or(0);

    let marked: HashSet<u32> = drafts.iter().skip(1).map(|draft| draft.number).collect();
    for (place, draft) in drafts.iter_mut().enumerate() {
        let yields = front && place == 0 && marked.contains(&draft.number);
        if !yields && taken.insert(draft.number) {
            continue;
        }

        let marked = draft.number;
        free = next_free(free, &taken);
        draft.number = free;
        taken.insert(free);
        draft.label.get_or_insert_with(|| marked.to_string());

        warnings.push(format!(
            "page {marked} is marked more than once; one of them is kept as page {free}"
        ));
    }
}

fn next_free(last: u32, taken: &HashSet<u32>) -> u32 {
    match last.checked_add(1) {
        Some(next) => next,
        None => (0..u32::MAX)
            .find(|number| !taken.contains(number))
            .unwrap_or(u32::MAX),
    }
}

impl Draft {
    /// Whether it holds headings and nothing else.
    fn is_title(&self, body: &str) -> bool {
        let lines = self
            .ranges
            .iter()
            .flat_map(|range| body[range.clone()].lines());

        lines
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .all(|line| line.starts_with('#'))
    }

    fn is_blank(&self, body: &str) -> bool {
        self.ranges
            .iter()
            .all(|range| body[range.clone()].trim().is_empty())
    }

    fn finish(self, body: &str) -> Page {
        let text = self.ranges.into_iter().map(|range| &body[range]).collect();
        Page {
            page: PageRef {
                number: PageNumber(self.number),
                label: self.label,
                section: None,
            },
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Number, label and text of each page.
    fn check(body: &str, expected: &[(u32, Option<&str>, &str)]) -> Vec<String> {
        let found = pages(body).unwrap_or_else(|| panic!("no pages in {body:?}"));
        let pages: Vec<_> = found
            .pages
            .iter()
            .map(|p| (p.page.number.0, p.page.label.as_deref(), p.text.as_str()))
            .collect();

        assert_eq!(pages, expected, "{body:?}");
        found.warnings
    }

    #[test]
    fn numbered_markers_begin_pages() {
        check(
            "<!-- page: 118 label: 102 -->\nBarge\n\n<!-- Page 119 -->\nNext",
            &[(118, Some("102"), "Barge\n\n"), (119, None, "Next")],
        );
        let dashes = "-".repeat(48);
        check(
            &format!("\n{{117}}{dashes}\n\nBarge\n\n{{118}}{dashes}\n\nNext\n"),
            &[(118, None, "\nBarge\n\n"), (119, None, "\nNext\n")],
        );
    }

    #[test]
    fn breaks_divide_physical_pages_and_numbers_label_them() {
        check(
            "A\n<!-- PageNumber=\"365\" -->\n<!-- PageBreak -->\nB\n<!-- PageNumber=\"xii\" -->\n",
            &[(1, Some("365"), "A\n"), (2, Some("xii"), "B\n")],
        );

        check(
            "A\n<!-- PageBreak -->\nB\n<!-- PageBreak -->\n",
            &[(1, None, "A\n"), (2, None, "B\n")],
        );

        check(
            "<!-- PageNumber=\"9\" -->\nA\n<!-- PageFooter=\"x\" -->\n<!-- PageBreak -->\n\n<!-- PageBreak -->\nC",
            &[
                (1, Some("9"), "A\n<!-- PageFooter=\"x\" -->\n"),
                (2, None, "\n"),
                (3, None, "C"),
            ],
        );
    }

    #[test]
    fn numbers_alone_begin_pages() {
        check(
            "<!-- PageNumber=\"102\" -->\nA\n<!-- PageNumber=\"Page 103 of 200\" -->\nB",
            &[
                (102, Some("102"), "A\n"),
                (103, Some("Page 103 of 200"), "B"),
            ],
        );

        check(
            "<!-- PageNumber=\"i\" -->\nA\n<!-- PageNumber=\"ii\" -->\nB",
            &[(1, Some("i"), "A\n"), (2, Some("ii"), "B")],
        );
    }

    #[test]
    fn form_feeds_divide_pages() {
        check("A\n\u{c}B\n\u{c}", &[(1, None, "A\n"), (2, None, "B\n")]);
        check("<!-- page: 7 -->\nA\u{c}B", &[(7, None, "A\u{c}B")]);
        assert!(pages("no markers\n# at all").is_none());
    }

    #[test]
    fn text_before_the_first_marker_is_the_page_before() {
        check(
            "Front\n<!-- page: 112 -->\nA",
            &[(111, None, "Front\n"), (112, None, "A")],
        );
        check("\n\n<!-- page: 112 -->\nA", &[(112, None, "A")]);
        let doubled = "Front\n<!-- page: 5 -->\nA\n<!-- page: 4 -->\nB";

        let warnings = check(
            doubled,
            &[(6, Some("4"), "Front\n"), (5, None, "A\n"), (4, None, "B")],
        );

        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn a_title_and_text_before_page_1_belong_to_the_first_page() {
        check(
            "# Guide\n\n<!-- page: 118 -->\nA",
            &[(118, None, "# Guide\n\nA")],
        );
        check("Front\n<!-- page: 1 -->\nA", &[(1, None, "Front\nA")]);
        check(
            "Front\n<!-- page: 0 -->\nA\n<!-- page: 1 -->\nB",
            &[(0, None, "Front\nA\n"), (1, None, "B")],
        );
    }

    #[test]
    fn numbers_that_fall_are_kept_and_doubles_made_unique() {
        let warnings = check(
            "<!-- page: 9 -->\nA\n<!-- page: 3 -->\nB",
            &[(9, None, "A\n"), (3, None, "B")],
        );
        assert!(warnings.is_empty());
        let warnings = check(
            "<!-- page: 2 -->\nA\n<!-- page: 2 -->\nB\n<!-- page: 3 -->\nC\n<!-- page: 2 label: x -->\nD",
            &[
                (2, None, "A\n"),
                (4, Some("2"), "B\n"),
                (3, None, "C\n"),
                (5, Some("x"), "D"),
            ],
        );

        assert_eq!(warnings.len(), 2);
        assert!(
            warnings[0].contains("page 2 is marked more than once"),
            "{warnings:?}"
        );
    }

    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z #\n`é]{0,12}",
            (0u32..6).prop_map(|n| format!("\n<!-- page: {n} -->\n")),
            (0u32..6).prop_map(|n| format!("\n<!-- PageNumber=\"{n}\" -->\n")),
            Just("\n<!-- PageBreak -->\n".to_owned()),
            Just("\u{c}".to_owned()),
            Just("\n```\n".to_owned()),
            (0u32..6).prop_map(|n| format!("\n{{{n}}}{}\n", "-".repeat(48))),
        ]
    }

    proptest! {
        #[test]
        fn pages_and_markers_are_the_whole_body(pieces in prop::collection::vec(piece(), 0..12)) {
            let body = pieces.concat();
            let Some(found) = pages(&body) else { return Ok(()) };
            // What is left of the body without markers and white space is the pages' text in order.
            let mut rest = String::new();
            let mut at = 0;
            for marker in markers(&body).iter().filter(|found| found.marker != Marker::FormFeed) {
                rest.push_str(&body[at..marker.range.start]);
                at = marker.range.end;
            }
            rest.push_str(&body[at..]);
            let dense = |text: &str| text.split_whitespace().collect::<String>();
            let together: String = found.pages.iter().map(|page| page.text.as_str()).collect();
            prop_assert_eq!(dense(&together), dense(&rest));
            let numbers: HashSet<PageNumber> = found.pages.iter().map(|page| page.page.number).collect();
            prop_assert_eq!(numbers.len(), found.pages.len());
        }
    }
}
