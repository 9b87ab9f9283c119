//! What a PDF is called: what its metadata say, unless a program wrote it there; else its largest heading.

use unpdf::{Block, Document};

/// The heading that names a document stands on one of its first pages.
const FIRST_PAGES: usize = 3;

/// Names that programs give: "Microsoft Word - draft.doc".
const PROGRAMS: [&str; 4] = [
    "microsoft word - ",
    "microsoft powerpoint - ",
    "microsoft excel - ",
    "untitled",
];
/// Endings of file names.
const FILES: [&str; 12] = [
    ".doc", ".docx", ".pdf", ".indd", ".qxd", ".fm", ".book", ".xls", ".xlsx", ".ppt", ".pptx",
    ".odt",
];

pub(super) fn title(document: &Document) -> Option<String> {
    let told = document
        .metadata
        .title
        .as_deref()
        .map(str::trim)
        .filter(|title| is_title(title));
    told.map(str::to_owned)
        .or_else(|| largest_heading(document))
}

fn is_title(title: &str) -> bool {
    let lower = title.to_lowercase();
    let by_program = PROGRAMS.iter().any(|start| lower.starts_with(start));
    let file_name = FILES.iter().any(|end| lower.ends_with(end));
    !by_program && !file_name && title.chars().filter(|c| c.is_alphabetic()).count() >= 3
}

/// The first of the highest headings.
fn largest_heading(document: &Document) -> Option<String> {
    let paragraphs = document
        .pages
        .iter()
        .take(FIRST_PAGES)
        .flat_map(|page| &page.elements)
        .filter_map(|block| {
            let Block::Paragraph(paragraph) = block else {
                return None;
            };
            Some((paragraph.heading_level()?, paragraph.plain_text()))
        });

    let mut best: Option<(u8, String)> = None;
    for (level, text) in paragraphs {
        if !text.trim().is_empty() && best.as_ref().is_none_or(|(known, _)| level < *known) {
            best = Some((level, text));
        }
    }

    best.map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use unpdf::{Page, Paragraph};

    #[test]
    fn names_of_files_and_programs_are_no_titles() {
        for no in [
            "Microsoft Word - draft.doc",
            "guide.indd",
            "Untitled-3",
            "12 34",
            "",
        ] {
            assert!(!is_title(no), "{no}");
        }

        assert!(is_title("Finesse Developer Guide 12.5"));
    }

    #[test]
    fn without_a_title_the_highest_heading_names_it() {
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
