//! Where the words of a paged document are on its pages: as a converter reads them from the file,
//! and as they are stored, by their position in the text of a page.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AttachedFile, AttachmentRole, PageNumber};

/// How many pages share an attachment: few enough to read one page quickly, enough to keep the list
/// of a document's attachments short.
const PAGES_PER_ATTACHMENT: u32 = 16;

/// The media type of the attachments.
const MEDIA_TYPE: &str = "application/octet-stream";

/// Coordinates are stored in this fraction of a point.
const UNITS_PER_POINT: f32 = 10.0;

/// A rectangle on a page, in points (1/72 inch) from the left and the top of the page as a reader
/// sees it: turned upright and cropped.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rectangle {
    /// The left edge.
    pub left: f32,
    /// The upper edge.
    pub top: f32,
    /// The right edge.
    pub right: f32,
    /// The lower edge.
    pub bottom: f32,
}

/// A word as it is drawn on a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageWord {
    /// The word, without white space.
    pub text: String,
    /// The area that it covers.
    pub area: Rectangle,
}

/// The words that are drawn on a page, as a converter reads them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageWords {
    /// The physical page.
    pub page: PageNumber,
    /// The width of the page in points.
    pub width: f32,
    /// The height of the page in points.
    pub height: f32,
    /// The words, in reading order as far as it is known.
    pub words: Vec<PageWord>,
}

/// The area of a word of a page's text. A word that is broken at the end of a line has one for each
/// of its parts, with the same byte range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WordBox {
    /// The first byte of the word in the page's text.
    pub start: u32,
    /// The first byte after the word.
    pub end: u32,
    /// The area that it covers.
    pub area: Rectangle,
}

/// The areas of those words of a page of which the text and the drawn page agree.
#[derive(Debug, Clone, PartialEq)]
pub struct PageBoxes {
    /// The physical page.
    pub page: PageNumber,
    /// The width of the page in points.
    pub width: f32,
    /// The height of the page in points.
    pub height: f32,
    /// The words, in the order of the text.
    pub words: Vec<WordBox>,
}

impl PageBoxes {
    /// Returns the attachments that store the boxes of a document's pages. Pages without words are
    /// left out.
    pub fn attachments(pages: &[Self]) -> Vec<AttachedFile> {
        let mut groups: BTreeMap<String, Vec<StoredPage>> = BTreeMap::new();
        for page in pages.iter().filter(|page| !page.words.is_empty()) {
            groups
                .entry(Self::attachment_name(page.page))
                .or_default()
                .push(StoredPage::from(page));
        }

        groups
            .into_iter()
            .filter_map(|(name, pages)| {
                // Encoding into memory fails for no value of these types.
                let content = postcard::to_allocvec(&pages).ok()?;
                let role = AttachmentRole::WordBoxes;
                Some(AttachedFile::new(name, role, MEDIA_TYPE, content))
            })
            .collect()
    }

    /// Returns the name of the attachment that stores the boxes of a page, if it has any.
    pub fn attachment_name(page: PageNumber) -> String {
        let first = page.0.saturating_sub(1) / PAGES_PER_ATTACHMENT * PAGES_PER_ATTACHMENT + 1;
        format!("{first:06}")
    }

    /// Reads the boxes of a page from the attachment that its
    /// [`attachment_name`](Self::attachment_name) names; `None` if they are not in it.
    pub fn read(attachment: &AttachedFile, page: PageNumber) -> Option<Self> {
        let pages: Vec<StoredPage> = postcard::from_bytes(&attachment.content).ok()?;
        let stored = pages.into_iter().find(|stored| stored.page == page.0)?;
        Some(stored.boxes())
    }

    /// Returns the boxes of the words that lie in a byte range of the page's text.
    pub fn within(&self, start: u32, end: u32) -> impl Iterator<Item = &WordBox> {
        self.words
            .iter()
            .filter(move |word| word.start >= start && word.end <= end)
    }
}

/// A page as it is stored, in tenths of a point.
#[derive(Debug, Serialize, Deserialize)]
struct StoredPage {
    page: u32,
    width: i32,
    height: i32,
    words: Vec<StoredWord>,
}

/// A word as it is stored: relative to the word before it, because small numbers take fewer bytes.
#[derive(Debug, Serialize, Deserialize)]
struct StoredWord {
    /// From the start of the word before.
    start: u32,
    length: u32,
    /// From the left edge of the word before.
    left: i32,
    /// From the upper edge of the word before.
    top: i32,
    width: i32,
    height: i32,
}

