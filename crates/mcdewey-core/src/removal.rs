//! The removal of documents from everything a library stores: request and report.

use serde::{Deserialize, Serialize};

use crate::{Call, Generation, NoProgress, Operation, OwnerRequest, SourcePath};

/// Which documents to erase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemovalRequest {
    /// The documents.
    pub sources: Vec<SourcePath>,
    /// Also erase documents whose file still exists in a root, where the next synchronisation adds
    /// it again.
    pub force: bool,
}

impl Operation for RemovalRequest {
    type Report = RemovalReport;
    type Progress = NoProgress;

    fn into_request(call: Call<Self>) -> OwnerRequest {
        OwnerRequest::Remove(call)
    }
}

/// What a removal did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RemovalReport {
    /// What was removed from each generation; a Qdrant server has one.
    pub generations: Vec<GenerationRemoval>,
    /// The search for remaining traces after the removal. Missing for a Qdrant server, whose disk
    /// is not searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<RemovalProof>,
    /// Number of readers' judgments that named the documents and were deleted, or reduced to the
    /// documents that remain.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub judgments: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes the field by reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What was removed from one generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GenerationRemoval {
    /// The generation.
    pub generation: Generation,
    /// Number of the requested documents that it contained.
    pub documents: u64,
    /// Why the whole generation was deleted instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discarded: Option<String>,
}

/// A search of every file in the data directory for the documents' names, which are stored with
/// every chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RemovalProof {
    /// Number of files that were read completely.
    pub files: u64,
    /// Total size of these files in bytes.
    pub bytes: u64,
    /// Files that still contain a name, relative to the data directory; empty on success.
    pub found: Vec<String>,
}
