//! `POST /api/v1/sync`: asks the owner to bring the library up to date, and tells of its progress line by line.

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

pub(super) const KNOWN: [&str; 1] = ["root"];

pub(super) async fn post(
    state: AppState,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    admin(&state.caller)?;
    let object = input::json_object(&headers, body, &KNOWN)?;
    let request: SyncRequest = serde_json::from_value(Value::Object(object)).map_err(|error| {
        QueryError::InvalidRequest(format!("the body is not a sync request: {error}"))
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

/// One line of JSON per event; the last one says how it ended, even when the owner died on the way.
fn lines(events: mpsc::Receiver<SyncEvent>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Some(events), |events| async move {
        let mut events = events?;
        let event = events.recv().await.unwrap_or_else(|| SyncEvent::Failed {
            message: "the synchronisation broke off; the server's log says why".to_owned(),
        });
        let last = !matches!(event, SyncEvent::Progress(_));
        let mut line = serde_json::to_vec(&event).unwrap_or_default();
        line.push(b'\n');

        Some((
            Ok(Bytes::from(line)),
            if last { None } else { Some(events) },
        ))
    })
}