impl From<&PageBoxes> for StoredPage {
    fn from(page: &PageBoxes) -> Self {
        let mut before = (0, 0, 0);
        let words = page.words.iter().map(|word| {
            let (left, top) = (units(word.area.left), units(word.area.top));
            let stored = StoredWord {
                start: word.start.saturating_sub(before.0),
                length: word.end.saturating_sub(word.start),
                left: left.saturating_sub(before.1),
                top: top.saturating_sub(before.2),
                width: units(word.area.right).saturating_sub(left),
                height: units(word.area.bottom).saturating_sub(top),
            };
            before = (word.start, left, top);
            stored
        });

        Self {
            page: page.page.0,
            width: units(page.width),
            height: units(page.height),
            words: words.collect(),
        }
    }
}

impl StoredPage {
    fn boxes(self) -> PageBoxes {
        let (mut start, mut left, mut top) = (0_u32, 0_i32, 0_i32);
        let words = self.words.iter().map(|word| {
            start = start.saturating_add(word.start);
            left = left.saturating_add(word.left);
            top = top.saturating_add(word.top);
            WordBox {
                start,
                end: start.saturating_add(word.length),
                area: Rectangle {
                    left: points(left),
                    top: points(top),
                    right: points(left.saturating_add(word.width)),
                    bottom: points(top.saturating_add(word.height)),
                },
            }
        });
        let words = words.collect();

        PageBoxes {
            page: PageNumber(self.page),
            width: points(self.width),
            height: points(self.height),
            words,
        }
    }
}

/// Rounds a length in points to stored units. What is no length on a page becomes one at its limit.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float saturates, and stored units are whole"
)]
fn units(length: f32) -> i32 {
    (length * UNITS_PER_POINT).round() as i32
}

#[expect(
    clippy::cast_precision_loss,
    reason = "pages are smaller than a million points"
)]
fn points(units: i32) -> f32 {
    units as f32 / UNITS_PER_POINT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(start: u32, end: u32, left: f32, top: f32) -> WordBox {
        let area = Rectangle {
            left,
            top,
            right: left + 20.5,
            bottom: top + 9.0,
        };
        WordBox { start, end, area }
    }

    fn page(number: u32, words: Vec<WordBox>) -> PageBoxes {
        PageBoxes {
            page: PageNumber(number),
            width: 595.3,
            height: 841.9,
            words,
        }
    }

    #[test]
    fn boxes_are_read_as_they_were_stored() {
        let pages = [
            page(16, vec![word(0, 5, 72.0, 90.0), word(6, 9, 100.1, 90.0)]),
            page(17, vec![word(3, 7, 300.0, 700.2), word(9, 12, 72.0, 60.0)]),
            page(18, Vec::new()),
        ];

        let attachments = PageBoxes::attachments(&pages);
        let names: Vec<&str> = attachments
            .iter()
            .map(|file| file.attachment.name.as_str())
            .collect();
        assert_eq!(names, ["000001", "000017"]);

        for (attachment, page) in attachments.iter().zip(&pages) {
            assert_eq!(
                attachment.attachment.name,
                PageBoxes::attachment_name(page.page)
            );
            assert_eq!(PageBoxes::read(attachment, page.page).as_ref(), Some(page));
        }
        assert_eq!(PageBoxes::read(&attachments[1], PageNumber(18)), None);
    }

    #[test]
    fn damaged_content_has_no_boxes() {
        let pages = [page(1, vec![word(0, 5, 72.0, 90.0)])];
        let whole = PageBoxes::attachments(&pages).remove(0);
        for length in 0..whole.content.len() {
            let cut = AttachedFile {
                content: whole.content[..length].to_vec(),
                ..whole.clone()
            };
            assert_eq!(PageBoxes::read(&cut, PageNumber(1)), None, "{length}");
        }
    }

    #[test]
    fn a_range_selects_its_whole_words() {
        let page = page(1, vec![word(0, 5, 0.0, 0.0), word(6, 9, 30.0, 0.0)]);
        assert_eq!(page.within(1, 9).collect::<Vec<_>>(), [&page.words[1]]);
        assert_eq!(page.within(0, 9).count(), 2);
    }
}
