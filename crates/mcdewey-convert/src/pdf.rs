//! Converts PDF files with a text layer to Markdown: a marker before each page, headings from the
//! bookmarks and the font sizes, tables row by row, and images at the end of their page. Running
//! headers and footers are paragraphs of their own.
//!
//! `unpdf` parses the file. What it does not do is done on its document model before that is
//! rendered.

mod broken_headings;
mod continued_tables;
mod headings;
mod hyphens;
mod images;
mod labels;
mod pages;
mod running;
#[cfg(test)]
mod tests;
mod title;

use mcdewey_core::{ConvertError, ConvertedDocument};
use unpdf::parser::raw::RawDocument;
use unpdf::{Document, Error, ErrorKind, Page, ParseOptions};

use crate::NativeLibraries;
use crate::front_matter::FrontMatter;
use crate::guard::guarded;

pub(crate) const VERSION: &str = "pdf-2";
/// The version of the parser that reads files without PDFium.
pub(crate) const VERSION_WITHOUT_PDFIUM: &str = "pdf-1-without-pdfium";

pub(crate) fn convert(
    bytes: &[u8],
    _libraries: &NativeLibraries,
) -> Result<ConvertedDocument, ConvertError> {
    guarded(|| read(bytes))
}

fn read(bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
    let options = ParseOptions::new().lenient().sequential();
    let mut document =
        unpdf::parse_bytes_with_options(bytes, options).map_err(|error| parse_error(&error))?;
    if document.pages.is_empty() {
        return Err(ConvertError(
            "no page can be read, the file is damaged or truncated; download it again".to_owned(),
        ));
    }

    if !has_text(&document) {
        return Err(ConvertError(
            "the file has no text layer, only images of pages; run text recognition (OCR) on it \
             first, or remove it"
                .to_owned(),
        ));
    }

    let mut warnings = unreadable_parts(&document);
    if !has_end_marker(bytes) {
        warnings.push("the end-of-file marker is missing; the file may be truncated".to_owned());
    }

    running::separate(&mut document);
    headings::apply_outline(&mut document);
    continued_tables::repeat_headers(&mut document);

    // A file that the raw parser rejects has neither labels nor images, but keeps its text.
    let labels = RawDocument::load(bytes)
        .map(|raw| labels::page_labels(&raw))
        .unwrap_or_default();
    let images = images::extract(bytes, &mut warnings);

    let front_matter = FrontMatter {
        title: title::title(&document),
        updated: document
            .metadata
            .modified
            .or(document.metadata.created)
            .map(|time| time.to_rfc3339()),
        ..FrontMatter::default()
    };

    let body = pages::render(&document, &labels, &images)?;
    Ok(ConvertedDocument {
        markdown: front_matter.before(&body),
        images: images.into_iter().flat_map(|page| page.images).collect(),
        warnings,
    })
}

/// Reports whether the end-of-file marker is where it must be: near the end.
fn has_end_marker(bytes: &[u8]) -> bool {
    const TAIL_BYTES: usize = 2048;
    bytes[bytes.len().saturating_sub(TAIL_BYTES)..]
        .windows(5)
        .any(|window| window == b"%%EOF")
}

fn has_text(document: &Document) -> bool {
    document
        .pages
        .iter()
        .any(|page| page.plain_text().chars().any(char::is_alphanumeric))
}

fn parse_error(error: &Error) -> ConvertError {
    let reason = match error.kind() {
        ErrorKind::Encrypted | ErrorKind::InvalidPassword => {
            "the file is encrypted; save it without a password".to_owned()
        }
        ErrorKind::UnknownFormat => {
            "the file is not a PDF, despite its name; rename it to match its content".to_owned()
        }
        _ => format!(
            "the file is damaged or truncated ({error}); open it and save it again, or download it \
             again"
        ),
    };
    ConvertError(reason)
}

/// Returns a warning for each kind of content that the parser could not read.
fn unreadable_parts(document: &Document) -> Vec<String> {
    let quality = &document.extraction_quality;
    let mut warnings = Vec::new();
    if quality.pages_incomplete {
        let declared = quality
            .declared_page_count
            .map_or_else(String::new, |count| format!(" of {count}"));
        warnings.push(format!(
            "only {}{declared} pages could be read; the file is damaged",
            document.pages.len()
        ));
    }

    for (loss, pages) in [
        (
            "text is missing because its font does not map glyphs to characters",
            pages_where(document, |page| page.suppressed_text_runs > 0),
        ),
        (
            "part of the content could not be decoded",
            pages_where(document, |page| page.undecodable_content_streams > 0),
        ),
        (
            "illegible OCR text was left out",
            pages_where(document, |page| page.ocr_text_suppressed),
        ),
    ] {
        if !pages.is_empty() {
            warnings.push(format!("{loss} on page {}", page_list(&pages)));
        }
    }

    warnings
}

fn pages_where(document: &Document, condition: impl Fn(&Page) -> bool) -> Vec<u32> {
    document
        .pages
        .iter()
        .filter(|page| condition(page))
        .map(|page| page.number)
        .collect()
}

/// Lists the first ten page numbers and how many follow.
fn page_list(pages: &[u32]) -> String {
    const SHOWN: usize = 10;

    let shown: Vec<String> = pages.iter().take(SHOWN).map(u32::to_string).collect();
    let shown = shown.join(", ");
    if pages.len() > SHOWN {
        format!("{shown} and {} more", pages.len() - SHOWN)
    } else {
        shown
    }
}
