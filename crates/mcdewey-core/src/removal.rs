//! The seam by which a face asks the owner of the library to take documents out for good.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Generation, IndexError, SourcePath};

/// Whoever can take documents out of everything a library keeps.
#[async_trait]
pub trait Erase: Send + Sync + 'static {
    /// Takes documents out of all generations, so that nothing of them can be read from the disk any more.
    async fn erase(&self, request: RemovalRequest) -> Result<RemovalReport, IndexError>;
}

/// Which documents are to go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemovalRequest {
    /// The documents.
    pub sources: Vec<SourcePath>,
    /// Even those whose file still lies in a root, from where the next synchronisation brings it back.
    pub force: bool,
}

/// What a removal did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RemovalReport {
    /// What was taken out of each generation; a Qdrant server has one.
    pub generations: Vec<GenerationRemoval>,
    /// What was looked at afterwards to see that nothing is left; a Qdrant server's disk is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<RemovalProof>,
    /// How many judgments of readers named the documents, and were taken away or cut down to the places that stay.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub judgments: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What was taken out of one generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GenerationRemoval {
    /// The generation.
    pub generation: Generation,
    /// How many of the documents it held.
    pub documents: u64,
    /// Why the whole generation was taken away instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discarded: Option<String>,
}

/// A search of every file of the data directory for the documents' names, which stand beside every passage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RemovalProof {
    /// Files that were read from beginning to end.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files, below the data directory, in which a name still stands; none of them when all went well.
    pub found: Vec<String>,
}
