//! Questions in, passages out: search over a library, and its faces.
//!
//! Knows the library only through the seams of `mcdewey-core`; never touches the file system.

#![forbid(unsafe_code)]

mod answer;
mod app;
mod ask;
mod cite;
mod compare;
mod elsewhere;
mod error;
mod fence;
mod images;
mod library;
mod links;
pub mod mcp;
mod place;
mod present;
mod request;
mod rerank;
mod rest;
mod search;
mod stages;
mod tree;
mod view;
mod web;

pub use answer::{
    AlsoIn, ChunkAnswer, DocumentAnswer, DocumentEntry, Explanation, FacetCount, FileItem,
    GuideEntry, Hit, ImageItem, LibraryAnswer, NoAnswer, OutlineItem, PageAnswer, PageItem,
    PassageOnPage, ProductEntry, SearchAnswer, VendorEntry, VersionEntry,
};
pub use app::{
    AccessPolicy, Anonymous, AppState, Audit, AuditEntry, Caller, ConnectionNumbers, Credentials,
    EndorsedSpot, Endorsement, FeedbackFrom, IssuerUnavailable, KeepFeedback, KeptQuestions,
    LOOPBACK_HOSTS, LiveLibrary, OpenConnection, OverCapacity, Role, Telemetry, TelemetrySettings,
    TraceParent, app, is_host, is_origin,
};
pub use compare::answer::{
    CellChange, Change, ChangeKind, CompareAnswer, CompareRequest, ComparedDocument, ComparedPair,
    ComparedText, WordOp, WordRun,
};
pub use error::QueryError;
pub use library::Library;
pub use request::{
    DEFAULT_LIMIT, Group, MAX_CONTEXT, MAX_LIMIT, MAX_QUESTION_BYTES, Mode, PageSelector,
    SearchRequest,
};
pub use search::confidence::Signals;
pub use search::fusion::{Fusion, Scale};
pub use search::terms::content_stems;
