//! Which images a page shows: its links, as far as their targets are kept with the document.

use mcdewey_core::{Attachment, AttachmentRole, Document, PageRef};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{ImageItem, present};

/// The images of a page, in order, each once.
pub(crate) fn images(
    document: &Document,
    page: &PageRef,
    text: &str,
    public_url: &str,
) -> Vec<ImageItem> {
    let kept = |name: &str| {
        let is_it = |file: &&Attachment| file.role == AttachmentRole::Image && file.name == name;
        document.attachments.iter().find(is_it)
    };

    if !document
        .attachments
        .iter()
        .any(|file| file.role == AttachmentRole::Image)
    {
        return Vec::new();
    }

    let mut images: Vec<ImageItem> = Vec::new();
    for (target, alt) in shown(text) {
        let Some(file) =
            kept(&target).filter(|_| images.iter().all(|image| image.file.name != target))
        else {
            continue;
        };

        let place = match &page.section {
            None => format!("page {}", page.number),
            Some(section) => format!("“{}”", section.title),
        };

        images.push(ImageItem {
            title: format!("Image {} from {place}", images.len() + 1),
            alt,
            file: present::file_item(&document.meta.source, file, public_url),
        });
    }

    images
}

/// The targets of the links that show images, with their words.
fn shown(text: &str) -> Vec<(String, String)> {
    let mut shown: Vec<(String, String)> = Vec::new();
    let mut open = 0_usize;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => {
                open += 1;
                shown.push((dest_url.into_string(), String::new()));
            }
            Event::End(TagEnd::Image) => open = open.saturating_sub(1),
            Event::Text(words) | Event::Code(words) if open > 0 => {
                if let Some((_, alt)) = shown.last_mut() {
                    alt.push_str(&words);
                }
            }
            _ => {}
        }
    }

    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_images_come_with_their_words() {
        let text = "![Barge *state*](a.png)\n\n| x |\n|-|\n| ![](b%20c.png) |\n\n`![no](d.png)`";
        let found = shown(text);
        let found: Vec<_> = found
            .iter()
            .map(|(target, alt)| (target.as_str(), alt.as_str()))
            .collect();

        assert_eq!(found, [("a.png", "Barge state"), ("b%20c.png", "")]);
    }
}
