//! `POST /api/v1/removals`: asks the owner to take documents out for good.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use mcdewey_core::RemovalRequest;
use serde_json::Value;

use super::admin::Change;
use super::{Problem, input};
use crate::app::admin;
use crate::{AppState, QueryError};

pub(super) const KNOWN: [&str; 2] = ["sources", "force"];

const REMOVAL: Change = Change {
    name: "the removal",
    refused: "removal_refused",
};

pub(super) async fn post(
    state: AppState,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    admin(&state.caller)?;
    let object = input::json_object(&headers, body, &KNOWN)?;
    let request: RemovalRequest =
        serde_json::from_value(Value::Object(object)).map_err(|error| {
            QueryError::InvalidRequest(format!("the body is not a removal request: {error}"))
        })?;

    if request.sources.is_empty() {
        return Err(QueryError::InvalidRequest(
            "name the documents to remove in sources".to_owned(),
        )
        .into());
    }

    let Some(erase) = &state.erase else {
        return Err(REMOVAL.refusal("the documents of this library are not kept by this program"));
    };
    let (erase, sources) = (Arc::clone(erase), request.sources.clone());
    let removal = async move {
        let outcome = erase.erase(request).await;
        // Whatever became of it: an earlier attempt may have taken the documents out and broken off before this.
        state.forget(&sources).await;
        outcome
    };

    let report = REMOVAL.carry_through(removal).await?;
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], axum::Json(report)).into_response())
}
