//! Sections: what takes the place of pages in a document that has none. A section is a heading and its own body.

use std::ops::Range;

use mcdewey_core::{Page, PageNumber, PageRef, Section};

use super::structure::{Heading, Structure};
use super::units::Unit;

/// A section is cut when it is longer; no document is ever rendered whole.
pub(crate) const MAX_SECTION: usize = 32 * 1024;

/// A section below this size (about 45 tokens) is joined with its neighbour: nobody opens two lines of their own.
const TINY_SECTION: usize = 200;

/// Headings below this level do not begin a section.
const DEEPEST: u8 = 3;

/// How long a slug may become before its number.
const MAX_SLUG: usize = 60;

struct Draft {
    range: Range<usize>,
    level: u8,
    /// The first heading.
    first: Option<String>,
    /// The first heading with a body of its own.
    bodied: Option<String>,
    /// How many of the joined parts have a body of their own.
    bodies: usize,
}

/// Divides `body` at its headings; the sections together are the body, byte for byte.
pub(crate) fn sections(body: &str, structure: &Structure, title: &str) -> Vec<Page> {
    let drafts = join_tiny(heading_bounded(body, &structure.headings));
    let mut pages: Vec<Page> = Vec::new();
    for draft in drafts {
        let title = draft.title().unwrap_or(title).to_owned();
        for range in cut(body, draft.range, MAX_SECTION, &structure.units) {
            let place = u32::try_from(pages.len() + 1).unwrap_or(u32::MAX);
            let section = Section {
                slug: slug(&title, place),
                title: title.clone(),
            };

            let page = PageRef {
                number: PageNumber(place),
                label: None,
                section: Some(section),
            };

            pages.push(Page {
                page,
                text: body[range].to_owned(),
            });
        }
    }

    pages
}

fn heading_bounded(body: &str, headings: &[Heading]) -> Vec<Draft> {
    let starts: Vec<&Heading> = headings
        .iter()
        .filter(|heading| heading.level <= DEEPEST)
        .collect();
    let mut drafts = Vec::new();
    let first = starts
        .first()
        .map_or(body.len(), |heading| heading.range.start);

    if !body[..first].trim().is_empty() {
        drafts.push(Draft {
            range: 0..first,
            level: 0,
            first: None,
            bodied: None,
            bodies: 1,
        });
    }

    for (place, heading) in starts.iter().enumerate() {
        let start = if drafts.is_empty() {
            0
        } else {
            heading.range.start
        };

        let end = starts
            .get(place + 1)
            .map_or(body.len(), |next| next.range.start);
        let bodies = usize::from(!body[heading.range.end..end].trim().is_empty());
        let first = Some(heading.title.clone());
        let bodied = first.clone().filter(|_| bodies > 0);

        drafts.push(Draft {
            range: start..end,
            level: heading.level,
            first,
            bodied,
            bodies,
        });
    }

    drafts
}

/// Joins headings without a body with what follows them; then what is tiny with what follows it at the same depth or
/// deeper, else with what stands before it.
fn join_tiny(drafts: Vec<Draft>) -> Vec<Draft> {
    join(join(drafts, |last, _| last.bodies == 0), Draft::takes)
}

fn join(drafts: Vec<Draft>, takes: impl Fn(&Draft, &Draft) -> bool) -> Vec<Draft> {
    let mut joined: Vec<Draft> = Vec::new();
    for draft in drafts {
        match joined.last_mut() {
            Some(last)
                if last.range.len() + draft.range.len() <= MAX_SECTION && takes(last, &draft) =>
            {
                last.absorb(draft);
            }
            _ => joined.push(draft),
        }
    }

    joined
}

impl Draft {
    fn is_tiny(&self) -> bool {
        self.range.len() < TINY_SECTION
    }

    fn takes(&self, next: &Self) -> bool {
        let below = next.level >= self.level;
        (self.is_tiny() && below) || (next.is_tiny() && next.level > self.level)
    }

    fn absorb(&mut self, next: Self) {
        self.range.end = next.range.end;
        if self.bodies == 0 {
            self.bodied = next.bodied;
        }
        self.bodies += next.bodies;
    }

    /// The only heading with a body names the whole; among several the first heading does.
    fn title(&self) -> Option<&str> {
        if self.bodies == 1 {
            self.bodied.as_deref()
        } else {
            self.first.as_deref()
        }
    }
}

/// Cuts a stretch of text into pieces of at most `max` bytes: at blank lines if it can, else between lines, else
/// between characters; before a unit rather than within.
fn cut(text: &str, range: Range<usize>, max: usize, units: &[Unit]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = range.start;
    while range.end - start > max {
        let end = start + cut_point(&text[start..range.end], max);
        let late = |unit: &&Unit| unit.range.start - start > max / 4;
        let end = units
            .iter()
            .skip_while(|unit| unit.range.start <= start)
            .take_while(|unit| unit.range.start < end)
            .filter(|unit| end < unit.range.end && unit.range.len() <= max / 4)
            .find(late)
            .map_or(end, |unit| unit.range.start);

        pieces.push(start..end);
        start = end;
    }

    if start < range.end || pieces.is_empty() {
        pieces.push(start..range.end);
    }

    pieces
}

