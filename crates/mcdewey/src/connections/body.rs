//! Bodies that tell their connection who waits for whom: the server for the rest of a request, or the client for its answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};

use super::connection::{Connection, Event};

/// A request from the arrival of its head to the end of its answer, however that comes about.
pub(super) struct Exchange {
    connection: Arc<Connection>,
    is_answered: bool,
}

impl Exchange {
    pub(super) fn begin(connection: Arc<Connection>) -> Self {
        connection.note(Event::RequestBegins);
        Self {
            connection,
            is_answered: false,
        }
    }

    /// The body of its request.
    pub(super) fn request_body(&self, inner: Incoming) -> Body {
        if inner.is_end_stream() {
            return Body::empty();
        }

        Body::new(RequestBody {
            inner,
            connection: Arc::clone(&self.connection),
            is_awaited: false,
        })
    }

    /// The body of its answer, with which it ends.
    pub(super) fn answer_body(mut self, inner: Body) -> AnswerBody {
        self.answer_begins();
        AnswerBody {
            inner,
            exchange: self,
            is_paused: false,
        }
    }

    fn answer_begins(&mut self) {
        if !self.is_answered {
            self.is_answered = true;
            self.connection.note(Event::AnswerBegins);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.answer_begins();
        self.connection.note(Event::RequestEnds);
    }
}

struct RequestBody {
    inner: Incoming,
    connection: Arc<Connection>,
    is_awaited: bool,
}

impl RequestBody {
    fn set_awaited(&mut self, is_awaited: bool) {
        if self.is_awaited != is_awaited {
            self.is_awaited = is_awaited;
            self.connection.note(if is_awaited {
                Event::WaitsForBody
            } else {
                Event::GoesOn
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
        self.set_awaited(frame.is_pending());
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
        self.set_awaited(false);
    }
}

/// An answer on its way.
pub(super) struct AnswerBody {
    inner: Body,
    exchange: Exchange,
    is_paused: bool,
}

impl AnswerBody {
    fn set_paused(&mut self, is_paused: bool) {
        if self.is_paused != is_paused {
            self.is_paused = is_paused;
            self.exchange.connection.note(if is_paused {
                Event::AnswerPauses
            } else {
                Event::AnswerGoesOn
            });
        }
    }
}

impl HttpBody for AnswerBody {
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

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.set_paused(false);
    }
}
