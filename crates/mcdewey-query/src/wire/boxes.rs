//! Where the words of a passage are on its page, as REST sends it.

use mcdewey_core::{PageBoxes, WordBox};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the words of a passage are on its page. Lengths are in points (1/72 inch) from the left and
/// the top of the page as a reader sees it. A word of which text and page do not agree is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WordBoxesItem {
    /// The physical page.
    pub page: u32,
    /// The width of the page in points.
    pub width: f32,
    /// The height of the page in points.
    pub height: f32,
    /// The words, in the order of the text.
    pub words: Vec<WordBoxItem>,
}

/// Where a word is. A word that is broken at the end of a line is listed once for each of its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WordBoxItem {
    /// Offset of the word's first byte in the passage's text.
    pub start: u32,
    /// Offset of the first byte after the word.
    pub end: u32,
    /// The left edge.
    pub left: f32,
    /// The upper edge.
    pub top: f32,
    /// The right edge.
    pub right: f32,
    /// The lower edge.
    pub bottom: f32,
}

impl From<&PageBoxes> for WordBoxesItem {
    fn from(boxes: &PageBoxes) -> Self {
        Self {
            page: boxes.page.0,
            width: boxes.width,
            height: boxes.height,
            words: boxes.words.iter().map(WordBoxItem::from).collect(),
        }
    }
}

impl From<&WordBox> for WordBoxItem {
    fn from(word: &WordBox) -> Self {
        Self {
            start: word.start,
            end: word.end,
            left: word.area.left,
            top: word.area.top,
            right: word.area.right,
            bottom: word.area.bottom,
        }
    }
}
