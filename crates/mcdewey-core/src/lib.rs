//! Domain types and traits shared by the McDewey crates.
//!
//! Every other crate depends on this one. It defines documents, pages, chunks, versions and scopes,
//! and the traits that separate the crates: [`Convert`], [`Embed`] (with the optional [`Rerank`])
//! and [`Index`]. An [`OwnerHandle`] asks the owner of a library for an operation that changes it. This crate never reads a file, opens a socket or depends on a database.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod attachment;
mod chunk;
mod convert;
mod description;
mod document;
mod embed;
mod error;
mod facets;
mod feedback;
mod file_stamp;
mod hash;
mod hidden;
mod identity;
mod index;
mod index_reader;
mod integrity;
mod owner;
mod page;
mod removal;
mod rerank;
mod rollback;
mod scope;
mod simhash;
mod sync;
mod text;
mod utc;
mod vectors;
mod version;
mod word_boxes;
mod word_cache;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use attachment::{AttachedFile, Attachment, AttachmentRole, image_media_type};
pub use chunk::{Chunk, Span, TEXT_SCHEMA_VERSION};
pub use convert::{Convert, ConvertError, ConvertedDocument, Format, ImageFile};
pub use description::{Alias, LibraryDescription, Product};
pub use document::{
    Document, DocumentMeta, DocumentRevision, DocumentSummary, EmbeddedChunk, ManifestEntry,
};
pub use embed::{Embed, EmbedError, ModelInfo, QuestionEmbedding};
pub use error::InvalidValue;
pub use facets::{Facet, Facets};
pub use feedback::{EndorsedLocation, Endorsement, KeepFeedback};
pub use file_stamp::FileStamp;
pub use hash::ContentHash;
pub use hidden::{is_hidden, visible_line};
pub use identity::{ChunkId, RootName, SourcePath, point_id};
pub use index::{
    Candidate, CandidateQuery, Candidates, Generation, Index, IndexError, IndexState, QuestionWord,
    Revision, WeightedText,
};
pub use index_reader::{DocumentPage, IndexReader};
pub use integrity::{DamagedDocument, Integrity};
pub use owner::{
    Call, NoProgress, Operation, OwnerError, OwnerHandle, OwnerRequest, OwnerRequests, Pending,
    Perform, Reply,
};
pub use page::{OutlineEntry, Page, PageNumber, PageRef, Section};
pub use removal::{GenerationRemoval, RemovalProof, RemovalReport, RemovalRequest};
pub use rerank::{Rerank, RerankError};
pub use rollback::{RollbackReport, RollbackRequest};
pub use scope::{Filter, Scope, VersionFilter, VersionTerm, Visibility};
pub use simhash::{Simhash, title_without_version};
pub use sync::{
    EmbeddingProgress, EmbeddingReport, FormatReport, SkippedFile, StageSeconds, SyncEvent,
    SyncProgress, SyncReport, SyncRequest,
};
pub use text::{compound_token, dense_form, is_compound_token, keyword_form, normalise};
pub use utc::format_utc;
pub use vectors::{PassageToEmbed, VectorBacklog, VectorCoverage, VectorEpoch, WordsOnlyDocument};
pub use version::{
    Version, VersionForm, VersionKey, VersionName, VersionRange, VersionScheme, VersionSelector,
};
pub use word_boxes::{PageBoxes, PageWord, PageWords, Rectangle, WordBox};
pub use word_cache::WordCache;
