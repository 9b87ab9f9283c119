//! `POST /api/v1/sync`: asks the library's owner to synchronise it, and streams the progress as
//! newline-delimited JSON.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use mcdewey_core::{SyncEvent, SyncRequest};
use serde_json::Value;
use tokio::sync::mpsc;

use super::admin::sync_problem;
use super::{Problem, input};
use crate::app::admin;
use crate::{AppState, QueryError};

pub(super) const FIELDS: [&str; 1] = ["root"];

pub(super) async fn post(
    state: AppState,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    admin(&state.caller)?;
    let object = input::json_object(&headers, body, &FIELDS)?;
    let request: SyncRequest = serde_json::from_value(Value::Object(object)).map_err(|error| {
        QueryError::InvalidRequest(format!("the body is not a valid sync request: {error}"))
    })?;

    let events = state
        .sync
        .request(request)
        .map_err(|error| sync_problem(&error))?;

    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-ndjson"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];

    Ok((headers, Body::from_stream(lines(events))).into_response())
}

/// Returns one line of JSON per event. The last one reports the outcome, even if the owner
/// disappears before the end.
fn lines(events: mpsc::Receiver<SyncEvent>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Some(events), |events| async move {
        let mut events = events?;
        let event = events.recv().await.unwrap_or_else(|| SyncEvent::Failed {
            message: "the synchronisation was interrupted; the server log names the reason"
                .to_owned(),
        });

        let mut line = serde_json::to_vec(&event).unwrap_or_default();
        line.push(b'\n');

        let more = matches!(event, SyncEvent::Progress(_));
        Some((Ok(Bytes::from(line)), more.then_some(events)))
    })
}
