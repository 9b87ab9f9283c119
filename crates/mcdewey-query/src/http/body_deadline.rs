//! A time limit for the body of a request. A body that trickles in or never ends is cut off, so
//! that no handler waits for it, not even those that have no deadline themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use futures::stream::{self, Stream, StreamExt};
use tokio::time::{Instant, timeout_at};

use crate::problem::Problem;

/// Records whether a handler was still reading the body when its time was over.
#[derive(Clone, Default)]
pub(super) struct BodyDeadline(Arc<AtomicBool>);

impl BodyDeadline {
    /// Limits the time that the body of a request may take, from now on.
    pub(super) fn set(request: Request, limit: Duration) -> (Request, Self) {
        let deadline = Self::default();
        if request.body().is_end_stream() {
            return (request, deadline);
        }

        let ends = Instant::now() + limit;
        let request =
            request.map(|body| Body::from_stream(cut_off_at(ends, body, deadline.clone())));

        (request, deadline)
    }

    pub(super) fn has_passed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The response to a request whose body took too long.
pub(super) fn problem(limit: Duration) -> Problem {
    let detail = format!(
        "the body did not arrive within {} seconds; send the request again",
        limit.as_secs_f64()
    );
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
}

/// The body as it arrives, which ends with an error once the time is over.
fn cut_off_at(
    ends: Instant,
    body: Body,
    deadline: BodyDeadline,
) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    stream::unfold(Some(body.into_data_stream()), move |data| {
        let deadline = deadline.clone();
        async move {
            let mut data = data?;
            match timeout_at(ends, data.next()).await {
                Ok(bytes) => Some((bytes?, Some(data))),
                Err(elapsed) => {
                    deadline.0.store(true, Ordering::Relaxed);
                    Some((Err(axum::Error::new(elapsed)), None))
                }
            }
        }
    })
}
