//! Searches a library and serves it over REST, MCP and web pages.
//!
//! Accesses the library only through the traits of `mcdewey-core`; never touches the file system.

#![forbid(unsafe_code)]

mod answer;
mod app;
mod citation;
mod code_fence;
mod compare;
mod error;
mod images;
mod library;
mod links;
pub mod mcp;
mod occurrences;
mod page_label;
mod pipeline;
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
    AccessPolicy, AnonymousAccess, AppState, Audit, AuditEntry, Caller, ConnectionMetrics,
    Credentials, EndorsedLocation, Endorsement, FeedbackPolicy, IssuerUnavailable, KeepFeedback,
    LOOPBACK_HOSTS, LiveLibrary, OpenConnection, OverCapacity, QuestionLogPolicy, Role, Telemetry,
    TelemetrySettings, TraceParent, app, is_host, is_origin,
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
