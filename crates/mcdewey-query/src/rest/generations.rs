//! `POST /api/v1/generations/rollback`: asks the owner to answer from another generation of the index.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::{IndexError, RollbackRequest};
use serde_json::Value;

use super::{Problem, input};
use crate::app::admin;
use crate::{AppState, QueryError};

pub(super) const KNOWN: [&str; 2] = ["generation", "forward"];

pub(super) async fn post(
    state: AppState,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    admin(&state.caller)?;
    let object = input::json_object(&headers, body, &KNOWN)?;
    let request: RollbackRequest = serde_json::from_value(Value::Object(object))
        .map_err(|error| QueryError::InvalidRequest(format!("the body is not a rollback request: {error}")))?;
    let Some(rollback) = &state.rollback else {
        return Err(refused("the generations of this library are not kept by this program".to_owned()));
    };
    let report = rollback.roll_back(request).await.map_err(|error| match error {
        IndexError::Unavailable(reason) => refused(reason),
        other => QueryError::from(other).into(),
    })?;
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], axum::Json(report)).into_response())
}

/// The state of the library does not allow it; the reason is for the operator.
fn refused(reason: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, "rollback_refused", reason)
}
