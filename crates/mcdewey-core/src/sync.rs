//! The synchronisation of a library with its roots: request, progress and report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Call, Generation, Operation, OwnerRequest, Revision, RootName};

/// What to synchronise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncRequest {
    /// A root's name, or a directory: a configured root, a directory below one, or a directory to
    /// use as the default root. `None` means all configured roots.
    pub root: Option<String>,
    /// Whether files that the file system reports as unchanged are read all the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub check_contents: bool,
}

impl Operation for SyncRequest {
    type Report = SyncReport;
    type Progress = SyncProgress;

    const QUEUED: bool = true;

    fn into_request(call: Call<Self>) -> OwnerRequest {
        OwnerRequest::Sync(call)
    }
}

/// An event of a synchronisation; the last one is `Finished` or `Failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SyncEvent {
    /// The synchronisation is in progress.
    Progress(SyncProgress),
    /// The synchronisation is done.
    Finished(Box<SyncReport>),
    /// The synchronisation failed.
    Failed {
        /// What happened and what to do about it.
        message: String,
    },
}

/// The progress of a synchronisation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SyncProgress {
    /// Files found so far; final as soon as `done` is above 0.
    pub files: u64,
    /// Files processed.
    pub done: u64,
    /// Passages written.
    pub chunks: u64,
    /// Tokens embedded.
    pub tokens: u64,
}

/// How far the passages of a library that was filled for the first time are embedded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EmbeddingProgress {
    /// Documents that are still found by their words only.
    pub documents_left: u64,
    /// Tokens embedded.
    pub tokens: u64,
    /// Tokens to embed, those embedded included. Equal passages count once.
    pub tokens_total: u64,
    /// The estimated time left, in seconds, from the tokens embedded so far; `None` until some are.
    pub seconds_left: Option<f64>,
}

/// What was embedded for documents that were committed with their words only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmbeddingReport {
    /// Documents that got their vectors.
    pub documents: u64,
    /// Passages embedded.
    pub passages: u64,
    /// Tokens embedded.
    pub tokens: u64,
    /// The total duration in seconds.
    pub seconds: f64,
}

/// The result of a synchronisation. It accounts for every file:
/// `files = unchanged + written + skipped`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct SyncReport {
    /// The roots that were walked.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub roots: Vec<RootName>,
    /// Files found.
    pub files: u64,
    /// Files whose hash has not changed.
    pub unchanged: u64,
    /// Files parsed and split.
    pub parsed: u64,
    /// Passages embedded by the model.
    pub embedded: u64,
    /// Passages whose vector was cached.
    pub reused: u64,
    /// Documents written.
    pub written: u64,
    /// Passages written.
    pub chunks: u64,
    /// Documents removed because their file is gone.
    pub removed: u64,
    /// Tokens embedded.
    pub tokens: u64,
    /// The counts by format: "Markdown", "PDF", …
    pub formats: BTreeMap<String, FormatReport>,
    /// The time spent in each stage.
    pub stages: StageSeconds,
    /// Files that could not be ingested.
    pub skipped: Vec<SkippedFile>,
    /// Problems that did not prevent a file from being ingested.
    pub warnings: Vec<String>,
    /// The generation that was updated.
    pub generation: Option<Generation>,
    /// Its revision afterwards.
    pub revision: Revision,
    /// Documents that are found by their words only so far. They are embedded after the
    /// synchronisation.
    pub words_only: u64,
    /// The total duration in seconds.
    pub seconds: f64,
}

/// The counts for the files of one format; `files = unchanged + written + skipped`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FormatReport {
    /// Files found.
    pub files: u64,
    /// Files whose hash has not changed.
    pub unchanged: u64,
    /// Documents written.
    pub written: u64,
    /// Files that could not be ingested.
    pub skipped: u64,
    /// Passages written.
    pub chunks: u64,
}

/// The time, in seconds, that each stage of a synchronisation was busy. Stages run concurrently, so
/// the sum may exceed the total duration; the slowest stage determines it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StageSeconds {
    /// Reading, converting and splitting files, regardless of the number of threads.
    pub reading: f64,
    /// Waiting for the model.
    pub embedding: f64,
    /// Writing to the index.
    pub writing: f64,
}

/// A file that could not be ingested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkippedFile {
    /// The file's path relative to its root.
    pub path: String,
    /// Why it was skipped, and what to do about it.
    pub reason: String,
}
