//! Errors of a query. Each has a stable code; REST and MCP each map them in one place.

use mcdewey_core::{EmbedError, IndexError, InvalidValue};

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// A parameter is wrong; the message names it and what is allowed.
    #[error("{0}")]
    InvalidRequest(String),
    /// The library has no such version; `known` lists those it has.
    #[error("no version {asked:?} in this library{}", known_values(known))]
    UnknownVersion {
        /// The version that was requested.
        asked: String,
        /// "finesse v12.5", …
        known: Vec<String>,
    },
    /// The library has no such vendor, product, guide or document; `known` lists those it has.
    #[error("no {facet} {asked:?} in this library{}", known_values(known))]
    UnknownFacet {
        /// "vendor", "product", …
        facet: &'static str,
        /// The value that was requested.
        asked: String,
        /// The values the library has.
        known: Vec<String>,
    },
    /// There is no such chunk, document or page.
    #[error("{0}")]
    NotFound(String),
    /// The library changed since the cursor was issued.
    #[error("the library has changed since this cursor was issued; ask again without it")]
    CursorExpired,
    /// Too many requests at once.
    #[error("too many questions at once; try again in a moment")]
    Overloaded,
    /// The library or the model cannot answer now; the message is for the log, not for clients.
    #[error("{0}")]
    Unavailable(String),
    /// Something failed that should not; the details are for the log.
    #[error("the request failed; the server log names the reason")]
    Internal(String),
}

/// The end of a message about an unknown value; empty if there is no value to name.
fn known_values(known: &[String]) -> String {
    match known {
        [] => String::new(),
        _ => format!("; known: {}", known.join(", ")),
    }
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

    /// The values that the library has, for errors about an unknown one.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_named_only_if_there_are_any() {
        let unknown = |known: &[&str]| QueryError::UnknownFacet {
            facet: "vendor",
            asked: "x".to_owned(),
            known: known.iter().map(|&value| value.to_owned()).collect(),
        };
        assert_eq!(
            unknown(&["Cisco", "Apache"]).to_string(),
            "no vendor \"x\" in this library; known: Cisco, Apache"
        );
        assert_eq!(unknown(&[]).to_string(), "no vendor \"x\" in this library");
    }
}
