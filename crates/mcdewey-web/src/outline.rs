//! The outline next to a page of a document: its top-level headings, and those around the current
//! page.

use std::collections::HashMap;

use mcdewey_core::{Document, OutlineEntry, PageNumber};

use super::site::{Link, Site};

/// A manual may have thousands of headings; this many are shown.
const MAX_LINES: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OutlineLine {
    pub(super) link: Link,
    /// 0 for a chapter, 1 for a heading below it, …
    pub(super) depth: usize,
    /// Whether the reader is in this section.
    pub(super) current: bool,
}

/// The outline to show next to the page at this position in the document's list of pages.
pub(super) fn outline(site: &Site, document: &Document, position: usize) -> Vec<OutlineLine> {
    let parents = parents(&document.outline);
    let positions = page_positions(document);
    let current = current_heading(&document.outline, position, &positions);
    let path = path(current, &parents);

    let lines: Vec<OutlineLine> = document
        .outline
        .iter()
        .enumerate()
        .filter(|(at, _)| parents[*at].is_none_or(|parent| path.contains(&parent)))
        .map(|(at, heading)| OutlineLine {
            link: Link::new(
                &heading.title,
                heading_url(site, document, heading, &positions),
            ),
            depth: depth(at, &parents),
            current: Some(at) == current,
        })
        .collect();

    window(lines)
}

/// The page of a heading, or the document if it has no such page.
fn heading_url(
    site: &Site,
    document: &Document,
    heading: &OutlineEntry,
    positions: &HashMap<PageNumber, usize>,
) -> String {
    let source = &document.meta.source;
    match positions.get(&heading.page) {
        Some(position) => site.page(source, &document.pages[*position]),
        None => site.document(source),
    }
}

/// For each heading, the index of the heading above it.
fn parents(outline: &[OutlineEntry]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut parents = Vec::with_capacity(outline.len());
    for (at, heading) in outline.iter().enumerate() {
        while open
            .last()
            .is_some_and(|last| outline[*last].level >= heading.level)
        {
            open.pop();
        }

        parents.push(open.last().copied());
        open.push(at);
    }

    parents
}

/// The position of each page in the document's list of pages.
fn page_positions(document: &Document) -> HashMap<PageNumber, usize> {
    document
        .pages
        .iter()
        .enumerate()
        .map(|(at, page)| (page.number, at))
        .collect()
}

/// The last heading on the page at this position, or before it if the page has none.
fn current_heading(
    outline: &[OutlineEntry],
    position: usize,
    positions: &HashMap<PageNumber, usize>,
) -> Option<usize> {
    outline.iter().rposition(|heading| {
        positions
            .get(&heading.page)
            .is_some_and(|other| *other <= position)
    })
}

/// A heading and its ancestors, innermost first.
fn path(mut at: Option<usize>, parents: &[Option<usize>]) -> Vec<usize> {
    let mut path = Vec::new();
    while let Some(here) = at {
        path.push(here);
        at = parents[here];
    }

    path
}

fn depth(at: usize, parents: &[Option<usize>]) -> usize {
    path(parents[at], parents).len()
}

/// At most [`MAX_LINES`] lines around the current one.
fn window(lines: Vec<OutlineLine>) -> Vec<OutlineLine> {
    let current = lines
        .iter()
        .position(|line| line.current)
        .unwrap_or_default();

    let start = current
        .saturating_sub(MAX_LINES / 2)
        .min(lines.len().saturating_sub(MAX_LINES));
    lines.into_iter().skip(start).take(MAX_LINES).collect()
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::SampleDocument;

    use super::*;
    use crate::testing::document;

    /// A guide whose chapters have two headings and two pages each.
    fn guide(chapters: u32) -> Document {
        let pages = (1..=chapters * 2).fold(SampleDocument::new("g.md"), |sample, page| {
            sample.page(page, &["text"])
        });

        Document {
            outline: (0..chapters).flat_map(chapter).collect(),
            ..document(&pages)
        }
    }

    fn chapter(chapter: u32) -> [OutlineEntry; 3] {
        let first = chapter * 2 + 1;
        [
            heading(1, format!("{chapter}"), first),
            heading(3, format!("{chapter}.1"), first),
            heading(3, format!("{chapter}.2"), first + 1),
        ]
    }

    fn heading(level: u8, title: String, page: u32) -> OutlineEntry {
        OutlineEntry {
            level,
            title,
            page: PageNumber(page),
        }
    }

    fn shown(document: &Document, page: usize) -> Vec<(String, usize, bool)> {
        outline(&Site::new("http://localhost"), document, page - 1)
            .into_iter()
            .map(|line| (line.link.text, line.depth, line.current))
            .collect()
    }

    #[test]
    fn the_current_chapter_is_expanded() {
        let line = |text: &str, depth, current| (text.to_owned(), depth, current);
        let expected = [
            line("0", 0, false),
            line("1", 0, false),
            line("1.1", 1, false),
            line("1.2", 1, true),
            line("2", 0, false),
        ];

        assert_eq!(shown(&guide(3), 4), expected);
        assert_eq!(shown(&guide(3), 1)[1], line("0.1", 1, true));
    }

    #[test]
    fn a_page_without_headings_belongs_to_the_heading_before_it() {
        let mut document = guide(2);
        document.outline.retain(|item| item.page != PageNumber(4));
        let current = shown(&document, 4).into_iter().find(|line| line.2);
        assert_eq!(current.map(|line| line.0).as_deref(), Some("1.1"));

        document.outline.clear();
        assert_eq!(shown(&document, 1), []);
    }

    #[test]
    fn a_long_outline_is_cut_around_the_current_heading() {
        let lines = shown(&guide(1_000), 1_001);
        assert_eq!(lines.len(), MAX_LINES);
        assert!(lines.iter().any(|line| line.2));
    }
}
