//! Headings by the bookmarks: a paragraph that a bookmark of its page names is a heading of that bookmark's level, and
//! what only looks like one in a file with bookmarks stands below the one it follows. "Note" is no heading anywhere.

use std::collections::HashMap;

use unpdf::{Block, Document, Outline, Paragraph};

/// Markdown knows no deeper heading.
const DEEPEST: u8 = 6;
/// A longer paragraph is no heading, whatever its letters look like.
const MAX_HEADING: usize = 200;

/// What stands in large letters above a remark and heads nothing.
const REMARKS: [&str; 7] = [
    "note",
    "notes",
    "important",
    "tip",
    "warning",
    "caution",
    "attention",
];

/// Gives headings their levels.
pub(super) fn follow_outline(document: &mut Document) {
    let named = document.outline.as_ref().map(by_page).unwrap_or_default();

    // The level of the bookmark that what follows stands below.
    let mut above = None;
    for page in &mut document.pages {
        let here = named.get(&page.number);
        for block in &mut page.elements {
            let Block::Paragraph(paragraph) = block else {
                continue;
            };
            let text = plain(&paragraph.plain_text());
            if let Some(level) = here.and_then(|here| here.get(&text)) {
                paragraph.style.heading_level = Some(*level);
                paragraph.style.list_info = None;
                above = Some(*level);
            } else if paragraph.is_heading() && !may_be_heading(paragraph, &text) {
                paragraph.style.heading_level = None;
            } else if let (Some(level), Some(above)) = (paragraph.heading_level(), above) {
                paragraph.style.heading_level = Some(level.max(above + 1).min(DEEPEST));
            }
        }
    }
}

/// The level of each bookmark, by page and by its text.
fn by_page(outline: &Outline) -> HashMap<u32, HashMap<String, u8>> {
    let mut named: HashMap<u32, HashMap<String, u8>> = HashMap::new();
    let mut open: Vec<(&unpdf::model::OutlineItem, u8)> =
        outline.items.iter().map(|item| (item, 1)).collect();
    while let Some((item, level)) = open.pop() {
        if let Some(page) = item.page {
            // A heading at the foot of a page may be bookmarked at the head of the next.
            named
                .entry(page)
                .or_default()
                .insert(plain(&item.title), level.min(DEEPEST));
        }

        open.extend(
            item.children
                .iter()
                .map(|child| (child, level.saturating_add(1))),
        );
    }

    named
}

/// Letters and digits only: bookmarks and headings differ in spaces and signs.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn may_be_heading(paragraph: &Paragraph, plain: &str) -> bool {
    let text = paragraph.plain_text();
    let text = text.trim();
    text.len() <= MAX_HEADING
        && !REMARKS.contains(&plain)
        && plain.chars().any(char::is_alphabetic)
        && !text.ends_with(['.', ',', ';'])
        && !paragraph.is_list_item()
}

#[cfg(test)]
mod tests {
    use unpdf::Page;
    use unpdf::model::OutlineItem;

    use super::*;

    fn levels(outline: Option<Outline>, paragraphs: Vec<Paragraph>) -> Vec<Option<u8>> {
        let mut document = Document::new();
        let mut page = Page::new(7, 600.0, 800.0);
        page.elements = paragraphs.into_iter().map(Block::Paragraph).collect();
        document.add_page(page);
        document.outline = outline;
        follow_outline(&mut document);

        let level = |block: &Block| match block {
            Block::Paragraph(paragraph) => paragraph.heading_level(),
            _ => None,
        };

        document.pages[0].elements.iter().map(level).collect()
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
        ];

        let paragraphs = [paragraphs, vec![Paragraph::with_text("1. Calls")]].concat();
        assert_eq!(
            levels(Some(outline), paragraphs),
            [Some(1), Some(2), Some(3), None]
        );
    }

    #[test]
    fn sentences_and_numbers_are_no_headings() {
        let headings = [
            "A supervisor may enter a call.",
            "12 400 – 7",
            "Note",
            "Barge call",
        ];

        let paragraphs = headings.map(|text| Paragraph::heading(text, 2)).to_vec();
        assert_eq!(levels(None, paragraphs), [None, None, None, Some(2)]);
    }
}
