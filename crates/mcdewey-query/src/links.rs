//! Addresses of passages and pages on this server's web pages.

use mcdewey_core::{Attachment, AttachmentRole, PageRef, SourcePath};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand in one path part or query value as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One path part or query value, percent-encoded.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// The path of a passage's page: `/c/finesse%3A%3Av12.5…`.
pub(crate) fn chunk_path(chunk_id: &str) -> String {
    format!("/c/{}", encode(chunk_id))
}

/// The path of a document: `/d/finesse/v12.5/…`.
pub(crate) fn document_path(source: &SourcePath) -> String {
    let parts: Vec<String> = source.as_str().split('/').map(encode).collect();
    format!("/d/{}", parts.join("/"))
}

/// The path of a page of a document: `/d/…?page=118`, or `?section=…` in a document without pages.
pub(crate) fn page_path(source: &SourcePath, page: &PageRef) -> String {
    let document = document_path(source);
    match &page.section {
        Some(section) => format!("{document}?section={}", encode(&section.slug)),
        None => format!("{document}?page={}", page.number),
    }
}

/// The path of a file that is kept with a document: `/f/…?image=page-58-image-1.png&hash=…`. The hash lets browsers keep
/// it for good.
pub(crate) fn file_path(source: &SourcePath, file: &Attachment) -> String {
    let parts: Vec<String> = source.as_str().split('/').map(encode).collect();
    let role = match file.role {
        AttachmentRole::Image => "image",
        AttachmentRole::Original => "original",
    };

    format!(
        "/f/{}?{role}={}&hash={}",
        parts.join("/"),
        encode(&file.name),
        file.hash.short(16)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcdewey_core::PageNumber;

    #[test]
    fn ids_and_sources_are_encoded() {
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
