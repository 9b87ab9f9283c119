//! The title of a PDF: that of its metadata unless a program made it up, otherwise its most
//! prominent heading.

use std::collections::HashSet;

use unpdf::{Block, Document};

/// How many pages are searched for the heading that names the document.
const TITLE_PAGES: usize = 3;

/// Beginnings of titles that programs make up, such as "Microsoft Word - draft.doc".
const GENERATED_PREFIXES: [&str; 5] = [
    "microsoft word - ",
    "microsoft powerpoint - ",
    "microsoft excel - ",
    "untitled",
    "file://",
];

/// Titles that programs and templates give to every document, in lower case. A number may follow.
const TEMPLATE_TITLES: [&str; 20] = [
    "blank",
    "blank document",
    "book",
    "cover",
    "default",
    "doc",
    "document",
    "layout",
    "microsoft word document",
    "new document",
    "no title",
    "normal",
    "page",
    "powerpoint presentation",
    "presentation",
    "sheet",
    "slide",
    "template",
    "title",
    "word template",
];

/// Extensions of the file names that some programs use as titles.
const FILE_EXTENSIONS: [&str; 22] = [
    ".ai", ".book", ".cdr", ".doc", ".docm", ".docx", ".dot", ".dotm", ".dotx", ".dvi", ".fm",
    ".htm", ".html", ".indd", ".odt", ".pdf", ".ppt", ".pptx", ".ps", ".qxd", ".xls", ".xlsx",
];

pub(super) fn title(document: &Document) -> Option<String> {
    let metadata = &document.metadata;
    let programs = [&metadata.creator, &metadata.producer].map(Option::as_deref);
    metadata
        .title
        .as_deref()
        .map(str::trim)
        .filter(|title| is_meaningful(title) && !programs.contains(&Some(title)))
        .map(str::to_owned)
        .or_else(|| highest_heading(document))
}

/// Reports whether the title of the metadata is one that a person gave.
fn is_meaningful(title: &str) -> bool {
    let lower = title.to_lowercase();
    let generated = GENERATED_PREFIXES
        .iter()
        .any(|prefix| lower.starts_with(prefix));
    let file_name = FILE_EXTENSIONS
        .iter()
        .any(|extension| lower.ends_with(extension));
    let unnumbered =
        lower.trim_end_matches(|c: char| c.is_numeric() || c.is_whitespace() || "-_()".contains(c));
    let template = TEMPLATE_TITLES.contains(&unnumbered);
    let letters = title.chars().filter(|c| c.is_alphabetic()).count();
    // A word of an ideographic script may have two letters.
    let wide = title.chars().any(|c| c >= '\u{2e80}');
    let enough_letters = letters >= if wide { 2 } else { 3 };
    !generated && !file_name && !template && enough_letters && !is_identifier(&lower)
}

/// Reports whether a title is only an identifier in hexadecimal, such as a GUID.
fn is_identifier(title: &str) -> bool {
    const MIN_DIGITS: usize = 16;

    let digits: Vec<char> = title.chars().filter(|c| !"-{}_ ".contains(*c)).collect();
    digits.len() >= MIN_DIGITS && digits.iter().all(char::is_ascii_hexdigit)
}

/// A heading and how it stands out.
struct Prominent {
    page: u32,
    text: String,
    level: u8,
}

/// Returns the first heading of the highest level on the first pages, unless most pages have another
/// one of that level: then it names a part of the document, as those do.
fn highest_heading(document: &Document) -> Option<String> {
    let headings = headings(document);
    let best = headings
        .iter()
        .filter(|heading| heading.page as usize <= TITLE_PAGES)
        .min_by_key(|heading| heading.level)?;

    let others: HashSet<u32> = headings
        .iter()
        .filter(|other| other.text != best.text && other.level <= best.level)
        .map(|other| other.page)
        .filter(|page| *page != best.page)
        .collect();
    let is_one_of_many = others.len() * 2 >= document.pages.len();
    (!is_one_of_many).then(|| best.text.clone())
}

fn headings(document: &Document) -> Vec<Prominent> {
    let paragraphs = document.pages.iter().flat_map(|page| {
        page.elements.iter().filter_map(|block| match block {
            Block::Paragraph(paragraph) => Some((page.number, paragraph)),
            _ => None,
        })
    });
    paragraphs
        .filter_map(|(page, paragraph)| {
            let text = paragraph.plain_text().trim().to_owned();
            let level = paragraph.heading_level().filter(|_| !text.is_empty())?;
            Some(Prominent { page, text, level })
        })
        .collect()
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
            "Normal.dotm",
            "Presentation1",
            "PowerPoint Presentation",
            "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
            "{6f9619ff-8b86-d011-b42d-00cf4fc964ff}",
            "file:///home/user/draft",
        ] {
            assert!(!is_meaningful(title), "{title}");
        }

        for title in [
            "Finesse Developer Guide 12.5",
            "Presentation of the pump",
            "手册",
        ] {
            assert!(is_meaningful(title), "{title}");
        }
    }

    #[test]
    fn the_name_of_a_program_is_not_a_title() {
        let mut document = Document::new();
        document.metadata.title = Some("Acme Distiller 9".to_owned());
        document.metadata.producer = Some("Acme Distiller 9".to_owned());
        assert_eq!(title(&document), None);
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

    #[test]
    fn a_heading_that_most_pages_equal_is_no_title() {
        let title_of = |headings: &[&str]| {
            let mut document = Document::new();
            for (number, text) in (1..).zip(headings) {
                let mut page = Page::new(number, 600.0, 800.0);
                let paragraph = match *text {
                    "" => Paragraph::with_text("The fan has failed."),
                    heading => Paragraph::heading(heading, 1),
                };
                page.elements.push(Block::Paragraph(paragraph));
                document.add_page(page);
            }
            title(&document)
        };

        assert_eq!(title_of(&["Alarm 4101", "Alarm 4102", "Alarm 4103"]), None);
        let chapters = ["Alarm guide", "", "Chapter 1", "", "Alarm guide"];
        assert_eq!(title_of(&chapters).as_deref(), Some("Alarm guide"));
    }
}
