//! Bodies that report to their connection whether the server waits for the client (to send the rest
//! of a request, or to read a response) or the client for the server.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};

use super::connection::{Connection, Event};

/// A request and its response, from the arrival of the request's head until the response is sent or
/// abandoned.
pub(super) struct Exchange {
    connection: Arc<Connection>,
    has_response: bool,
}

impl Exchange {
    pub(super) fn start(connection: Arc<Connection>) -> Self {
        connection.record(Event::RequestStarted);
        Self {
            connection,
            has_response: false,
        }
    }

    /// Wraps the body of the request.
    pub(super) fn request_body(&self, inner: Incoming) -> Body {
        if inner.is_end_stream() {
            return Body::empty();
        }

        Body::new(RequestBody {
            inner,
            connection: Arc::clone(&self.connection),
            is_pending: false,
        })
    }

    /// Wraps the body of the response. The exchange ends when that is dropped.
    pub(super) fn response_body(mut self, inner: Body) -> ResponseBody {
        self.start_response();
        ResponseBody {
            inner,
            exchange: self,
            is_paused: false,
        }
    }

    fn start_response(&mut self) {
        if !self.has_response {
            self.has_response = true;
            self.connection.record(Event::ResponseStarted);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.start_response();
        self.connection.record(Event::RequestFinished);
    }
}

struct RequestBody {
    inner: Incoming,
    connection: Arc<Connection>,
    is_pending: bool,
}

impl RequestBody {
    fn set_pending(&mut self, is_pending: bool) {
        if self.is_pending != is_pending {
            self.is_pending = is_pending;
            self.connection.record(if is_pending {
                Event::BodyWaitStarted
            } else {
                Event::BodyWaitEnded
            });
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        self.set_pending(frame.is_pending());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.set_pending(false);
    }
}

/// The body of a response that is being sent.
pub(super) struct ResponseBody {
    inner: Body,
    exchange: Exchange,
    is_paused: bool,
}

impl ResponseBody {
    fn set_paused(&mut self, is_paused: bool) {
        if self.is_paused != is_paused {
            self.is_paused = is_paused;
            self.exchange.connection.record(if is_paused {
                Event::ResponsePaused
            } else {
                Event::ResponseResumed
            });
        }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        self.set_paused(frame.is_pending());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.set_paused(false);
    }
}
