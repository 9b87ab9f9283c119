//! The seam by which a face asks the owner of the library to bring it up to date, and follows the work.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{Generation, Revision, RootName};

/// How many events may wait for a slow follower before the work waits for it.
const EVENT_BUFFER: usize = 64;

/// A handle on the one task that changes the library.
#[derive(Debug, Clone)]
pub struct SyncHandle {
    jobs: mpsc::Sender<SyncJob>,
}

/// One request as the owner receives it.
#[derive(Debug)]
pub struct SyncJob {
    /// What to do.
    pub request: SyncRequest,
    /// Where to tell about it; nobody may be listening.
    pub events: mpsc::Sender<SyncEvent>,
}

/// What to bring up to date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncRequest {
    /// A root's name, or a directory: a configured root, one below it, or a folder to take as the default root.
    /// Nothing means all configured roots.
    pub root: Option<String>,
}

/// What happens during a synchronisation; the last event is `Finished` or `Failed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SyncEvent {
    /// How far it is.
    Progress(SyncProgress),
    /// It is done.
    Finished(SyncReport),
    /// It could not be done.
    Failed {
        /// What happened and what to do.
        message: String,
    },
}

/// How far a synchronisation is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SyncProgress {
    /// Files found so far; final once `done` moves.
    pub files: u64,
    /// Files dealt with.
    pub done: u64,
    /// Passages written.
    pub chunks: u64,
    /// Tokens embedded.
    pub tokens: u64,
}

/// What a synchronisation did. Every file is accounted for: `files = unchanged + written + skipped`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct SyncReport {
    /// The roots that were walked.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub roots: Vec<RootName>,
    /// Files found.
    pub files: u64,
    /// Files recognised as unchanged by their hash.
    pub unchanged: u64,
    /// Files read and split.
    pub parsed: u64,
    /// Passages that went through the model.
    pub embedded: u64,
    /// Passages whose vector was known already.
    pub reused: u64,
    /// Documents written.
    pub written: u64,
    /// Passages written.
    pub chunks: u64,
    /// Documents taken out because their file is gone.
    pub removed: u64,
    /// Tokens embedded.
    pub tokens: u64,
    /// The same by format: "Markdown", "PDF", …
    pub formats: BTreeMap<String, FormatReport>,
    /// Where the time went.
    pub stages: StageSeconds,
    /// Files that could not become documents.
    pub skipped: Vec<SkippedFile>,
    /// Things worth a look that kept no file out.
    pub warnings: Vec<String>,
    /// The index that was brought up to date.
    pub generation: Option<Generation>,
    /// Its revision afterwards.
    pub revision: Revision,
    /// How long it took.
    pub seconds: f64,
}

/// What became of the files of one format; `files = unchanged + written + skipped`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct FormatReport {
    /// Files found.
    pub files: u64,
    /// Files recognised as unchanged.
    pub unchanged: u64,
    /// Documents written.
    pub written: u64,
    /// Files that could not become documents.
    pub skipped: u64,
    /// Passages written.
    pub chunks: u64,
}

/// For how long each stage of a synchronisation was at work. They work side by side, so the sum may be more than the
/// whole took; the longest one decides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StageSeconds {
    /// Reading, converting and splitting files, on however many threads.
    pub reading: f64,
    /// Waiting for the model.
    pub embedding: f64,
    /// Writing to the index.
    pub writing: f64,
}

/// A file that could not become a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkippedFile {
    /// Its path below its root.
    pub path: String,
    /// Why, and what to do.
    pub reason: String,
}

/// Why a request reached nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// The owner is gone or takes no requests.
    #[error(
        "nothing here brings the library up to date; start `mcdewey serve` or run `mcdewey ingest`"
    )]
    NoOwner,
    /// Too many requests wait already.
    #[error("too many synchronisations wait already; ask again later")]
    Busy,
}

impl SyncHandle {
    /// A handle, and the end at which the owner receives the jobs; at most `waiting` of them queue up.
    pub fn channel(waiting: usize) -> (Self, mpsc::Receiver<SyncJob>) {
        let (jobs, owner) = mpsc::channel(waiting);
        (Self { jobs }, owner)
    }

    /// Asks for a synchronisation and returns its events.
    pub fn request(&self, request: SyncRequest) -> Result<mpsc::Receiver<SyncEvent>, SyncError> {
        let (events, follow) = mpsc::channel(EVENT_BUFFER);
        self.jobs
            .try_send(SyncJob { request, events })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => SyncError::Busy,
                mpsc::error::TrySendError::Closed(_) => SyncError::NoOwner,
            })?;

        Ok(follow)
    }
}
