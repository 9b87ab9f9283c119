//! `POST /api/v1/sync`: asks the library's owner to synchronise it, and streams the progress as
//! newline-delimited JSON.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use mcdewey_core::{OwnerError, Pending, SyncEvent, SyncRequest};

use super::admin::{AdminRequest, FromAdmin};
use crate::problem::Problem;

impl AdminRequest for SyncRequest {
    const NAME: &'static str = "sync";
    const FIELDS: &'static [&'static str] = &["root", "check_contents"];

    fn no_owner() -> Problem {
        let detail = "this server does not synchronise its library at the moment; \
                      the server log names the reason";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }
}

pub(super) async fn post(request: FromAdmin<SyncRequest>) -> Result<Response, Problem> {
    let pending = request.ask()?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-ndjson"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];

    Ok((headers, Body::from_stream(lines(pending))).into_response())
}

/// Returns one line of JSON per event. The last one reports the outcome, even if the owner
/// disappears before the end.
fn lines(pending: Pending<SyncRequest>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Some(pending), |pending| async move {
        let mut pending = pending?;
        let (event, pending) = match pending.progress().await {
            Some(progress) => (SyncEvent::Progress(progress), Some(pending)),
            None => (last_event(pending).await, None),
        };

        let mut line = serde_json::to_vec(&event).unwrap_or_default();
        line.push(b'\n');
        Some((Ok(Bytes::from(line)), pending))
    })
}

async fn last_event(pending: Pending<SyncRequest>) -> SyncEvent {
    match pending.outcome().await {
        Ok(report) => SyncEvent::Finished(Box::new(report)),
        Err(OwnerError::Interrupted) => SyncEvent::Failed {
            message: "the synchronisation was interrupted; the server log names the reason"
                .to_owned(),
        },
        Err(error) => SyncEvent::Failed {
            message: error.to_string(),
        },
    }
}
