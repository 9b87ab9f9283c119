//! `POST /api/v1/removals`: asks the library's owner to erase documents permanently.

use mcdewey_core::{RemovalRequest, SourcePath};
use mcdewey_search::QueryError;

use super::admin::{AdminChange, AdminRequest, conflict};
use crate::problem::Problem;

impl AdminRequest for RemovalRequest {
    const NAME: &'static str = "removal";
    const FIELDS: &'static [&'static str] = &["sources", "force"];

    fn check(&self) -> Result<(), QueryError> {
        if self.sources.is_empty() {
            return Err(QueryError::InvalidRequest(
                "sources is empty; list the documents to remove".to_owned(),
            ));
        }

        Ok(())
    }

    fn no_owner() -> Problem {
        conflict::<Self>("this server cannot remove documents from its library")
    }
}

impl AdminChange for RemovalRequest {
    const CONFLICT_CODE: &'static str = "removal_refused";

    fn erased_sources(&self) -> &[SourcePath] {
        &self.sources
    }
}
