//! Questions in, passages out: search over a library, and its faces.
//!
//! Knows the library only through the seams of `mcdewey-core`; never touches the file system.

#![forbid(unsafe_code)]

mod answer;
mod ask;
mod error;
mod library;
mod links;
mod present;
mod request;
mod search;
mod tree;
mod view;

pub use answer::{
    AlsoIn, ChunkAnswer, DocumentAnswer, DocumentEntry, Explanation, FacetCount, GuideEntry, Hit, LibraryAnswer,
    OutlineItem, PageAnswer, PageItem, PassageOnPage, ProductEntry, SearchAnswer, VendorEntry, VersionEntry,
};
pub use error::QueryError;
pub use library::Library;
pub use request::{
    DEFAULT_LIMIT, Group, MAX_CONTEXT, MAX_LIMIT, MAX_QUESTION_BYTES, Mode, PageSelector, SearchRequest,
};
pub use search::fusion::Fusion;
