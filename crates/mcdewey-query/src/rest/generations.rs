//! `POST /api/v1/generations/rollback`: asks the library's owner to make another generation of the
//! index live.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::RollbackRequest;
use serde_json::Value;

use super::admin::AdminOperation;
use super::{Problem, input};
use crate::app::admin;
use crate::{AppState, QueryError};

pub(super) const FIELDS: [&str; 2] = ["generation", "forward"];

const ROLLBACK: AdminOperation = AdminOperation {
    name: "the rollback",
    conflict_code: "rollback_refused",
};

pub(super) async fn post(
    state: AppState,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    admin(&state.caller)?;
    let object = input::json_object(&headers, body, &FIELDS)?;
    let request: RollbackRequest =
        serde_json::from_value(Value::Object(object)).map_err(|error| {
            QueryError::InvalidRequest(format!("the body is not a valid rollback request: {error}"))
        })?;

    let Some(rollback) = &state.rollback else {
        return Err(
            ROLLBACK.conflict("this server cannot change the live generation of its library")
        );
    };

    let rollback = Arc::clone(rollback);
    let report = ROLLBACK
        .run_to_completion(async move { rollback.roll_back(request).await })
        .await?;
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], axum::Json(report)).into_response())
}
