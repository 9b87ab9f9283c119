//! Searches a library: understands the question, ranks the candidates of the index, collapses equal
//! passages, estimates the confidence, and compares versions of a guide.
//!
//! Accesses the library only through the traits of `mcdewey-core`; knows no interface and no
//! request that asked. All values it returns contain those of `mcdewey-core`; links and texts for
//! people are made by the interfaces.
//!
//! - [`Library`] is an index with its model. [`Library::at`] returns a [`LibrarySnapshot`]: the
//!   library at one state, as one caller sees it. A request makes one snapshot and reads everything
//!   from it. [`LiveLibrary`] holds the library that answers now (`library`).
//! - [`LibrarySnapshot::search`] answers a [`SearchRequest`] with [`SearchResults`] (`search`): the
//!   question is analysed and its filters resolved (`question`), the index returns two ranked lists,
//!   they are fused and collapsed (`ranking`), and the hits get snippets and a confidence
//!   (`results`).
//! - [`LibrarySnapshot::compare`] compares two versions of a guide (`compare`).
//! - [`LibrarySnapshot::passage`], [`LibrarySnapshot::document`], [`LibrarySnapshot::page`],
//!   [`LibrarySnapshot::file`] and [`LibrarySnapshot::tree`] return what the library contains
//!   (`library`).
//!
//! Modules depend only on those above them: `error`, `parameter`, `request`; `ranking`; `library`;
//! `question`; `results`; `search`; `compare`; only the cache of answers in `library` holds
//! `results`. What both kinds of requests accept is declared once for all interfaces (`parameter`).

#![forbid(unsafe_code)]

mod compare;
mod error;
mod library;
pub mod parameter;
mod question;
mod ranking;
mod request;
mod results;
mod search;
#[cfg(test)]
mod testing;

pub use compare::{
    CellChange, Change, ChangeKind, CompareRequest, ComparedPair, ComparedText, Comparison,
    DEFAULT_CHANGES, MAX_CHANGES, WordOp, WordRun,
};
pub use error::QueryError;
pub use library::Library;
pub use library::documents::{ChunkOnPage, DocumentPage, original};
pub use library::images::PageImage;
pub use library::live::LiveLibrary;
pub use library::passages::Passage;
pub use library::snapshot::LibrarySnapshot;
pub use library::tree::{GuideNode, LibraryTree, ProductNode, Totals, VendorNode, VersionNode};
pub use question::terms::{self, content_stems};
pub use ranking::collapse::Occurrence;
pub use ranking::facets::FacetCount;
pub use ranking::fusion::{Explanation, Fusion, Scale};
pub use ranking::rerank::RerankLimits;
pub use request::{
    CURSOR, DEFAULT_LIMIT, Group, MAX_CONTEXT, MAX_LIMIT, MAX_QUESTION_BYTES, Mode, PageSelector,
    SearchRequest,
};
pub use results::SearchResults;
pub use results::confidence::{NoAnswer, Signals};
pub use results::continuation::{Continuation, Cursors};
pub use results::hit::Hit;
pub use results::release::{AskedRelease, NameReleases};
pub use results::snippet::opening;
pub use results::timings::Timings;
