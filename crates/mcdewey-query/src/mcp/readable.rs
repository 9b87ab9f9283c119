//! Readable text that several tools share: quoted parts, outline lines and the footer.

use mcdewey_core::Chunk;

use super::fence::{QuoteAttributes, label, name, quote, single_line};
use super::wire::{OutlineLine, ReadText, TextPart};
use crate::page_label::page_text;

/// Returns "finesse v12.5", or the part that is known. The result is document content and belongs
/// in an attribute of a tag.
pub(super) fn product_version(product: Option<&str>, version: Option<&str>) -> String {
    [product, version]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the last lines: the notices, and the cursor to continue with.
pub(super) fn footer(notices: &[String], cursor: Option<&str>) -> String {
    let notes = notices
        .iter()
        .map(|notice| format!("\nNote: {}", single_line(notice)));
    let more = cursor.map(|cursor| format!("\nMore: repeat with cursor {}", single_line(cursor)));
    notes.chain(more).collect()
}

/// Renders a [`ReadText`] as Markdown: quoted parts, the first of which names the document.
pub(super) fn read_text_markdown(read: &ReadText) -> String {
    let version = product_version(read.product.as_deref(), read.version.as_deref());
    let mut blocks = Vec::new();
    for (index, part) in read.parts.iter().enumerate() {
        let document = match index {
            0 => DocumentAttributes {
                source: &read.source,
                title: &read.doc_title,
                version: &version,
                url: &read.url,
            },
            _ => DocumentAttributes {
                source: &read.source,
                ..DocumentAttributes::default()
            },
        };
        blocks.push(quote_part(&document, part));
    }

    if !read.outline.is_empty() {
        let lines: Vec<String> = read.outline.iter().map(outline_line).collect();
        let origin = QuoteAttributes {
            title: &read.doc_title,
            version: &version,
            source: &read.source,
            place: "outline",
            url: &read.url,
            ..QuoteAttributes::default()
        };

        blocks.push(quote(&lines.join("\n"), &origin));
    }

    let mut text = blocks.join("\n\n");
    text.push('\n');
    text.push_str(&footer(&read.notices, read.next_cursor.as_deref()));
    text.trim().to_owned()
}

/// The document that a part belongs to. Attributes that an earlier part has named may be empty.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DocumentAttributes<'a> {
    pub(super) source: &'a str,
    pub(super) title: &'a str,
    pub(super) version: &'a str,
    pub(super) url: &'a str,
}

/// Quotes a part with the attributes of its document.
pub(super) fn quote_part(document: &DocumentAttributes<'_>, part: &TextPart) -> String {
    let section = part.section.as_ref();
    let place = page_text(part.page, part.page_label.as_deref())
        .or_else(|| section.map(|section| format!("section {}", name(section))))
        .unwrap_or_default();

    let handle = part.chunk_id.as_ref().map(Chunk::handle_of);

    let origin = QuoteAttributes {
        title: document.title,
        version: document.version,
        source: document.source,
        place: &place,
        id: handle.as_deref(),
        url: document.url,
    };

    quote(&part.text, &origin)
}

/// Returns a line such as "  - Barge (page 118)".
pub(super) fn outline_line(entry: &OutlineLine) -> String {
    let indent = "  ".repeat(usize::from(entry.level.saturating_sub(1)));
    let place = match (entry.page, &entry.section) {
        (Some(page), _) => format!(" (page {page})"),
        (None, Some(section)) => format!(" (section {})", name(section)),
        (None, None) => String::new(),
    };

    format!("{indent}- {}{place}", label(&entry.title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_its_document_page_and_cursor() {
        let read = ReadText {
            source: "finesse/guide.md".to_owned(),
            doc_title: "Developer\nGuide".to_owned(),
            product: Some("finesse".to_owned()),
            version: Some("v12.5".to_owned()),
            url: "http://x/d/finesse/guide.md?page=118".to_owned(),
            parts: vec![TextPart {
                page: Some(118),
                page_label: Some("102".to_owned()),
                text: "Barge.".to_owned(),
                ..TextPart::default()
            }],
            next_cursor: Some("c".to_owned()),
            notices: vec!["cut".to_owned()],
            ..ReadText::default()
        };

        let text = read_text_markdown(&read);
        let lines: Vec<&str> = text.lines().collect();
        let attributes = " title=\"Developer Guide\" version=\"finesse v12.5\" \
                          url=\"http://x/d/finesse/guide.md?page=118\" source=\"finesse/guide.md\" \
                          place=\"Page 118 (printed 102)\">";

        assert!(
            lines[0].starts_with("<document-") && lines[0].ends_with(attributes),
            "{}",
            lines[0]
        );
        assert_eq!(lines[1], "Barge.");
        assert_eq!(lines[3..], ["", "Note: cut", "More: repeat with cursor c"]);
    }

    #[test]
    fn an_outline_is_indented() {
        let entry = |level, page, section: Option<&str>| OutlineLine {
            level,
            title: "Barge".to_owned(),
            page,
            section: section.map(str::to_owned),
        };

        assert_eq!(
            outline_line(&entry(2, Some(118), None)),
            "  - Barge (page 118)"
        );
        assert_eq!(
            outline_line(&entry(1, None, Some("barge-1"))),
            "- Barge (section barge-1)"
        );
    }
}
