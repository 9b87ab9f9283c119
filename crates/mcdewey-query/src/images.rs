//! Finds the images on a page: links to images that are stored with the document.

use mcdewey_core::{Attachment, AttachmentRole, Document, PageRef};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{ImageItem, present};

/// Returns the images of a page, in order, each once.
pub(crate) fn images(
    document: &Document,
    page: &PageRef,
    text: &str,
    public_url: &str,
) -> Vec<ImageItem> {
    // Without stored images the page need not be parsed.
    let stored: Vec<&Attachment> = document
        .attachments
        .iter()
        .filter(|file| file.role == AttachmentRole::Image)
        .collect();
    if stored.is_empty() {
        return Vec::new();
    }

    let location = match &page.section {
        None => format!("page {}", page.number),
        Some(section) => format!("“{}”", section.title),
    };

    let mut images: Vec<ImageItem> = Vec::new();
    for (target, alt) in image_links(text) {
        let Some(file) = stored.iter().find(|file| file.name == target) else {
            continue;
        };

        if images.iter().any(|image| image.file.name == target) {
            continue;
        }

        images.push(ImageItem {
            title: format!("Image {} from {location}", images.len() + 1),
            alt,
            file: present::file_item(&document.meta.source, file, public_url),
        });
    }

    images
}

/// Returns the target and the alternative text of each image.
fn image_links(text: &str) -> Vec<(String, String)> {
    let mut links: Vec<(String, String)> = Vec::new();
    let mut open_images = 0_usize;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => {
                open_images += 1;
                links.push((dest_url.into_string(), String::new()));
            }
            Event::End(TagEnd::Image) => open_images = open_images.saturating_sub(1),
            Event::Text(words) | Event::Code(words) if open_images > 0 => {
                if let Some((_, alt)) = links.last_mut() {
                    alt.push_str(&words);
                }
            }
            _ => {}
        }
    }

    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_links_have_their_alternative_text() {
        let text = "![Barge *state*](a.png)\n\n| x |\n|-|\n| ![](b%20c.png) |\n\n`![no](d.png)`";
        let links = image_links(text);
        let found: Vec<_> = links
            .iter()
            .map(|(target, alt)| (target.as_str(), alt.as_str()))
            .collect();

        assert_eq!(found, [("a.png", "Barge state"), ("b%20c.png", "")]);
    }
}
