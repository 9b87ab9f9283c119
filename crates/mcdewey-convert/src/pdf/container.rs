//! The file as a whole: bytes before its header, and faults that one parser does not forgive and
//! another does.

use std::borrow::Cow;

use mcdewey_core::ConvertError;
use unpdf::{Document, Error, ErrorKind, Page, ParseOptions};

use super::characters::PdfFile;

/// Viewers search for the header in this many bytes.
const HEADER_BYTES: usize = 1024;

/// A file whose parts can be found.
pub(super) struct Container<'a> {
    /// The file as `unpdf` parses it.
    pub(super) bytes: Cow<'a, [u8]>,
    /// Has every page that PDFium finds, even if it is empty.
    pub(super) document: Document,
}

/// Removes what stands before the header. Mail systems and spoolers add such lines.
pub(super) fn from_header(bytes: &[u8]) -> &[u8] {
    let start = bytes[..bytes.len().min(HEADER_BYTES)]
        .windows(5)
        .position(|window| window == b"%PDF-");
    &bytes[start.unwrap_or(0)..]
}

/// Parses a file. If `unpdf` cannot, it gets the copy that PDFium writes of it; if it cannot read
/// that either, the pages are empty.
pub(super) fn parse<'a>(
    bytes: &'a [u8],
    file: Option<&PdfFile<'_>>,
) -> Result<Container<'a>, ConvertError> {
    let page_count = file.map_or(0, PdfFile::page_count);
    let mut best = parse_bytes(bytes).map(|document| Container {
        bytes: Cow::Borrowed(bytes),
        document,
    });

    if count(&best) < page_count as usize {
        let copy = file.and_then(PdfFile::copy);
        let from_copy = copy.and_then(|copy| {
            let document = parse_bytes(&copy).ok()?;
            Some(Container {
                bytes: Cow::Owned(copy),
                document,
            })
        });
        match from_copy {
            Some(container) if container.document.pages.len() > count(&best) => {
                best = Ok(container);
            }
            _ if best.is_err() && page_count > 0 => {
                best = Ok(Container {
                    bytes: Cow::Borrowed(bytes),
                    document: Document::new(),
                });
            }
            _ => {}
        }
    }

    let mut container = best.map_err(|error| parse_error(&error))?;
    if let Some(file) = file {
        add_missing_pages(&mut container.document, file);
    }
    Ok(container)
}

fn parse_bytes(bytes: &[u8]) -> Result<Document, Error> {
    unpdf::parse_bytes_with_options(bytes, ParseOptions::new().lenient().sequential())
}

fn count(container: &Result<Container<'_>, Error>) -> usize {
    container
        .as_ref()
        .map_or(0, |container| container.document.pages.len())
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

/// Adds the pages that only PDFium finds, still empty.
fn add_missing_pages(document: &mut Document, file: &PdfFile<'_>) {
    for number in 1..=file.page_count() {
        let at = document.pages.partition_point(|page| page.number < number);
        let known = document
            .pages
            .get(at)
            .is_some_and(|page| page.number == number);
        if !known && file.has_page(number) {
            document.pages.insert(at, Page::new(number, 0.0, 0.0));
        }
    }

    let quality = &mut document.extraction_quality;
    let declared = quality.declared_page_count.unwrap_or(0) as usize;
    if document.pages.len() >= declared {
        quality.pages_incomplete = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_before_the_header_are_cut_off() {
        assert_eq!(
            from_header(b"%!spool job 7\n%PDF-1.4 rest"),
            b"%PDF-1.4 rest"
        );
        assert_eq!(from_header(b"no header"), b"no header");
        let far = [vec![b' '; 2000], b"%PDF-1.4".to_vec()].concat();
        assert_eq!(from_header(&far).len(), far.len());
    }
}
