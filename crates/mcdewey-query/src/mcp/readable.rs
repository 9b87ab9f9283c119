//! The readable side of answers: heads, quoted parts and last lines that the tools share.

use mcdewey_core::Chunk;

use super::fence::{Origin, label, line, name, quote};
use super::wire::{OutlineLine, ReadText, TextPart};
use crate::place::page_words;

/// "finesse v12.5", as far as known. The words are a document's: they belong in a tag's attribute.
pub(super) fn release(product: Option<&str>, version: Option<&str>) -> String {
    [product, version]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The last lines: what was left out, and how to go on.
pub(super) fn closing(notices: &[String], cursor: Option<&str>) -> String {
    let notes = notices
        .iter()
        .map(|notice| format!("\nNote: {}", line(notice)));
    let more = cursor.map(|cursor| format!("\nMore: repeat with cursor {}", line(cursor)));
    notes.chain(more).collect()
}

/// What was read, as Markdown: quoted parts, the first of which says what the document is.
pub(super) fn document(read: &ReadText) -> String {
    let release = release(read.product.as_deref(), read.version.as_deref());
    let mut blocks = Vec::new();
    for (place, part) in read.parts.iter().enumerate() {
        let of = match place {
            0 => Of {
                source: &read.source,
                title: &read.doc_title,
                version: &release,
                url: &read.url,
            },
            _ => Of {
                source: &read.source,
                ..Of::default()
            },
        };
        blocks.push(quoted(&of, part));
    }

    if !read.outline.is_empty() {
        let lines: Vec<String> = read.outline.iter().map(outline_line).collect();
        let origin = Origin {
            title: &read.doc_title,
            version: &release,
            source: &read.source,
            place: "outline",
            url: &read.url,
            ..Origin::default()
        };

        blocks.push(quote(&lines.join("\n"), &origin));
    }

    let mut text = blocks.join("\n\n");
    text.push('\n');
    text.push_str(&closing(&read.notices, read.next_cursor.as_deref()));
    text.trim().to_owned()
}

/// The document that a part is of; what is said already may be empty.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Of<'a> {
    pub(super) source: &'a str,
    pub(super) title: &'a str,
    pub(super) version: &'a str,
    pub(super) url: &'a str,
}

/// One part, quoted with its source line.
pub(super) fn quoted(of: &Of<'_>, part: &TextPart) -> String {
    let section = || {
        part.section
            .as_ref()
            .map(|section| format!("section {}", name(section)))
    };

    let place = page_words(part.page, part.page_label.as_deref())
        .or_else(section)
        .unwrap_or_default();

    let handle = part
        .chunk_id
        .as_deref()
        .and_then(|id| id.parse().ok())
        .map(|id| Chunk::handle_of(&id));

    let Of {
        source,
        title,
        version,
        url,
    } = *of;

    quote(
        &part.text,
        &Origin {
            title,
            version,
            source,
            place: &place,
            id: handle.as_deref(),
            url,
        },
    )
}

/// "  - Barge (page 118)".
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
    fn what_was_read_names_its_place_and_how_to_go_on() {
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

        let text = document(&read);
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
