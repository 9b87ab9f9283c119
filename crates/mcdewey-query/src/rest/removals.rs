//! `POST /api/v1/removals`: asks the library's owner to erase documents permanently.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::RemovalRequest;
use serde_json::Value;

use super::admin::AdminOperation;
use super::{Problem, input};
use crate::app::admin;
use crate::{AppState, QueryError};

pub(super) const FIELDS: [&str; 2] = ["sources", "force"];

const REMOVAL: AdminOperation = AdminOperation {
    name: "the removal",
    conflict_code: "removal_refused",
};

pub(super) async fn post(
    state: AppState,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    admin(&state.caller)?;
    let object = input::json_object(&headers, body, &FIELDS)?;
    let request: RemovalRequest =
        serde_json::from_value(Value::Object(object)).map_err(|error| {
            QueryError::InvalidRequest(format!("the body is not a valid removal request: {error}"))
        })?;

    if request.sources.is_empty() {
        return Err(QueryError::InvalidRequest(
            "sources is empty; list the documents to remove".to_owned(),
        )
        .into());
    }

    let Some(erase) = &state.erase else {
        return Err(REMOVAL.conflict("this server cannot remove documents from its library"));
    };
    let (erase, sources) = (Arc::clone(erase), request.sources.clone());
    let removal = async move {
        let outcome = erase.erase(request).await;
        // Also after a failure: an earlier attempt may have erased the documents and been
        // interrupted before this.
        state.forget(&sources).await;
        outcome
    };

    let report = REMOVAL.run_to_completion(removal).await?;
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], axum::Json(report)).into_response())
}
