//! The response types of REST: what is sent over the wire, and what is read again by the owner's
//! client. Each is written out from the values of `mcdewey-search` and the service's public URL.
//! Fields that do not apply are omitted from the JSON.

mod boxes;
mod compare;
mod document;
mod hit;
mod library;
mod search;

use std::collections::BTreeMap;

use mcdewey_search::Timings;

pub use boxes::{WordBoxItem, WordBoxesItem};
pub use compare::{
    CellChange, Change, ChangeKind, CompareAnswer, ComparedDocument, ComparedPair, ComparedText,
    WordOp, WordRun,
};
pub use document::{
    ChunkAnswer, DocumentAnswer, FileItem, ImageItem, OutlineItem, PageAnswer, PageItem,
    PassageOnPage,
};
pub use hit::{AlsoIn, Explanation, Hit};
pub use library::{
    DocumentEntry, GuideEntry, LibraryAnswer, ProductEntry, VendorEntry, VersionEntry,
};
pub use search::{FacetCount, NoAnswer, SearchAnswer, Signals};

/// The milliseconds of each stage, by name.
pub(crate) fn milliseconds(timings: &Timings) -> BTreeMap<String, f64> {
    timings
        .iter()
        .map(|(stage, spent)| (stage.to_owned(), spent.as_secs_f64() * 1000.0))
        .collect()
}
