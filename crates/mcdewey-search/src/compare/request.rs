//! Requests to compare: their parameters, each declared once, and their limits.

use crate::QueryError;
use crate::parameter::{Declaration, Kind, Role, ToolArgument, declare_request};
use crate::request::{CURSOR, GUIDE, PRODUCT, VENDOR};

/// The default number of changes on a page.
pub const DEFAULT_CHANGES: usize = 50;
/// The maximum number of changes on a page.
pub const MAX_CHANGES: usize = 200;

declare_request! {
    /// Which versions or documents to compare.
    ///
    /// The `Debug` output is an input of the cursors' checksum.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct CompareRequest {
        /// The earlier version ("12.5"), or the source of the earlier document.
        from: String = Declaration::name(
            Role::Question,
            "The earlier version, or the source of a document",
            "12.5",
        )
        .required()
        .for_models(
            ToolArgument::new("Earlier version, or a document's source or handle", &["12.5"])
                .or(&["from_version", "old", "before", "base", "version_from", "source"]),
        );

        /// The later version, or the source of the later document.
        to: String = Declaration::name(
            Role::Question,
            "The later version, or the source of a document",
            "15.0",
        )
        .required()
        .for_models(
            ToolArgument::new("Later version or document", &["15.0"])
                .or(&["to_version", "new", "after", "target", "version_to"]),
        );

        /// When comparing versions: only these vendors.
        vendor: Vec<String> = VENDOR;

        /// When comparing versions: only these products.
        product: Vec<String> = PRODUCT
            .for_models(ToolArgument::new("Only this product", &["finesse"]).or(&["products"]));

        /// When comparing versions: only these guides.
        guide: Vec<String> = GUIDE;

        /// Only changes relevant to this question, the most relevant first.
        q: String = Declaration::text(
            Role::Question,
            "Only changes about this, closest first",
            "barge",
        )
        .for_models(
            ToolArgument::new("Only changes about this", &["barge"])
                .named("query")
                .or(&["q", "question", "about", "topic"]),
        );

        /// The maximum number of changes, 1 to 200; 50 by default.
        limit: Option<usize> = Declaration::new(
            Kind::Number { min: 1, max: MAX_CHANGES, default: Some(DEFAULT_CHANGES) },
            Role::Extent,
            "Maximum number of changes",
            "20",
        );

        /// Where to continue: the cursor of the previous page.
        cursor: Option<String> = CURSOR;
    }
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
