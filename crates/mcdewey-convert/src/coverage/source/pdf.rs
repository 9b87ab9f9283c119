//! The text of a PDF as PDFium finds it.

use std::path::Path;

use pdfium_render::prelude::{PdfDocument, Pdfium};

use super::Source;
use crate::pdfium::with_pdfium;

/// How PDFium writes a hyphen at the end of a line that divides a word.
const HYPHENS: [char; 4] = ['-', '\u{AD}', '\u{2}', '\u{FFFE}'];

/// Reads all pages. Lines are in the order in which they are drawn, so each is a part of its own,
/// unless it ends within a word.
pub(super) fn read(bytes: &[u8], library: &Path) -> Option<Source> {
    let open = |pdfium: &Pdfium| {
        let document = pdfium.load_pdf_from_byte_slice(bytes, None).ok()?;
        Some(read_pages(&document))
    };
    with_pdfium(library, open).ok().flatten()
}

fn read_pages(document: &PdfDocument<'_>) -> Source {
    let mut source = Source::parts([]);
    for page in document.pages().iter() {
        let text = page.text().map(|text| text.all()).unwrap_or_default();
        for line in text.lines() {
            source.text.push_str(line);
            source.text.push('\n');
            if !line.trim_end().ends_with(HYPHENS) {
                source.segment_ends.push(source.text.len());
            }
        }
        source.page_ends.push(source.text.len());
    }

    source
}
