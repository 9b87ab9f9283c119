//! Parses a file's text, Markdown or plain, into front matter and pages or sections with their
//! structure.
//!
//! It repairs what converters break, and determines a document's title and its pages. It never
//! assigns facets and never splits pages into chunks.

mod dialects;
mod front_matter;
mod markers;
mod pages;
mod repair;
mod running_lines;
mod sections;
mod title;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use mcdewey_core::{OutlineEntry, Page};
use mcdewey_markdown::{Structure, images};

pub(crate) use dialects::without_dialects;
pub use front_matter::CONVERTED_FROM;
pub(crate) use front_matter::{FrontMatter, front_matter};
pub(crate) use title::{DocumentTitle, name_for_title};

use title::{Headings, document_title};

/// Version of this parser, part of the hash that detects unchanged files. It must change whenever
/// the same file would be parsed differently.
pub(crate) const PARSER_VERSION: &str = "markdown-4";

/// How a file's text is interpreted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Markdown as people write it.
    Markdown,
    /// MDX as people write it.
    Mdx,
    /// Markdown that a converter of this program wrote.
    Converted,
    /// Plain text, in which `#` and `---` have no meaning.
    Plain,
}

/// A parsed file.
#[derive(Debug)]
pub(crate) struct ParsedDocument {
    pub(crate) title: DocumentTitle,
    pub(crate) front_matter: FrontMatter,
    /// Whether the file marks physical pages; otherwise `pages` holds sections.
    pub(crate) paged: bool,
    /// Pages or sections, in document order.
    pub(crate) pages: Vec<ParsedPage>,
    /// Problems for the operator to check; the file was parsed nevertheless.
    pub(crate) warnings: Vec<String>,
}

/// A page and its structure.
#[derive(Debug)]
pub(crate) struct ParsedPage {
    /// Number and verbatim text.
    pub(crate) page: Page,
    /// Headings, tables and units, as byte ranges of the page's text.
    pub(crate) structure: Structure,
    /// The byte range of the text without running headers and footers.
    pub(crate) content: Range<usize>,
}

/// Parses a file's text. `name` supplies the title where neither front matter nor headings do, see
/// [`name_for_title`].
pub(crate) fn parse(text: &str, name: &str, dialect: Dialect) -> ParsedDocument {
    let (front_matter, body_start) = match dialect {
        Dialect::Plain => (FrontMatter::default(), 0),
        _ => front_matter(text),
    };
    let mut warnings = front_matter.warnings.clone();

    let rewritten = without_dialects(&text[body_start..], dialect, &front_matter);
    warnings.extend(rewritten.warnings);
    let body = match dialect {
        Dialect::Plain => Cow::Borrowed(rewritten.text.as_ref()),
        _ => {
            let repaired = repair::repair(&rewritten.text);
            warnings.extend(repaired.warnings);
            repaired.text
        }
    };
    let body = body.as_ref();

    if let Some(found) = pages::physical_pages(body) {
        warnings.extend(found.warnings);
        let mut pages = parse_pages(found.pages, dialect);

        // A heading repeated on every page is not a chapter, but it makes a good title. The title
        // is therefore chosen before such headings are removed.
        let title = document_title(&front_matter, &headings_of(&pages), name);

        for page in &mut pages {
            let content = &page.content;
            page.structure
                .headings
                .retain(|heading| content.contains(&heading.range.start));
        }

        return ParsedDocument {
            title,
            front_matter,
            paged: true,
            pages,
            warnings,
        };
    }

    let structure = parse_structure(body, dialect);
    let headings = Headings {
        text_before: structure
            .headings
            .first()
            .map_or("", |first| &body[..first.range.start]),
        all: structure.headings.iter().collect(),
    };
    let title = document_title(&front_matter, &headings, name);
    let sections = sections::divide_into_sections(body, &structure, &title.text);
    let pages = with_structure(sections, &structure);

    ParsedDocument {
        title,
        front_matter,
        paged: false,
        pages,
        warnings,
    }
}

impl ParsedDocument {
    /// Returns all headings with the pages they are on.
    pub(crate) fn outline(&self) -> Vec<OutlineEntry> {
        let entries = self.pages.iter().flat_map(|page| {
            page.structure.headings.iter().map(|heading| OutlineEntry {
                level: heading.level,
                title: heading.title.clone(),
                page: page.page.page.number,
            })
        });
        entries.collect()
    }

    /// Returns the links to all images that the pages show, each once.
    pub(crate) fn image_targets(&self) -> BTreeSet<String> {
        self.pages
            .iter()
            .flat_map(|page| &page.structure.images)
            .map(|image| image.target.clone())
            .collect()
    }
}

