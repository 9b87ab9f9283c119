//! The MCP server on standard input and output, for clients that start it as a child process.
//!
//! Standard output carries protocol messages only: nothing here or below prints.

use std::io;
use std::sync::Arc;

use rmcp::model::JsonRpcMessage;
use rmcp::service::{RxJsonRpcMessage, ServerInitializeError, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::{RoleServer, ServiceExt};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::message::{self, MessageError};
use super::server::DocServer;
use crate::ServedLibrary;

/// Longest message in bytes, as on HTTP.
const MAX_LINE_BYTES: usize = 256 * 1024;

/// Why the server on standard input and output ended early.
#[derive(Debug, thiserror::Error)]
pub enum McpError {
    /// The initial handshake with the client failed.
    #[error("the MCP handshake with the client failed: {0}")]
    Handshake(String),
    /// The server's task panicked or was cancelled.
    #[error("the MCP server stopped: {0}")]
    Stopped(String),
}

/// Serves MCP on standard input and output until the client closes them.
pub async fn serve_stdio(library: ServedLibrary) -> Result<(), McpError> {
    let (input, output) = rmcp::transport::stdio_pipes();
    serve(library, input, output).await
}

async fn serve<R, W>(library: ServedLibrary, input: R, output: W) -> Result<(), McpError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let running = match DocServer::new(library)
        .serve(LineTransport::new(input, output))
        .await
    {
        Ok(running) => running,
        // A client that disconnects before the handshake is not an error.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(McpError::Handshake(error.to_string())),
    };

    running
        .waiting()
        .await
        .map(|_reason| ())
        .map_err(|error| McpError::Stopped(error.to_string()))
}

/// A transport with one message per line in both directions. Invalid messages are answered here;
/// the handler receives only valid ones.
struct LineTransport<R, W> {
    input: BufReader<R>,
    /// The line read so far. It is kept here because the protocol's loop drops the future of
    /// [`Transport::receive`] whenever something else happens first.
    line: Vec<u8>,
    /// Whether the current line has exceeded [`MAX_LINE_BYTES`], so that the rest of it is
    /// discarded.
    is_too_long: bool,
    output: Arc<Mutex<W>>,
    /// Error replies that are being written. They run as tasks because each must be written whole,
    /// even if the protocol's loop drops the future of [`Transport::receive`].
    error_replies: JoinSet<io::Result<()>>,
}

impl<R: AsyncRead + Unpin, W> LineTransport<R, W> {
    fn new(input: R, output: W) -> Self {
        Self {
            input: BufReader::new(input),
            line: Vec::new(),
            is_too_long: false,
            output: Arc::new(Mutex::new(output)),
            error_replies: JoinSet::new(),
        }
    }

    /// Reads the next line without its line feed; `None` at the end of the input. A line that is
    /// too long is skipped and reported as an error.
    async fn next_line(&mut self) -> Option<Result<Vec<u8>, MessageError>> {
        loop {
            let available = self
                .input
                .fill_buf()
                .await
                .ok()
                .filter(|available| !available.is_empty())?;

            let line_feed = available.iter().position(|byte| *byte == b'\n');
            let length = line_feed.unwrap_or(available.len());
            self.is_too_long |= self.line.len() + length > MAX_LINE_BYTES;

            if !self.is_too_long {
                self.line.extend_from_slice(&available[..length]);
            }

            self.input
                .consume(length + usize::from(line_feed.is_some()));
            if line_feed.is_some() {
                let line = std::mem::take(&mut self.line);
                return Some(if std::mem::take(&mut self.is_too_long) {
                    Err(message::too_long(MAX_LINE_BYTES))
                } else {
                    Ok(line)
                });
            }
        }
    }
}

impl<R, W> Transport<RoleServer> for LineTransport<R, W>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let output = Arc::clone(&self.output);
        async move { write(&output, &message).await }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let Some(line) = self.next_line().await else {
                while self.error_replies.join_next().await.is_some() {}
                return None;
            };

            if line.as_ref().is_ok_and(|line| line.trim_ascii().is_empty()) {
                continue;
            }

            match line.and_then(|line| message::parse(&line, &message::ALL_METHODS, None)) {
                // The server sends no requests, so there is nothing that a client could respond to.
                Ok(JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)) => {
                    tracing::debug!("ignored a response without a request")
                }
                Ok(message) => return Some(message),
                Err(error) if !error.expects_reply => {
                    tracing::debug!(fault = ?error, "ignored an invalid message")
                }
                Err(error) => {
                    let output = Arc::clone(&self.output);
                    self.error_replies
                        .spawn(async move { write(&output, &error.to_response()).await });
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.output.lock().await.shutdown().await
    }
}

/// Writes a message on a line of its own.
async fn write<W: AsyncWrite + Unpin>(
    output: &Mutex<W>,
    message: &impl Serialize,
) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');

    let mut output = output.lock().await;
    output.write_all(&line).await?;
    output.flush().await
}

#[cfg(test)]
mod tests;
