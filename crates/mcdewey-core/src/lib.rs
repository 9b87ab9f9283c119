//! What McDewey talks about: documents, pages, chunks, versions, scopes, and the seams between its rooms.
//!
//! Nothing here reads a file, opens a socket or knows a database. Every other crate depends on this one and
//! speaks in its types; [`Convert`], [`Embed`] (with [`Rerank`] beside it, where there is one), [`Index`] and
//! [`SyncHandle`] are the only seams.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod attachment;
mod chunk;
mod convert;
mod document;
mod embed;
mod error;
mod facets;
mod generation;
mod hash;
mod hidden;
mod identity;
mod index;
mod library;
mod page;
mod removal;
mod rerank;
mod scope;
mod simhash;
mod sync;
mod text;
mod version;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use attachment::{AttachedFile, Attachment, AttachmentRole, image_type};
pub use chunk::{Chunk, Span, TEXT_SCHEMA};
pub use convert::{Convert, ConvertError, Converted, Format, ImageFile};
pub use document::{
    Document, DocumentMeta, DocumentRevision, DocumentSummary, EmbeddedChunk, ManifestEntry,
};
pub use embed::{Embed, EmbedError, ModelInfo, QuestionEmbedding};
pub use error::InvalidValue;
pub use facets::{Facet, Facets};
pub use generation::{RollBack, RollbackReport, RollbackRequest};
pub use hash::ContentHash;
pub use hidden::{is_hidden, visible_line};
pub use identity::{ChunkId, RootName, SourcePath, point_id};
pub use index::{
    Candidate, CandidateQuery, Candidates, Generation, Index, IndexError, IndexState, QuestionWord,
    Revision, WeightedText,
};
pub use library::{Alias, LibraryDescription, Product};
pub use page::{OutlineEntry, Page, PageNumber, PageRef, Section};
pub use removal::{Erase, GenerationRemoval, RemovalProof, RemovalReport, RemovalRequest};
pub use rerank::{Rerank, RerankError};
pub use scope::{Filter, Scope, VersionFilter, VersionTerm, Visibility};
pub use simhash::{Simhash, letters};
pub use sync::{
    FormatReport, SkippedFile, StageSeconds, SyncError, SyncEvent, SyncHandle, SyncJob,
    SyncProgress, SyncReport, SyncRequest,
};
pub use text::{dense_form, is_joined, joined, keyword_form, normalise};
pub use version::{Version, VersionKey, VersionRange, VersionScheme, VersionSelector};
