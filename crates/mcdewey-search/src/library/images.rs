//! Finds the images on a page: links to images that are stored with the document.

use mcdewey_core::{Attachment, AttachmentRole, Document};
use mcdewey_markdown::ImageReference;

/// An image on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageImage {
    /// The alternative text; empty if the document has none.
    pub alt: String,
    /// The stored file. Its name is the target of the links to it in the page's Markdown.
    pub file: Attachment,
}

/// Returns the images of a page with this text, in order, each once.
pub(crate) fn page_images(document: &Document, text: &str) -> Vec<PageImage> {
    // Without stored images the page need not be parsed.
    let stored: Vec<&Attachment> = document
        .attachments
        .iter()
        .filter(|file| file.role == AttachmentRole::Image)
        .collect();
    if stored.is_empty() {
        return Vec::new();
    }

    let mut images: Vec<PageImage> = Vec::new();
    for ImageReference { target, alt, .. } in mcdewey_markdown::images(text) {
        let Some(file) = stored.iter().find(|file| file.name == target) else {
            continue;
        };

        if images.iter().any(|image| image.file.name == target) {
            continue;
        }

        images.push(PageImage {
            alt,
            file: (*file).clone(),
        });
    }

    images
}
