//! Converts PDF files with a text layer to Markdown: a marker before each page, headings from the
//! bookmarks and the font sizes, tables row by row, and images at the end of their page. Running
//! headers and footers are paragraphs of their own.
//!
//! `unpdf` parses the file. PDFium reads the characters of each page again: where they differ, or
//! are set in a way that `unpdf` does not know, the page is repaired and `unpdf` reads its
//! structure from the repaired one. What else it does not do is done on its document model before
//! that is rendered.

mod annotations;
mod broken_headings;
mod characters;
mod columns;
mod container;
mod continued_tables;
mod headings;
mod hyphens;
mod images;
mod labels;
mod merged_rows;
mod objects;
mod overprint;
mod page_text;
mod pages;
mod repair;
mod rewrite;
mod right_to_left;
mod rules;
mod running;
mod spacing;
mod spans;
mod table_edges;
#[cfg(test)]
mod tests;
mod title;
mod upright;
mod vertical;
mod word_loss;
mod words;

use mcdewey_core::{ConvertError, ConvertedDocument};
use unpdf::parser::raw::RawDocument;
use unpdf::{Document, Page};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;
use crate::native_libraries::NativeLibraries;
use crate::pdfium::with_pdfium;

use characters::PdfFile;
use container::Container;

pub(crate) const VERSION: &str = "pdf-2";
/// The version of the parser that reads files without PDFium.
pub(crate) const VERSION_WITHOUT_PDFIUM: &str = "pdf-2-without-pdfium";

pub(crate) fn convert(
    bytes: &[u8],
    libraries: &NativeLibraries,
) -> Result<ConvertedDocument, ConvertError> {
    guarded(|| read(bytes, libraries))
}

fn read(bytes: &[u8], libraries: &NativeLibraries) -> Result<ConvertedDocument, ConvertError> {
    let bytes = container::from_header(bytes);
    let Some(library) = &libraries.pdfium else {
        return read_without_pdfium(bytes, "PDFium is not installed");
    };
    with_pdfium(library, |pdfium| {
        read_with(bytes, PdfFile::load(pdfium, bytes).as_ref())
    })
    .unwrap_or_else(|error| read_without_pdfium(bytes, &error.0))
}

/// Reads a file with `unpdf` alone and warns of what that may cost.
fn read_without_pdfium(bytes: &[u8], reason: &str) -> Result<ConvertedDocument, ConvertError> {
    let mut converted = read_with(bytes, None)?;
    let warning = format!(
        "{reason}; the file was read without PDFium, so turned, overprinted or vertical text and \
         columns may be mixed up or missing: install PDFium and ingest again"
    );
    converted.warnings.insert(0, warning);
    Ok(converted)
}

fn read_with(bytes: &[u8], file: Option<&PdfFile<'_>>) -> Result<ConvertedDocument, ConvertError> {
    let mut container = container::parse(bytes, file)?;
    repair::repair(&mut container, file);
    table_edges::separate(&mut container.document);
    running::separate(&mut container.document);
    let Container {
        bytes: readable,
        document,
    } = &mut container;

    // A file that the raw parser rejects has neither annotations nor labels nor images, but keeps
    // its text.
    let raw = RawDocument::load(readable).ok();
    if let Some(raw) = &raw {
        annotations::append(document, raw);
        // Otherwise all fields are listed once more at the end of the file.
        document.form_fields.clear();
    }
    if document.pages.is_empty() {
        return Err(ConvertError(
            "no page can be read, the file is damaged or truncated; download it again".to_owned(),
        ));
    }

    if !has_text(document) {
        return Err(ConvertError(
            "the file has no text layer, only images of pages; run text recognition (OCR) on it \
             first, or remove it"
                .to_owned(),
        ));
    }

    let mut warnings = unreadable_parts(document);
    if !has_end_marker(bytes) {
        warnings.push("the end-of-file marker is missing; the file may be truncated".to_owned());
    }

    headings::apply_outline(document);
    continued_tables::repeat_headers(document);

    let labels = raw.as_ref().map(labels::page_labels).unwrap_or_default();
    let images = images::extract(readable, &mut warnings);

    let front_matter = FrontMatter {
        title: title::title(document),
        updated: document
            .metadata
            .modified
            .or(document.metadata.created)
            .map(|time| time.to_rfc3339()),
        ..FrontMatter::default()
    };

    let body = pages::render(document, &labels, &images)?;
    Ok(ConvertedDocument {
        markdown: front_matter.before(&body),
        images: images.into_iter().flat_map(|page| page.images).collect(),
        warnings,
        page_words: file.map(words::of_pages).unwrap_or_default(),
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