/// Returns the headings of all pages. Running headers are no text before the first one.
fn headings_of(pages: &[ParsedPage]) -> Headings<'_> {
    let first = pages
        .iter()
        .find(|page| !page.page.text[page.content.clone()].trim().is_empty());
    let text_before = first.map_or("", |page| {
        let text = page.page.text.as_str();
        let end = page
            .structure
            .headings
            .first()
            .map_or(text.len(), |heading| heading.range.start);
        &text[page.content.start.min(end)..end]
    });

    Headings {
        text_before,
        all: pages
            .iter()
            .flat_map(|page| &page.structure.headings)
            .collect(),
    }
}

fn parse_structure(text: &str, dialect: Dialect) -> Structure {
    match dialect {
        // Readers see every text as Markdown, so plain text shows images too.
        Dialect::Plain => Structure {
            images: images(text),
            ..Structure::default()
        },
        _ => Structure::parse(text),
    }
}

/// Parses physical pages one by one, so that a fence that a converter forgot to close ends with its
/// page.
fn parse_pages(pages: Vec<Page>, dialect: Dialect) -> Vec<ParsedPage> {
    let contents = running_lines::content_ranges(&pages);
    pages
        .into_iter()
        .zip(contents)
        .map(|(page, content)| ParsedPage {
            structure: parse_structure(&page.text, dialect),
            page,
            content,
        })
        .collect()
}

/// Gives each section its part of the structure of the whole text.
///
/// A section is shown on its own, so its images are those of its text alone. They are looked for
/// again only where they may differ from those in the whole text.
fn with_structure(sections: Vec<Page>, whole: &Structure) -> Vec<ParsedPage> {
    let end_of_text: usize = sections.iter().map(|page| page.text.len()).sum();
    let mut parsed = Vec::with_capacity(sections.len());
    let mut start = 0;
    for page in sections {
        let end = start + page.text.len();
        let is_cut_from_block = [start, end]
            .into_iter()
            .any(|border| border != 0 && border != end_of_text && !begins_heading(whole, border));

        let mut structure = whole.within(&(start..end));
        if is_cut_from_block || structure.images.iter().any(|image| image.is_by_name) {
            structure.images = images(&page.text);
        }

        parsed.push(ParsedPage {
            structure,
            content: 0..page.text.len(),
            page,
        });
        start = end;
    }

    parsed
}

fn begins_heading(structure: &Structure, offset: usize) -> bool {
    structure
        .headings
        .binary_search_by_key(&offset, |heading| heading.range.start)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outline_lists_headings_with_their_pages() {
        let parsed = parse(
            "<!-- page: 7 -->\n# A\n\n<!-- page: 9 -->\n\n## B\n",
            "x",
            Dialect::Markdown,
        );

        let outline: Vec<_> = parsed
            .outline()
            .into_iter()
            .map(|entry| (entry.level, entry.title, entry.page.0))
            .collect();

        assert_eq!(outline, [(1, "A".to_owned(), 7), (2, "B".to_owned(), 9)]);
    }

    #[test]
    fn running_headings_are_not_chapters() {
        let text = "<!-- page: 1 -->\n# Guide\n## A\nx\n<!-- page: 2 -->\n# Guide\ny\n\
                    <!-- page: 3 -->\n# Guide\nz\n";
        let parsed = parse(text, "x", Dialect::Markdown);
        assert_eq!(parsed.title.text, "Guide");
        assert_eq!(parsed.outline()[0].title, "A");
        assert_eq!(parsed.outline().len(), 1);
    }

    #[test]
    fn running_lines_are_shown_but_not_indexed() {
        let page = |number: u32| {
            let code = 4100 + number;
            let text =
                format!("# Alarm {code}\n\nLamp {number} blinks.\n\nCabinet manual {number}\n");
            (format!("<!-- page: {number} -->\n"), text)
        };
        let text: String = (1..=4)
            .map(page)
            .map(|(marker, text)| marker + &text)
            .collect();
        let parsed = parse(&text, "x", Dialect::Markdown);

        assert_eq!(parsed.outline().len(), 4);
        for (number, found) in (1..).zip(&parsed.pages) {
            let (_, shown) = page(number);
            assert_eq!(found.page.text, shown);
            let indexed = &found.page.text[found.content.clone()];
            assert_eq!(Some(indexed.trim()), shown.split("\n\nCabinet").next());
        }
    }

    #[test]
    fn an_unclosed_fence_ends_with_its_page() {
        let text = "<!-- page: 1 -->\n```\ncode\n<!-- page: 2 -->\n# Chapter\n";
        assert_eq!(parse(text, "x", Dialect::Markdown).outline().len(), 1);
    }

    #[test]
    fn plain_text_has_no_headings_but_may_have_pages() {
        let parsed = parse(
            "# not a heading\n\u{c}---\ntitle: x\n---\n",
            "x",
            Dialect::Plain,
        );

        assert!(parsed.paged && parsed.outline().is_empty());
        assert_eq!(parsed.title.text, "X");
    }
}
