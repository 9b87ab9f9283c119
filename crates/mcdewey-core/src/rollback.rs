//! The trait through which a request handler asks the owner of a library to switch to another
//! generation of its index.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Generation, IndexError};

/// Switches the live generation of a library.
#[async_trait]
pub trait RollBack: Send + Sync + 'static {
    /// Switches generations atomically; requests in progress finish on the generation they started
    /// with.
    async fn roll_back(&self, request: RollbackRequest) -> Result<RollbackReport, IndexError>;
}

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
