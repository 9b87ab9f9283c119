//! Pages, and the sections that take their place in documents without pages.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A physical page number, or the 1-based place of a section in a document without pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageNumber(pub u32);

impl fmt::Display for PageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names a page: where it stands, what is printed on it, or which section it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRef {
    /// The physical page, or the section's place.
    pub number: PageNumber,
    /// The page number printed on the page, where known ("102", "xii").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Set when the document has no pages and this is a section of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Section>,
}

impl PageRef {
    /// "Page 118", or the section's title.
    pub fn title(&self) -> String {
        match &self.section {
            Some(section) => section.title.clone(),
            None => format!("Page {}", self.number),
        }
    }
}

/// A heading-bounded part of a document without pages, at most 32 KB long.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Section {
    /// The heading's slug and the section's place: `retry-policy-4`. Unique in its document.
    pub slug: String,
    /// The heading as people read it.
    pub title: String,
}

/// One page with its Markdown, as the document has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Which page.
    pub page: PageRef,
    /// Its Markdown, verbatim.
    pub text: String,
}

/// A heading of a document and the page it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutlineEntry {
    /// 1 for a chapter, 2 below it, …
    pub level: u8,
    /// The heading as people read it.
    pub title: String,
    /// The page it stands on.
    pub page: PageNumber,
}