fn cut_point(text: &str, max: usize) -> usize {
    let mut limit = max;
    while !text.is_char_boundary(limit) {
        limit -= 1;
    }

    let window = &text[..limit];

    // A cut in the first quarter would leave crumbs.
    let late = |at: &usize| *at > max / 4;
    let blank = window
        .rfind("\n\n")
        .map(|at| at + 2)
        .or_else(|| window.rfind("\n\r\n").map(|at| at + 3));
    let line = || window.rfind('\n').map(|at| at + 1);

    let space = || {
        window
            .rfind(char::is_whitespace)
            .map(|at| at + 1)
            .filter(|at| text.is_char_boundary(*at))
    };

    let point = blank
        .filter(late)
        .or_else(|| line().filter(late))
        .or_else(|| space().filter(late))
        .unwrap_or(limit);

    if point == 0 {
        text.chars().next().map_or(text.len(), char::len_utf8)
    } else {
        point
    }
}

fn slug(title: &str, place: u32) -> String {
    let mut slug = String::new();
    for c in title.to_lowercase().chars() {
        if slug.len() >= MAX_SLUG {
            break;
        }
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }

    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        format!("section-{place}")
    } else {
        format!("{slug}-{place}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::structure::structure;
    use super::*;

    fn titles(body: &str) -> Vec<(String, String)> {
        let pages = sections(body, &structure(body), "The guide");
        let together: String = pages.iter().map(|page| page.text.as_str()).collect();
        assert_eq!(together, body);

        let names = |page: &Page| {
            page.page
                .section
                .clone()
                .map(|section| (section.slug, section.title))
        };

        pages.iter().filter_map(names).collect()
    }

    fn long(word: &str) -> String {
        format!("{}\n\n", word.repeat(300 / word.len()))
    }

    #[test]
    fn a_section_is_a_heading_and_its_own_body() {
        let body = format!(
            "{}# A\n\n{}## B c!\n\n{}#### D\n\n{}",
            long("x"),
            long("a"),
            long("b"),
            long("d")
        );

        let expected = [
            ("the-guide-1", "The guide"),
            ("a-2", "A"),
            ("b-c-3", "B c!"),
        ];

        let found = titles(&body);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(slug, title)| (slug.as_str(), title.as_str()))
            .collect();

        assert_eq!(found, expected);
    }

    #[test]
    fn a_heading_without_a_body_joins_the_next_and_takes_its_name() {
        let found = titles(&format!(
            "# Guide\n\n## Retention\n\n{}## Quotas\n\n{}",
            long("a"),
            long("b")
        ));

        assert_eq!(
            found
                .iter()
                .map(|(_, title)| title.as_str())
                .collect::<Vec<_>>(),
            ["Retention", "Quotas"]
        );
    }

    #[test]
    fn a_heading_without_a_body_is_never_left_at_the_end_of_a_tiny_section() {
        let found = titles(&format!(
            "Short.\n\n# Logging\n\n## Levels\n\n{}",
            long("a")
        ));

        assert_eq!(
            found
                .iter()
                .map(|(_, title)| title.as_str())
                .collect::<Vec<_>>(),
            ["The guide"]
        );

        let body = format!(
            "# A\n\nShort.\n\n## B\n\n### C\n\n{}# D\n\n{}",
            long("c"),
            long("d")
        );

        let pages = sections(&body, &structure(&body), "The guide");
        assert!(
            pages
                .iter()
                .all(|page| !page.text.trim_end().ends_with("## B"))
        );
    }

    #[test]
    fn tiny_sections_share_one() {
        let found = titles(
            "# SendMF()\n\n### Synopsis\n\nSends digits\n\n### Description\n\nIt sends them.\n",
        );

        assert_eq!(
            found,
            [("sendmf-1".to_owned(), "SendMF()".to_owned())].map(|(s, t)| (s, t))
        );
    }

    #[test]
    fn text_without_headings_is_cut_at_blank_lines() {
        let paragraph = format!("{}\n\n", "word ".repeat(400));
        let body = paragraph.repeat(40);
        let pages = sections(&body, &Structure::default(), "T");
        assert!(pages.len() > 2);
        assert!(
            pages
                .iter()
                .all(|page| page.text.len() <= MAX_SECTION && page.text.ends_with("\n\n"))
        );

        let slugs: Vec<_> = pages
            .iter()
            .filter_map(|p| p.page.section.as_ref())
            .map(|s| s.slug.as_str())
            .collect();

        assert_eq!(slugs[..2], ["t-1", "t-2"]);
        assert_eq!(sections("", &Structure::default(), "T").len(), 0);
        assert_eq!(slug("!!!", 4), "section-4");
    }

    #[test]
    fn a_long_section_is_cut_before_a_fence_not_within() {
        let body = format!(
            "{}\n\n```\nfirst\n\nlast\n```\n\nEnd.\n",
            "word ".repeat(13)
        );
        let units = structure(&body).units;
        let pieces = cut(&body, 0..body.len(), 80, &units);

        assert!(
            pieces
                .iter()
                .any(|piece| body[piece.clone()].starts_with("```\nfirst")),
            "{pieces:?}"
        );
    }

    proptest! {
        #[test]
        fn cuts_lose_nothing_and_keep_their_size(text in "[a-zé \n]{0,300}", max in 4usize..40) {
            let pieces = cut(&text, 0..text.len(), max, &[]);
            let together: String = pieces.iter().map(|range| &text[range.clone()]).collect();
            prop_assert_eq!(&together, &text);
            prop_assert!(pieces.iter().all(|range| range.len() <= max));
        }
    }
}
