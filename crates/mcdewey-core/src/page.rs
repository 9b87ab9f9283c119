//! Pages, and the sections that replace them in documents without pages.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A physical page number, or the 1-based position of a section in a document without pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageNumber(pub u32);

impl fmt::Display for PageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies a page of a document, or a section of a document without pages.
///
/// The `Debug` output is an input of [`DocumentRevision::hash`](crate::DocumentRevision::hash).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRef {
    /// The physical page, or the section's position.
    pub number: PageNumber,
    /// The page number as printed on the page, where known ("102", "xii").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Set for a section of a document without pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Section>,
}

impl PageRef {
    /// Returns "Page 118", or the section's title.
    pub fn title(&self) -> String {
        match &self.section {
            Some(section) => section.title.clone(),
            None => format!("Page {}", self.number),
        }
    }

    /// Returns the number of a physical page; `None` for a section.
    pub fn physical_page(&self) -> Option<u32> {
        self.section.is_none().then_some(self.number.0)
    }

    /// Returns the slug of a section; `None` for a physical page.
    pub fn section_slug(&self) -> Option<&str> {
        self.section.as_ref().map(|section| section.slug.as_str())
    }
}

/// A part of a document without pages that starts at a heading; at most 32 KB long.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Section {
    /// The heading's slug and the section's position: `retry-policy-4`. Unique in its document.
    pub slug: String,
    /// The heading as plain text.
    pub title: String,
}

/// A page with its Markdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Number, label and section.
    pub page: PageRef,
    /// The Markdown, verbatim.
    pub text: String,
}

/// A heading of a document and the page that contains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutlineEntry {
    /// 1 for a chapter, 2 for the level below, …
    pub level: u8,
    /// The heading as plain text.
    pub title: String,
    /// The page that contains the heading.
    pub page: PageNumber,
}
