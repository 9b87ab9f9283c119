//! Finds the images that a text shows, with their alternative texts.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

use super::parser;

/// An image in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference {
    /// The link to the image, as it is written.
    pub target: String,
    /// The alternative text without markup, up to the next image inside it.
    pub alt: String,
    /// The byte range in the text.
    pub range: Range<usize>,
    /// Whether the link, or one in the alternative text, is defined elsewhere in the text, as in
    /// `![alt][name]`.
    pub is_by_name: bool,
}

/// Returns the images of a text, in order, an outer image before those in its alternative text.
pub fn images(text: &str) -> Vec<ImageReference> {
    // Most texts show no image: the search is much cheaper than parsing them.
    if !text.contains("![") {
        return Vec::new();
    }

    let mut collector = ImageCollector::default();
    for (event, range) in parser(text).into_offset_iter() {
        collector.process(&event, &range);
    }
    collector.finish()
}

/// Collects images from the parser's events.
#[derive(Default)]
pub(super) struct ImageCollector {
    images: Vec<ImageReference>,
    /// How many images the current position is inside.
    depth: usize,
}

impl ImageCollector {
    pub(super) fn process(&mut self, event: &Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(Tag::Image {
                link_type,
                dest_url,
                ..
            }) => {
                self.depth += 1;
                self.images.push(ImageReference {
                    target: dest_url.to_string(),
                    alt: String::new(),
                    range: range.clone(),
                    is_by_name: is_by_name(*link_type),
                });
            }
            Event::Start(Tag::Link { link_type, .. }) if self.depth > 0 => {
                if let Some(image) = self.images.last_mut() {
                    image.is_by_name |= is_by_name(*link_type);
                }
            }
            Event::End(TagEnd::Image) => self.depth = self.depth.saturating_sub(1),
            Event::Text(words) | Event::Code(words) if self.depth > 0 => {
                if let Some(image) = self.images.last_mut() {
                    image.alt.push_str(words);
                }
            }
            _ => {}
        }
    }

    pub(super) fn finish(self) -> Vec<ImageReference> {
        self.images
    }
}

fn is_by_name(link_type: LinkType) -> bool {
    matches!(
        link_type,
        LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Structure;

    #[test]
    fn images_have_target_and_alternative_text() {
        let text = "![Barge *state*](a.png)\n\n| x |\n|-|\n| ![](b%20c.png) |\n\n`![no](d.png)`";
        let found = images(text);
        let parts: Vec<_> = found
            .iter()
            .map(|image| (image.target.as_str(), image.alt.as_str()))
            .collect();

        assert_eq!(parts, [("a.png", "Barge state"), ("b%20c.png", "")]);
        assert_eq!(&text[found[0].range.clone()], "![Barge *state*](a.png)");
        assert_eq!(Structure::parse(text).images, found);
    }

    #[test]
    fn a_link_defined_elsewhere_is_by_name() {
        let found = images("![a](a.png) ![b][c] ![c] ![d [c]](d.png)\n\n[c]: c.png\n");
        let parts: Vec<_> = found
            .iter()
            .map(|image| (image.target.as_str(), image.is_by_name))
            .collect();

        assert_eq!(
            parts,
            [
                ("a.png", false),
                ("c.png", true),
                ("c.png", true),
                ("d.png", true)
            ]
        );
        assert_eq!(images("![b][c]"), []);
    }
}
