//! `POST /api/v1/generations/rollback`: asks the library's owner to make another generation of the
//! index live.

use mcdewey_core::RollbackRequest;

use super::admin::{AdminChange, AdminRequest, conflict};
use crate::problem::Problem;

impl AdminRequest for RollbackRequest {
    const NAME: &'static str = "rollback";
    const FIELDS: &'static [&'static str] = &["generation", "forward"];

    fn no_owner() -> Problem {
        conflict::<Self>("this server cannot change the live generation of its library")
    }
}

impl AdminChange for RollbackRequest {
    const CONFLICT_CODE: &'static str = "rollback_refused";
}
