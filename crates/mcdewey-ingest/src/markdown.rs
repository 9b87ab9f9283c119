//! Reads Markdown (and plain text) into pages or sections with their headings. It decides what a document says and
//! where; it knows neither facets nor passages.

mod caption;
mod front_matter;
mod markers;
mod pages;
mod repair;
mod running;
mod sections;
mod structure;
mod units;

use std::borrow::Cow;
use std::ops::Range;

use mcdewey_core::{OutlineEntry, Page};

pub(crate) use caption::introduces;
pub(crate) use front_matter::{FrontMatter, front_matter};
pub(crate) use structure::{Heading, Structure, Table};
pub(crate) use units::{Unit, UnitKind};

/// Changes whenever the same file would be read differently; part of what an unchanged file is recognised by.
pub(crate) const READER: &str = "markdown-3";

/// How a file's text is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Markdown with headings and tables.
    Markdown,
    /// Text whose `#` and `---` mean nothing.
    Plain,
}

/// A document as it was read.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// From the front matter, else the first heading, else the file's name.
    pub(crate) title: String,
    /// What the file says about itself.
    pub(crate) front_matter: FrontMatter,
    /// Whether it has physical pages.
    pub(crate) paged: bool,
    /// Its pages or sections, in order.
    pub(crate) pages: Vec<ParsedPage>,
    /// Things worth a look.
    pub(crate) warnings: Vec<String>,
}

/// A page with what was found on it.
#[derive(Debug)]
pub(crate) struct ParsedPage {
    /// Number and verbatim text.
    pub(crate) page: Page,
    /// Headings, tables and units, in bytes of the page's text.
    pub(crate) structure: Structure,
    /// The text without running headers and footers.
    pub(crate) content: Range<usize>,
}

/// Reads a file's text; `file_stem` names it where nothing in it does.
pub(crate) fn parse(text: &str, file_stem: &str, dialect: Dialect) -> Parsed {
    let (front_matter, start) = match dialect {
        Dialect::Markdown => front_matter(text),
        Dialect::Plain => (FrontMatter::default(), 0),
    };
    let mut warnings = front_matter.warnings.clone();
    let body = match dialect {
        Dialect::Markdown => {
            let repaired = repair::repair(&text[start..]);
            warnings.extend(repaired.warnings);
            repaired.text
        }
        Dialect::Plain => Cow::Borrowed(&text[start..]),
    };

    let body = body.as_ref();
    let named = front_matter.text("title").map(one_line);
    let title = |first: Option<&Heading>| {
        named
            .clone()
            .or_else(|| first.map(|heading| heading.title.clone()))
            .unwrap_or_else(|| spell_out(file_stem))
    };

    if let Some(found) = pages::pages(body) {
        warnings.extend(found.warnings);
        let mut pages = with_content(found.pages, dialect);

        // A heading that runs through the book is no chapter, yet a good title.
        let title = title(
            pages
                .iter()
                .flat_map(|page| &page.structure.headings)
                .next(),
        );

        for ParsedPage {
            structure, content, ..
        } in &mut pages
        {
            structure
                .headings
                .retain(|heading| content.contains(&heading.range.start));
        }

        return Parsed {
            title,
            front_matter,
            paged: true,
            pages,
            warnings,
        };
    }

    let structure = structure_of(body, dialect);
    let title = title(structure.headings.first());
    let pages = with_windows(sections::sections(body, &structure, &title), &structure);

    Parsed {
        title,
        front_matter,
        paged: false,
        pages,
        warnings,
    }
}

impl Parsed {
    /// All headings with their pages.
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
}

fn structure_of(text: &str, dialect: Dialect) -> Structure {
    match dialect {
        Dialect::Markdown => structure::structure(text),
        Dialect::Plain => Structure::default(),
    }
}

/// Physical pages are read one by one: a fence that a converter forgot to close ends with its page.
fn with_content(pages: Vec<Page>, dialect: Dialect) -> Vec<ParsedPage> {
    let contents = running::content_ranges(&pages);
    let read = |(page, content): (Page, Range<usize>)| {
        let structure = structure_of(&page.text, dialect);
        ParsedPage {
            page,
            structure,
            content,
        }
    };

    pages.into_iter().zip(contents).map(read).collect()
}

fn with_windows(sections: Vec<Page>, whole: &Structure) -> Vec<ParsedPage> {
    let mut at = 0;
    let read = |page: Page| {
        let window = at..at + page.text.len();
        at = window.end;
        ParsedPage {
            structure: whole.window(&window),
            content: 0..page.text.len(),
            page,
        }
    };

    sections.into_iter().map(read).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A file name as a title: `developer-guide` becomes "Developer guide".
fn spell_out(stem: &str) -> String {
    let words = one_line(&stem.replace(['-', '_'], " "));
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(text: &str) -> String {
        parse(text, "developer-guide", Dialect::Markdown).title
    }

    #[test]
    fn the_title_comes_from_the_best_place() {
        assert_eq!(
            title("---\ntitle: \"A  guide\"\n---\n# Chapter\n"),
            "A guide"
        );
        assert_eq!(title("# Chapter\n\nText"), "Chapter");
        assert_eq!(title("<!-- page: 3 -->\n# Chapter\n\nText"), "Chapter");
        assert_eq!(title("Text"), "Developer guide");
    }

    #[test]
    fn the_outline_names_pages() {
        let parsed = parse(
            "<!-- page: 7 -->\n# A\n\n<!-- page: 9 -->\n\n## B\n",
            "x",
            Dialect::Markdown,
        );

        let outline: Vec<_> = parsed
            .outline()
            .into_iter()
            .map(|e| (e.level, e.title, e.page.0))
            .collect();

        assert_eq!(outline, [(1, "A".to_owned(), 7), (2, "B".to_owned(), 9)]);
    }

    #[test]
    fn running_headings_are_no_chapters() {
        let text = "<!-- page: 1 -->\n# Guide\n## A\nx\n<!-- page: 2 -->\n# Guide\ny\n<!-- page: 3 -->\n# Guide\nz\n";
        let parsed = parse(text, "x", Dialect::Markdown);
        assert_eq!(parsed.title, "Guide");
        assert_eq!(parsed.outline()[0].title, "A");
        assert_eq!(parsed.outline().len(), 1);
    }

    #[test]
    fn a_fence_left_open_ends_with_its_page() {
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
        assert_eq!(parsed.title, "X");
    }
}
