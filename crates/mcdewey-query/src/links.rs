//! Paths of passages, documents, pages and files on this server's web pages.

use mcdewey_core::{Attachment, AttachmentRole, Document, PageRef, SourcePath};
use mcdewey_search::original;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The unreserved characters of RFC 3986 are not encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes one path segment or query value.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Returns the path of a passage: `/c/finesse%3A%3Av12.5…`.
pub fn chunk_path(chunk_id: &str) -> String {
    format!("/c/{}", encode(chunk_id))
}

/// Returns the path of a document: `/d/finesse/v12.5/…`.
pub fn document_path(source: &SourcePath) -> String {
    format!("/d/{}", encode_source(source))
}

/// Returns the path of a page: `/d/…?page=118`, or `?section=…` in a document without pages.
pub fn page_path(source: &SourcePath, page: &PageRef) -> String {
    let document = document_path(source);
    match &page.section {
        Some(section) => format!("{document}?section={}", encode(&section.slug)),
        None => format!("{document}?page={}", page.number),
    }
}

/// Returns the path of a file stored with a document:
/// `/f/…?image=page-58-image-1.png&hash=…`. The hash allows browsers to cache the file
/// indefinitely.
pub fn file_path(source: &SourcePath, file: &Attachment) -> String {
    let role = match file.role {
        AttachmentRole::Image => "image",
        // Word boxes are data, not a file for readers: nothing links to them.
        AttachmentRole::Original | AttachmentRole::WordBoxes => "original",
    };

    format!(
        "/f/{}?{role}={}&hash={}",
        encode_source(source),
        encode(&file.name),
        file.hash.short(16)
    )
}

/// Returns the path of a page of the original PDF, if it is kept: browsers open the file at this
/// page.
pub fn original_page_path(document: &Document, page: &PageRef) -> Option<String> {
    let file = original(document)
        .filter(|file| file.media_type == "application/pdf" && document.meta.paged)?;
    let path = file_path(&document.meta.source, file);
    Some(format!("{path}#page={}", page.number))
}

/// Percent-encodes each segment of a source.
fn encode_source(source: &SourcePath) -> String {
    let segments: Vec<String> = source.as_str().split('/').map(encode).collect();
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use mcdewey_core::PageNumber;

    use super::*;

    #[test]
    fn ids_and_sources_are_percent_encoded() {
        assert_eq!(chunk_path("a::v12.5::1"), "/c/a%3A%3Av12.5%3A%3A1");
        let source: SourcePath = "a b/c?.md".parse().unwrap();
        let page = PageRef {
            number: PageNumber(3),
            label: None,
            section: None,
        };

        assert_eq!(page_path(&source, &page), "/d/a%20b/c%3F.md?page=3");
    }
}
