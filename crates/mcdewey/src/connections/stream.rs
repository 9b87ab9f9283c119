//! A stream that reports to its connection whether the client reads what is sent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::{Connection, Event};

/// Wraps the stream above TLS, because the data of TLS itself does not show that a client reads its
/// response.
pub(super) struct WatchedStream<S> {
    inner: S,
    connection: Arc<Connection>,
    /// Whether the last flush was pending: TLS accepts data that it may be unable to send.
    is_flush_blocked: bool,
}

impl<S> WatchedStream<S> {
    pub(super) fn new(inner: S, connection: Arc<Connection>) -> Self {
        Self {
            inner,
            connection,
            is_flush_blocked: false,
        }
    }

    fn record_write(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(_)) => self.connection.record(Event::Wrote),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.connection.record(Event::WriteBlocked),
        }

        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.record_write(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.record_write(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        let was_blocked = std::mem::replace(&mut self.is_flush_blocked, flushed.is_pending());
        if flushed.is_pending() {
            self.connection.record(Event::WriteBlocked);
        } else if was_blocked {
            self.connection.record(Event::Wrote);
        }

        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(context);
        if shut.is_pending() {
            self.connection.record(Event::WriteBlocked);
        }
        shut
    }
}
