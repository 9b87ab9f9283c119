//! The text of a file as another reader than its converter finds it.

mod docx;
mod html;
mod markup;
mod openapi;
mod pdf;

use mcdewey_core::Format;

use super::compare::Order;
use crate::native_libraries::NativeLibraries;

/// The text of a file.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) text: String,
    /// Where parts of the text end that need not be followed by the next part, in ascending order.
    pub(super) segment_ends: Vec<usize>,
    /// Where pages end; empty in formats without pages.
    pub(super) page_ends: Vec<usize>,
    pub(super) order: Order,
}

impl Source {
    /// Reads a file; `None` if it cannot be read.
    pub(super) fn read(format: Format, bytes: &[u8], libraries: &NativeLibraries) -> Option<Self> {
        match format {
            Format::Pdf => pdf::read(bytes, libraries.pdfium.as_deref()?),
            Format::Html => html::read(bytes),
            Format::Docx => docx::read(bytes),
            Format::Rst => markup::read_rst(bytes),
            Format::AsciiDoc => markup::read_asciidoc(bytes),
            Format::OpenApi => openapi::read(bytes),
        }
    }

    /// A text in reading order.
    fn text(text: String) -> Self {
        Self {
            text,
            segment_ends: Vec::new(),
            page_ends: Vec::new(),
            order: Order::Reading,
        }
    }

    /// Parts of text without an order.
    fn parts(parts: impl IntoIterator<Item = String>) -> Self {
        let mut text = String::new();
        let mut segment_ends = Vec::new();
        for part in parts {
            text.push_str(&part);
            text.push('\n');
            segment_ends.push(text.len());
        }

        Self {
            text,
            segment_ends,
            page_ends: Vec::new(),
            order: Order::Free,
        }
    }

    /// The number of the page that contains a position of the text, in formats with pages.
    pub(super) fn page(&self, position: usize) -> Option<usize> {
        let before = self.page_ends.partition_point(|&end| end <= position);
        (before < self.page_ends.len()).then_some(before + 1)
    }
}
