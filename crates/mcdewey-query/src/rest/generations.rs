//! `POST /api/v1/generations/rollback`: asks the owner to answer from another generation of the index.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::RollbackRequest;
use serde_json::Value;

use super::admin::Change;
use super::{Problem, input};
use crate::app::admin;
use crate::{AppState, QueryError};

pub(super) const KNOWN: [&str; 2] = ["generation", "forward"];

const ROLLBACK: Change = Change {
    name: "the rollback",
    refused: "rollback_refused",
};

pub(super) async fn post(
    state: AppState,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    admin(&state.caller)?;
    let object = input::json_object(&headers, body, &KNOWN)?;
    let request: RollbackRequest =
        serde_json::from_value(Value::Object(object)).map_err(|error| {
            QueryError::InvalidRequest(format!("the body is not a rollback request: {error}"))
        })?;

    let Some(rollback) = &state.rollback else {
        return Err(
            ROLLBACK.refusal("the generations of this library are not kept by this program")
        );
    };

    let rollback = Arc::clone(rollback);
    let report = ROLLBACK
        .carry_through(async move { rollback.roll_back(request).await })
        .await?;
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], axum::Json(report)).into_response())
}
