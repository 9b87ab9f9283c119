//! A document's headings beside one of its pages: the way to where the reader is, and what lies beside it.

use std::collections::HashMap;

use super::site::{Link, Site};
use crate::{DocumentAnswer, OutlineItem, PageItem};

/// Headings shown at most; a manual may have thousands.
const MAX_SHOWN: usize = 200;

/// A heading in the outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OutlineLine {
    pub(super) link: Link,
    /// 0 for a chapter, 1 below it, …
    pub(super) depth: usize,
    /// Whether the reader is here.
    pub(super) current: bool,
}

/// The headings to show on a page.
pub(super) fn around(site: &Site, document: &DocumentAnswer, page: &PageItem) -> Vec<OutlineLine> {
    let parents = parents(&document.outline);
    let places = Places::of(&document.pages);
    let current = current(&document.outline, page, &places);
    let path = path(current, &parents);
    let open = |at: usize| parents[at].is_none_or(|parent| path.contains(&parent));
    let shown = (0..document.outline.len()).filter(|at| open(*at));

    let line = |at: usize| {
        let item = &document.outline[at];
        let url = places
            .of_heading(item)
            .map_or(&document.url, |at| &document.pages[at].url);

        OutlineLine {
            link: Link::new(&item.title, site.local(url)),
            depth: ancestors(at, &parents),
            current: Some(at) == current,
        }
    };

    let lines: Vec<OutlineLine> = shown.map(line).collect();
    window(lines)
}

/// Of each heading, the one it stands below.
fn parents(outline: &[OutlineItem]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut parents = Vec::with_capacity(outline.len());
    for (at, item) in outline.iter().enumerate() {
        while open
            .last()
            .is_some_and(|last| outline[*last].level >= item.level)
        {
            open.pop();
        }
        parents.push(open.last().copied());
        open.push(at);
    }

    parents
}

/// The places of a document's pages.
struct Places<'a>(HashMap<(Option<u32>, Option<&'a str>), usize>);

impl<'a> Places<'a> {
    fn of(pages: &'a [PageItem]) -> Self {
        let place = |(at, page): (usize, &'a PageItem)| ((page.page, page.section.as_deref()), at);
        Self(pages.iter().enumerate().map(place).collect())
    }

    fn place(&self, page: Option<u32>, section: Option<&str>) -> Option<usize> {
        self.0.get(&(page, section)).copied()
    }

    fn of_heading(&self, item: &OutlineItem) -> Option<usize> {
        self.place(item.page, item.section.as_deref())
    }
}

/// The last heading that stands on the page, or before it when the page has none.
fn current(outline: &[OutlineItem], page: &PageItem, places: &Places<'_>) -> Option<usize> {
    let here = places.place(page.page, page.section.as_deref())?;
    outline
        .iter()
        .rposition(|item| places.of_heading(item).is_some_and(|at| at <= here))
}

/// A heading and those above it.
fn path(mut at: Option<usize>, parents: &[Option<usize>]) -> Vec<usize> {
    let mut path = Vec::new();
    while let Some(here) = at {
        path.push(here);
        at = parents[here];
    }

    path
}

fn ancestors(at: usize, parents: &[Option<usize>]) -> usize {
    path(parents[at], parents).len()
}

/// As many lines as are shown, around the current one.
fn window(lines: Vec<OutlineLine>) -> Vec<OutlineLine> {
    let current = lines
        .iter()
        .position(|line| line.current)
        .unwrap_or_default();

    let start = current
        .saturating_sub(MAX_SHOWN / 2)
        .min(lines.len().saturating_sub(MAX_SHOWN));
    lines.into_iter().skip(start).take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::{Generation, Revision};

    /// A guide of chapters with two headings below each, two pages a chapter.
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
        let site = Site::at("http://localhost");
        let lines = around(&site, document, &document.pages[page - 1]);
        lines
            .into_iter()
            .map(|line| (line.link.text, line.depth, line.current))
            .collect()
    }

    #[test]
    fn the_chapter_the_reader_is_in_is_open() {
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
    fn a_page_without_headings_belongs_to_the_last_one_before() {
        let mut document = guide(2);
        document.outline.retain(|item| item.page != Some(4));
        let current = shown(&document, 4).into_iter().find(|line| line.2);
        assert_eq!(current.map(|line| line.0).as_deref(), Some("1.1"));
        document.outline.clear();

        assert_eq!(shown(&document, 1), []);
    }

    #[test]
    fn of_many_headings_those_around_the_reader_are_shown() {
        let lines = shown(&guide(1_000), 1_001);
        assert_eq!(lines.len(), MAX_SHOWN);
        assert!(lines.iter().any(|line| line.2));
    }
}
