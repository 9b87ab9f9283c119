//! Requests to compare, and their limits.

use crate::QueryError;

/// The default number of changes on a page.
pub const DEFAULT_CHANGES: usize = 50;
/// The maximum number of changes on a page.
pub const MAX_CHANGES: usize = 200;

/// Which versions or documents to compare.
///
/// The `Debug` output is an input of the cursors' checksum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompareRequest {
    /// The earlier version ("12.5"), or the source of the earlier document.
    pub from: String,
    /// The later version, or the source of the later document.
    pub to: String,
    /// When comparing versions: only these vendors.
    pub vendor: Vec<String>,
    /// When comparing versions: only these products.
    pub product: Vec<String>,
    /// When comparing versions: only these guides.
    pub guide: Vec<String>,
    /// Only changes relevant to this question, the most relevant first.
    pub q: String,
    /// The maximum number of changes, 1 to 200; 50 by default.
    pub limit: Option<usize>,
    /// Where to continue: the cursor of the previous page.
    pub cursor: Option<String>,
}

impl CompareRequest {
    /// Returns the number of changes on a page.
    ///
    /// # Errors
    ///
    /// [`QueryError::InvalidRequest`] if the limit is not allowed.
    pub fn page_size(&self) -> Result<usize, QueryError> {
        let limit = self.limit.unwrap_or(DEFAULT_CHANGES);
        if (1..=MAX_CHANGES).contains(&limit) {
            Ok(limit)
        } else {
            Err(QueryError::InvalidRequest(format!(
                "limit is {limit}; 1 to {MAX_CHANGES} are allowed"
            )))
        }
    }

    /// The parts of the request that determine the comparison.
    pub(super) fn without_paging(&self) -> Self {
        Self {
            cursor: None,
            limit: None,
            ..self.clone()
        }
    }
}
