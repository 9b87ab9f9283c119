//! The switch of a library to another generation of its index: request and report.

use serde::{Deserialize, Serialize};

use crate::{Call, Generation, NoProgress, Operation, OwnerRequest};

/// Which generation to switch to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RollbackRequest {
    /// The generation's name or a prefix of it; `None` means the previous generation.
    pub generation: Option<String>,
    /// Switch back to the generation that matches the settings, which is then kept up to date
    /// again.
    pub forward: bool,
}

impl Operation for RollbackRequest {
    type Report = RollbackReport;
    type Progress = NoProgress;

    fn into_request(call: Call<Self>) -> OwnerRequest {
        OwnerRequest::RollBack(call)
    }
}

/// What a rollback did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RollbackReport {
    /// The generation that answers now.
    pub live: Generation,
    /// The generation that answered before.
    pub before: Generation,
    /// Whether the live generation stays live until the next rollback, whatever the settings ask
    /// for.
    pub pinned: bool,
    /// What the operator should know or do next.
    pub note: String,
}
