//! The seam by which a face asks the owner of the library to answer from another generation of its index.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Generation, IndexError};

/// Whoever can put another generation of the library in front of those who ask.
#[async_trait]
pub trait RollBack: Send + Sync + 'static {
    /// Swaps generations in one step; questions under way are answered from the one they began with.
    async fn roll_back(&self, request: RollbackRequest) -> Result<RollbackReport, IndexError>;
}

/// Which generation is to answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RollbackRequest {
    /// This one, by its name or the beginning of it; nothing means the one before.
    pub generation: Option<String>,
    /// The other way: back to the one that the settings ask for, which is kept up to date again.
    pub forward: bool,
}

/// What a rollback did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RollbackReport {
    /// Which generation answers now.
    pub live: Generation,
    /// Which one answered before.
    pub before: Generation,
    /// Whether the one that answers stays until it is told otherwise, whatever the settings ask for.
    pub pinned: bool,
    /// What people should know or do next.
    pub note: String,
}
