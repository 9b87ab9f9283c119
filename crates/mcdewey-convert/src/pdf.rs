//! PDF with a text layer as Markdown: a marker before each page, headings from the bookmarks and the type sizes, tables
//! with their rows, images at the end of their page. Running headers and footers stay out.
//!
//! `unpdf` reads the file; what it leaves undone is repaired on its model of the document before it is written.

mod headings;
mod images;
mod labels;
mod pages;
mod running;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod title;

use mcdewey_core::{ConvertError, Converted};
use unpdf::parser::raw::RawDocument;
use unpdf::{Document, Error, ErrorKind, ParseOptions};

use crate::front_matter::FrontMatter;
use crate::guard::guarded;

pub(crate) const VERSION: &str = "pdf-1";

/// The Markdown of a PDF.
pub(crate) fn convert(bytes: &[u8]) -> Result<Converted, ConvertError> {
    guarded(|| read(bytes))
}

fn read(bytes: &[u8]) -> Result<Converted, ConvertError> {
    let options = ParseOptions::new().lenient().sequential();
    let mut document =
        unpdf::parse_bytes_with_options(bytes, options).map_err(|error| refusal(&error))?;
    if document.pages.is_empty() {
        return Err(ConvertError(
            "no page of it can be read, it is damaged or cut off; fetch it again".to_owned(),
        ));
    }

    if !has_text(&document) {
        return Err(ConvertError(
            "it has no text layer, only pictures of pages; recognise its text first (OCR), or take it away".to_owned(),
        ));
    }

    let mut warnings = losses(&document);
    if !has_end(bytes) {
        warnings.push("its end is missing; the file may be cut off".to_owned());
    }

    running::remove(&mut document);
    headings::follow_outline(&mut document);

    // One that cannot be read so has neither labels nor images; its text is there.
    let labels = RawDocument::load(bytes)
        .map(|raw| labels::labels(&raw))
        .unwrap_or_default();
    let images = images::images(bytes, &mut warnings);
    let front_matter = FrontMatter {
        title: title::title(&document),
        updated: document
            .metadata
            .modified
            .or(document.metadata.created)
            .map(|time| time.to_rfc3339()),
        ..FrontMatter::default()
    };

    let body = pages::body(&document, &labels, &images)?;
    let images = images.into_iter().flat_map(|page| page.images).collect();
    Ok(Converted {
        markdown: front_matter.before(&body),
        images,
        warnings,
    })
}

/// Whether the end mark stands where it must: near the end.
fn has_end(bytes: &[u8]) -> bool {
    const NEAR: usize = 2048;
    bytes[bytes.len().saturating_sub(NEAR)..]
        .windows(5)
        .any(|window| window == b"%%EOF")
}

fn has_text(document: &Document) -> bool {
    document
        .pages
        .iter()
        .any(|page| page.plain_text().chars().any(char::is_alphanumeric))
}

fn refusal(error: &Error) -> ConvertError {
    let reason = match error.kind() {
        ErrorKind::Encrypted | ErrorKind::InvalidPassword => {
            "it is encrypted; save it without a password".to_owned()
        }
        ErrorKind::UnknownFormat => {
            "it is no PDF, whatever its name says; name it after what it is".to_owned()
        }
        _ => format!(
            "it is damaged or cut off ({error}); open it and save it anew, or fetch it again"
        ),
    };
    ConvertError(reason)
}

/// What of the file could not be read, for people.
fn losses(document: &Document) -> Vec<String> {
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

    let mut name = |what: &str, lost: &dyn Fn(&unpdf::Page) -> bool| {
        let pages: Vec<String> = document
            .pages
            .iter()
            .filter(|page| lost(page))
            .map(|page| page.number.to_string())
            .collect();

        if !pages.is_empty() {
            let more = if pages.len() > 10 {
                format!(" and {} more", pages.len() - 10)
            } else {
                String::new()
            };

            warnings.push(format!(
                "{what} on page {}{more}",
                pages[..pages.len().min(10)].join(", ")
            ));
        }
    };

    name(
        "text in fonts that do not say what their letters are is missing",
        &|page| page.suppressed_text_runs > 0,
    );

    name("a part of the content could not be decoded", &|page| {
        page.undecodable_content_streams > 0
    });

    name(
        "text that was recognised in a scan and makes no sense was left out",
        &|page| page.ocr_text_suppressed,
    );

    warnings
}
