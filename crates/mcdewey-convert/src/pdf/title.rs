//! The title of a PDF: that of its metadata unless a program made it up, otherwise its most
//! prominent heading.

use unpdf::{Block, Document};

/// How many pages are searched for the heading that names the document.
const TITLE_PAGES: usize = 3;

/// Beginnings of titles that programs make up, such as "Microsoft Word - draft.doc".
const GENERATED_PREFIXES: [&str; 4] = [
    "microsoft word - ",
    "microsoft powerpoint - ",
    "microsoft excel - ",
    "untitled",
];

/// Extensions of the file names that some programs use as titles.
const FILE_EXTENSIONS: [&str; 12] = [
    ".doc", ".docx", ".pdf", ".indd", ".qxd", ".fm", ".book", ".xls", ".xlsx", ".ppt", ".pptx",
    ".odt",
];

pub(super) fn title(document: &Document) -> Option<String> {
    document
        .metadata
        .title
        .as_deref()
        .map(str::trim)
        .filter(|title| is_meaningful(title))
        .map(str::to_owned)
        .or_else(|| highest_heading(document))
}

fn is_meaningful(title: &str) -> bool {
    let lower = title.to_lowercase();
    let generated = GENERATED_PREFIXES
        .iter()
        .any(|prefix| lower.starts_with(prefix));
    let file_name = FILE_EXTENSIONS
        .iter()
        .any(|extension| lower.ends_with(extension));
    let letters = title.chars().filter(|c| c.is_alphabetic()).count();
    !generated && !file_name && letters >= 3
}

/// Returns the first heading of the highest level on the first pages.
fn highest_heading(document: &Document) -> Option<String> {
    let headings = document
        .pages
        .iter()
        .take(TITLE_PAGES)
        .flat_map(|page| &page.elements)
        .filter_map(|block| {
            let Block::Paragraph(paragraph) = block else {
                return None;
            };
            Some((paragraph.heading_level()?, paragraph.plain_text()))
        });

    let mut best: Option<(u8, String)> = None;
    for (level, text) in headings {
        let higher = best
            .as_ref()
            .is_none_or(|(best_level, _)| level < *best_level);
        if higher && !text.trim().is_empty() {
            best = Some((level, text));
        }
    }

    best.map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use unpdf::{Page, Paragraph};

    use super::*;

    #[test]
    fn file_names_and_generated_titles_are_not_meaningful() {
        for title in [
            "Microsoft Word - draft.doc",
            "guide.indd",
            "Untitled-3",
            "12 34",
            "",
        ] {
            assert!(!is_meaningful(title), "{title}");
        }

        assert!(is_meaningful("Finesse Developer Guide 12.5"));
    }

    #[test]
    fn without_a_meaningful_title_the_highest_heading_is_used() {
        let mut document = Document::new();
        let mut page = Page::new(1, 600.0, 800.0);
        for (text, level) in [
            ("Legal notice", 3),
            ("Developer Guide", 1),
            ("Chapter 1", 1),
        ] {
            page.elements
                .push(Block::Paragraph(Paragraph::heading(text, level)));
        }

        document.add_page(page);
        document.metadata.title = Some("Microsoft Word - x.doc".to_owned());
        assert_eq!(title(&document).as_deref(), Some("Developer Guide"));
    }
}
