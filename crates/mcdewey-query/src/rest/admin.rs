//! Operations that administrators ask the owner of the library for. Administrators run the server,
//! so errors they can act on include the reason, even with local paths; internal failures go to the
//! log only.
//!
//! A new operation implements [`AdminRequest`] and, if it is answered when it has ended,
//! [`AdminChange`], and gets a route.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::{IndexError, Operation, OwnerError, Pending, SourcePath};
use mcdewey_search::QueryError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::input;
use crate::problem::Problem;
use crate::request_state::RequestState;
use crate::state::AppState;

/// An operation that administrators ask for over REST. The implementing type is the body.
pub(super) trait AdminRequest: Operation + DeserializeOwned {
    /// The name within a sentence: "removal".
    const NAME: &'static str;

    /// The fields of the body; others are rejected.
    const FIELDS: &'static [&'static str];

    /// Checks what the type alone does not.
    fn check(&self) -> Result<(), QueryError> {
        Ok(())
    }

    /// The error if nobody performs the operation.
    fn no_owner() -> Problem;
}

/// An operation that is answered with its report when it has ended.
pub(super) trait AdminChange: AdminRequest<Report: Serialize> {
    /// The error code if the state of the library does not allow the operation.
    const CONFLICT_CODE: &'static str;

    /// The documents about which nothing is kept in memory afterwards.
    fn erased_sources(&self) -> &[SourcePath] {
        &[]
    }
}

/// A request from an administrator, with the state to answer it. Extracting it checks role and body.
pub(super) struct FromAdmin<O> {
    pub(super) state: RequestState,
    pub(super) request: O,
}

impl<O: AdminRequest> FromRequest<AppState> for FromAdmin<O> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Ok(state) = RequestState::from_request_parts(&mut parts, app).await;
        let headers = parts.headers.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await;

        state.require_admin()?;
        let object = input::json_object(&headers, body, O::FIELDS)?;
        let request: O = serde_json::from_value(Value::Object(object)).map_err(|error| {
            let detail = format!("the body is not a valid {} request: {error}", O::NAME);
            QueryError::InvalidRequest(detail)
        })?;

        request.check()?;
        Ok(Self { state, request })
    }
}

impl<O: AdminRequest> FromAdmin<O> {
    /// Asks the owner of the library for the operation.
    pub(super) fn ask(self) -> Result<Pending<O>, Problem> {
        self.state
            .app
            .owner()
            .ask(self.request)
            .map_err(start_problem::<O>)
    }
}

/// Asks the owner for an operation and answers with its report.
///
/// What follows the operation runs in a task of its own, to its end: the handler is dropped when its
/// client disconnects, and a removal must not be left half done.
pub(super) async fn change<O: AdminChange>(
    FromAdmin { state, request }: FromAdmin<O>,
) -> Result<Response, Problem> {
    let sources = request.erased_sources().to_vec();
    let pending = state.app.owner().ask(request).map_err(start_problem::<O>)?;
    let completed = tokio::spawn(complete(state, pending, sources));

    let report = completed
        .await
        .unwrap_or(Err(OwnerError::Interrupted))
        .map_err(failure_problem::<O>)?;

    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], axum::Json(report)).into_response())
}

async fn complete<O: AdminChange>(
    state: RequestState,
    pending: Pending<O>,
    erased: Vec<SourcePath>,
) -> Result<O::Report, OwnerError> {
    let outcome = pending.outcome().await;

    // Also after a failure: an earlier attempt may have erased the documents and been interrupted
    // before this.
    if !erased.is_empty() {
        state.forget(&erased).await;
    }

    outcome
}

/// The error if an operation cannot start.
fn start_problem<O: AdminRequest>(error: OwnerError) -> Problem {
    match error {
        OwnerError::Busy => {
            let detail = "too many synchronisations are queued; try again when one has finished";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "overloaded", detail)
        }
        _ => O::no_owner(),
    }
}

/// The error if an operation failed.
fn failure_problem<O: AdminChange>(error: OwnerError) -> Problem {
    match error {
        OwnerError::NoOwner | OwnerError::Busy => start_problem::<O>(error),
        OwnerError::Index(IndexError::Unavailable(reason)) => conflict::<O>(reason),
        OwnerError::Index(IndexError::NoSpace(reason)) => {
            let change = format!("the {}", O::NAME);
            tracing::warn!(%reason, change, "not enough disk space");
            let detail = format!("{change} needs more disk space: {reason}");
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "no_space", detail)
        }
        OwnerError::Index(IndexError::Invalid(error)) => QueryError::from(error).into(),
        OwnerError::Index(IndexError::Store(reason)) | OwnerError::Failed(reason) => {
            internal::<O>(&reason)
        }
        OwnerError::Interrupted => internal::<O>("it was interrupted"),
    }
}

/// The state of the library does not allow the operation.
pub(super) fn conflict<O: AdminChange>(reason: impl Into<String>) -> Problem {
    Problem::new(StatusCode::CONFLICT, O::CONFLICT_CODE, reason)
}

fn internal<O: AdminChange>(reason: &str) -> Problem {
    let change = format!("the {}", O::NAME);
    tracing::error!(%reason, change, "changing the library failed");
    let detail = format!("{change} failed; the server log names the reason");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
}

#[cfg(test)]
mod tests {
    use mcdewey_core::{RemovalRequest, SyncRequest};

    use super::*;

    fn removal_error(error: IndexError) -> (u16, &'static str, String) {
        let problem = failure_problem::<RemovalRequest>(error.into());
        assert!(!problem.detail.contains("search"), "{}", problem.detail);
        (problem.status.as_u16(), problem.code, problem.detail)
    }

    #[test]
    fn errors_of_an_operation_name_the_operation() {
        let (status, code, detail) = removal_error(IndexError::NoSpace(
            "/data has 3 MiB free and 12 MiB are needed".to_owned(),
        ));
        assert_eq!((status, code), (507, "no_space"));
        assert!(
            detail.starts_with("the removal") && detail.contains("12 MiB"),
            "{detail}"
        );
        assert_eq!(
            removal_error(IndexError::Unavailable("still there".to_owned())),
            (409, "removal_refused", "still there".into())
        );
        let (status, code, detail) = removal_error(IndexError::Store("sector 7".to_owned()));
        assert_eq!((status, code), (500, "internal"));
        assert!(
            detail.starts_with("the removal failed") && !detail.contains("sector"),
            "{detail}"
        );
    }

    #[test]
    fn errors_of_a_synchronisation_do_not_mention_questions() {
        for (error, status) in [(OwnerError::NoOwner, 503), (OwnerError::Busy, 429)] {
            let problem = start_problem::<SyncRequest>(error);
            assert_eq!(problem.status.as_u16(), status);
            assert!(
                !problem.detail.contains("question") && !problem.detail.contains("answer"),
                "{}",
                problem.detail
            );
        }
    }
}
