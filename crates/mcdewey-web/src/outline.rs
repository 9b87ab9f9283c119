//! The outline next to a page of a document: its top-level headings, and those around the current
//! page.

use std::collections::HashMap;

use mcdewey_query::wire::{DocumentAnswer, OutlineItem, PageItem};

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

/// The outline to show next to `page`.
pub(super) fn outline(site: &Site, document: &DocumentAnswer, page: &PageItem) -> Vec<OutlineLine> {
    let parents = parents(&document.outline);
    let positions = PagePositions::new(&document.pages);
    let current = current_heading(&document.outline, page, &positions);
    let path = path(current, &parents);

    let lines: Vec<OutlineLine> = document
        .outline
        .iter()
        .enumerate()
        .filter(|(at, _)| parents[*at].is_none_or(|parent| path.contains(&parent)))
        .map(|(at, heading)| {
            let url = positions
                .of_heading(heading)
                .map_or(&document.url, |position| &document.pages[position].url);

            OutlineLine {
                link: Link::new(&heading.title, site.relative(url)),
                depth: depth(at, &parents),
                current: Some(at) == current,
            }
        })
        .collect();

    window(lines)
}

/// For each heading, the index of the heading above it.
fn parents(outline: &[OutlineItem]) -> Vec<Option<usize>> {
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

/// Indices of a document's pages, by page number and section.
struct PagePositions<'a>(HashMap<(Option<u32>, Option<&'a str>), usize>);

impl<'a> PagePositions<'a> {
    fn new(pages: &'a [PageItem]) -> Self {
        Self(
            pages
                .iter()
                .enumerate()
                .map(|(at, page)| ((page.page, page.section.as_deref()), at))
                .collect(),
        )
    }

    fn get(&self, page: Option<u32>, section: Option<&str>) -> Option<usize> {
        self.0.get(&(page, section)).copied()
    }

    fn of_heading(&self, heading: &OutlineItem) -> Option<usize> {
        self.get(heading.page, heading.section.as_deref())
    }
}

/// The last heading on the page, or before it if the page has none.
fn current_heading(
    outline: &[OutlineItem],
    page: &PageItem,
    positions: &PagePositions<'_>,
) -> Option<usize> {
    let here = positions.get(page.page, page.section.as_deref())?;
    outline.iter().rposition(|heading| {
        positions
            .of_heading(heading)
            .is_some_and(|position| position <= here)
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
    use mcdewey_core::{Generation, Revision};

    use super::*;

    /// A guide whose chapters have two headings and two pages each.
    fn guide(chapters: u32) -> DocumentAnswer {
        let page = |page| PageItem {
            page: Some(page),
            page_label: None,
            section: None,
            title: format!("Page {page}"),
            url: format!("http://localhost/d/g.md?page={page}"),
        };

        let heading = |level, title: String, page| OutlineItem {
            level,
            title,
            page: Some(page),
            section: None,
        };

        let chapter = |chapter: u32| {
            let first = chapter * 2 + 1;
            [
                heading(1, format!("{chapter}"), first),
                heading(3, format!("{chapter}.1"), first),
                heading(3, format!("{chapter}.2"), first + 1),
            ]
        };

        DocumentAnswer {
            source: "g.md".to_owned(),
            doc_title: "Guide".to_owned(),
            vendor: None,
            product: None,
            version: None,
            guide: None,
            lang: None,
            source_url: None,
            updated: None,
            paged: true,
            outline: (0..chapters).flat_map(chapter).collect(),
            pages: (1..=chapters * 2).map(page).collect(),
            chunks: 0,
            original: None,
            url: "http://localhost/d/g.md".to_owned(),
            generation: Generation("g".to_owned()),
            revision: Revision(1),
        }
    }

    fn shown(document: &DocumentAnswer, page: usize) -> Vec<(String, usize, bool)> {
        let site = Site::new("http://localhost");
        let lines = outline(&site, document, &document.pages[page - 1]);
        lines
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
        document.outline.retain(|item| item.page != Some(4));
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
