//! How long a request may take to send its body. A body that trickles in or never ends is cut off, so that nothing waits
//! for it: not even work on the library itself, which has no deadline of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use futures::stream::{self, Stream, StreamExt};
use tokio::time::{Instant, timeout_at};

use crate::rest::Problem;

/// Whether somebody waited for the body of a request until its time was over.
#[derive(Clone, Default)]
pub(super) struct BodyDeadline(Arc<AtomicBool>);

impl BodyDeadline {
    /// Gives the body of a request so long from now.
    pub(super) fn set(request: Request, limit: Duration) -> (Request, Self) {
        let deadline = Self::default();
        if request.body().is_end_stream() {
            return (request, deadline);
        }

        let ends = Instant::now() + limit;
        let request = request.map(|body| Body::from_stream(until(ends, body, deadline.clone())));
        (request, deadline)
    }

    pub(super) fn has_passed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the sender of such a body is told.
pub(super) fn problem(limit: Duration) -> Problem {
    let detail = format!(
        "the body did not arrive within {} seconds; send the request again",
        limit.as_secs_f64()
    );
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
}

fn until(
    ends: Instant,
    body: Body,
    deadline: BodyDeadline,
) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    stream::unfold(Some(body.into_data_stream()), move |data| {
        let deadline = deadline.clone();
        async move {
            let mut data = data?;
            match timeout_at(ends, data.next()).await {
                Ok(chunk) => Some((chunk?, Some(data))),
                Err(elapsed) => {
                    deadline.0.store(true, Ordering::Relaxed);
                    Some((Err(axum::Error::new(elapsed)), None))
                }
            }
        }
    })
}
