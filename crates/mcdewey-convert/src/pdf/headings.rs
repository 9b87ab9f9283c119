//! Heading levels. A paragraph that a bookmark of its page names becomes a heading of that
//! bookmark's level; what only looks like a heading ranks below the bookmarked heading before it.
//! Labels of remarks, such as "Note", are never headings.

use std::collections::{HashMap, HashSet};

use unpdf::model::OutlineItem;
use unpdf::{Block, Document, Outline, Page, Paragraph};

use super::broken_headings;

/// The deepest heading level of Markdown.
const MAX_LEVEL: u8 = 6;

/// A longer paragraph, in bytes, is not a heading, whatever its font size.
const MAX_HEADING_BYTES: usize = 200;

/// Labels that are set in large type above a remark but do not start a section.
const REMARK_LABELS: [&str; 7] = [
    "note",
    "notes",
    "important",
    "tip",
    "warning",
    "caution",
    "attention",
];

/// Sets the heading level of every paragraph.
pub(super) fn apply_outline(document: &mut Document) {
    let bookmarks = document
        .outline
        .as_ref()
        .map(bookmark_levels)
        .unwrap_or_default();

    // The level of the bookmark under which the following paragraphs fall.
    let mut bookmark_level = None;
    for page in &mut document.pages {
        let page_bookmarks = bookmarks.get(&page.number);
        broken_headings::join(page, page_bookmarks);
        let bookmarked = page_bookmarks
            .map(|levels| bookmarked_blocks(page, levels))
            .unwrap_or_default();
        for (index, block) in page.elements.iter_mut().enumerate() {
            let Block::Paragraph(paragraph) = block else {
                continue;
            };

            let text = comparable(&paragraph.plain_text());
            if let Some(level) = bookmarked.get(&index) {
                paragraph.style.heading_level = Some(*level);
                paragraph.style.list_info = None;
                bookmark_level = Some(*level);
            } else if paragraph.is_heading() && !may_be_heading(paragraph, &text) {
                paragraph.style.heading_level = None;
            } else if let (Some(level), Some(parent)) = (paragraph.heading_level(), bookmark_level)
            {
                paragraph.style.heading_level = Some(level.max(parent + 1).min(MAX_LEVEL));
            }
        }
    }
}

/// Returns the levels of the paragraphs that bookmarks of their page name, by index.
///
/// A title may also stand in the page's header or in a list of topics. If some of these paragraphs
/// are headings, the bookmark names them, otherwise the last one.
fn bookmarked_blocks(page: &Page, levels: &HashMap<String, u8>) -> HashMap<usize, u8> {
    let mut named: HashMap<String, Vec<(usize, bool)>> = HashMap::new();
    for (index, block) in page.elements.iter().enumerate() {
        if let Block::Paragraph(paragraph) = block {
            let text = comparable(&paragraph.plain_text());
            if levels.contains_key(&text) {
                let blocks = named.entry(text).or_default();
                blocks.push((index, paragraph.is_heading()));
            }
        }
    }

    let mut found = HashMap::new();
    for (text, blocks) in named {
        let last = blocks.len() - 1;
        let has_heading = blocks.iter().any(|(_, is_heading)| *is_heading);
        for (at, (index, is_heading)) in blocks.into_iter().enumerate() {
            if is_heading || (!has_heading && at == last) {
                found.insert(index, levels[&text]);
            }
        }
    }

    found
}

/// Maps each page number to the levels of its bookmarks, by their [`comparable`] titles.
fn bookmark_levels(outline: &Outline) -> HashMap<u32, HashMap<String, u8>> {
    let mut levels: HashMap<u32, HashMap<String, u8>> = HashMap::new();
    let mut pending: Vec<(&OutlineItem, u8)> = outline.items.iter().map(|item| (item, 1)).collect();

    while let Some((item, level)) = pending.pop() {
        if let Some(page) = item.page {
            levels
                .entry(page)
                .or_default()
                .insert(comparable(&item.title), level.min(MAX_LEVEL));
        }

        pending.extend(
            item.children
                .iter()
                .map(|child| (child, level.saturating_add(1))),
        );
    }

    levels
}

/// Returns the texts of all headings and bookmarks, in [`comparable`] form.
pub(super) fn heading_texts(document: &Document) -> HashSet<String> {
    let bookmarks = document
        .outline
        .iter()
        .flat_map(bookmark_levels)
        .flat_map(|(_, levels)| levels.into_keys());
    let headings = document
        .pages
        .iter()
        .flat_map(|page| &page.elements)
        .filter_map(|block| match block {
            Block::Paragraph(paragraph) if paragraph.is_heading() => {
                Some(comparable(&paragraph.plain_text()))
            }
            _ => None,
        });
    bookmarks.chain(headings).collect()
}

/// Reduces a text to lower-case letters and digits, because bookmarks and headings differ in
/// spaces and punctuation.
pub(super) fn comparable(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn may_be_heading(paragraph: &Paragraph, comparable: &str) -> bool {
    let text = paragraph.plain_text();
    let text = text.trim();
    text.len() <= MAX_HEADING_BYTES
        && !REMARK_LABELS.contains(&comparable)
        && comparable.chars().any(char::is_alphabetic)
        && !text.ends_with(['.', ',', ';'])
        && !paragraph.is_list_item()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The heading levels of a page 7 with these paragraphs.
    fn levels(outline: Option<Outline>, paragraphs: Vec<Paragraph>) -> Vec<Option<u8>> {
        let mut page = Page::new(7, 600.0, 800.0);
        page.elements = paragraphs.into_iter().map(Block::Paragraph).collect();
        let mut document = Document::new();
        document.add_page(page);
        document.outline = outline;

        apply_outline(&mut document);

        document.pages[0]
            .elements
            .iter()
            .map(|block| match block {
                Block::Paragraph(paragraph) => paragraph.heading_level(),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn bookmarks_make_headings() {
        let mut chapter = OutlineItem::new("1. Calls", Some(6), 0);
        chapter.add_child(OutlineItem::new("Barge  call", Some(7), 1));
        let mut outline = Outline::new();
        outline.add_item(chapter);

        let paragraphs = vec![
            Paragraph::heading("Cover", 1),
            Paragraph::with_text("Barge Call"),
            Paragraph::heading("To barge in", 1),
            Paragraph::with_text("1. Calls"),
        ];
        assert_eq!(
            levels(Some(outline), paragraphs),
            [Some(1), Some(2), Some(3), None]
        );
    }

    #[test]
    fn a_bookmark_names_the_heading_and_no_other_line_with_its_text() {
        let mut outline = Outline::new();
        outline.add_item(OutlineItem::new("Barge call", Some(7), 0));
        outline.add_item(OutlineItem::new("Call list", Some(7), 0));

        let paragraphs = vec![
            Paragraph::with_text("Barge call"),
            Paragraph::with_text("Call list"),
            Paragraph::heading("Barge call", 3),
            Paragraph::with_text("Call list"),
        ];
        assert_eq!(
            levels(Some(outline), paragraphs),
            [None, None, Some(1), Some(1)]
        );
    }

    #[test]
    fn sentences_numbers_and_remark_labels_are_not_headings() {
        let paragraphs = [
            "A supervisor may enter a call.",
            "12 400 – 7",
            "Note",
            "Barge call",
        ]
        .map(|text| Paragraph::heading(text, 2));
        assert_eq!(
            levels(None, paragraphs.to_vec()),
            [None, None, None, Some(2)]
        );
    }
}
