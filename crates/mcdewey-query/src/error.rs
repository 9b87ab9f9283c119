//! Why a question got no answer. Each error has a stable code; REST and MCP map them in one place each.

use mcdewey_core::{EmbedError, IndexError, InvalidValue};

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// A parameter is wrong; the message says which and what is allowed.
    #[error("{0}")]
    InvalidRequest(String),
    /// The library has no such release; `known` lists those it has.
    #[error("no version {asked:?} in this library; known: {}", known.join(", "))]
    UnknownVersion {
        /// What was asked for.
        asked: String,
        /// "finesse v12.5", …
        known: Vec<String>,
    },
    /// The library has no such vendor, product, guide or document; `known` lists those it has.
    #[error("no {facet} {asked:?} in this library; known: {}", known.join(", "))]
    UnknownFacet {
        /// Which facet.
        facet: &'static str,
        /// What was asked for.
        asked: String,
        /// Its values.
        known: Vec<String>,
    },
    /// There is no such passage, document or page.
    #[error("{0}")]
    NotFound(String),
    /// The library changed since the cursor was given out.
    #[error("the library has changed since this cursor was given out; ask again without it")]
    CursorExpired,
    /// Too much is asked at once.
    #[error("too many questions at once; ask again in a moment")]
    Overloaded,
    /// The library or the model cannot answer now; details are in the log.
    #[error("{0}")]
    Unavailable(String),
    /// Something failed that should not; details are in the log.
    #[error("the request failed; the server's log says why")]
    Internal(String),
}

impl QueryError {
    /// The stable code that programs may rely on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::UnknownFacet { .. } => "unknown_facet",
            Self::NotFound(_) => "not_found",
            Self::CursorExpired => "cursor_expired",
            Self::Overloaded => "overloaded",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// What the library has instead of what was asked for.
    pub fn known(&self) -> &[String] {
        match self {
            Self::UnknownVersion { known, .. } | Self::UnknownFacet { known, .. } => known,
            _ => &[],
        }
    }
}

impl From<IndexError> for QueryError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Invalid(error) => error.into(),
            IndexError::Unavailable(_) => Self::Unavailable(error.to_string()),
            IndexError::NoSpace(_) | IndexError::Store(_) => Self::Internal(error.to_string()),
        }
    }
}

impl From<InvalidValue> for QueryError {
    fn from(error: InvalidValue) -> Self {
        Self::InvalidRequest(error.to_string())
    }
}

impl From<EmbedError> for QueryError {
    fn from(error: EmbedError) -> Self {
        match error {
            EmbedError::Overloaded => Self::Overloaded,
            EmbedError::Closed => Self::Unavailable(error.to_string()),
            EmbedError::Model(_) => Self::Internal(error.to_string()),
        }
    }
}
