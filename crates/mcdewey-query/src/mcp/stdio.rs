//! The same server on standard input and output, for clients that start it as a child. Standard output belongs to the
//! protocol: nothing here or below prints.

use std::io;
use std::sync::Arc;

use rmcp::model::{ErrorCode, JsonRpcMessage};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::{RoleServer, ServiceExt};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::message::{self, Fault};
use super::server::DocServer;
use crate::Library;

/// Longest message in bytes, as on HTTP.
const MAX_LINE_BYTES: usize = 256 * 1024;

/// Why the server on standard input and output ended early.
#[derive(Debug, thiserror::Error)]
pub enum McpError {
    /// The client and the server did not come to terms at the start.
    #[error("the client could not be greeted: {0}")]
    Greeting(String),
    /// The server's task was lost.
    #[error("the server stopped: {0}")]
    Stopped(String),
}

/// Answers on standard input and output until the client closes them.
pub async fn serve_stdio(library: Arc<Library>) -> Result<(), McpError> {
    let (input, output) = rmcp::transport::stdio_pipes();
    serve(library, input, output).await
}

async fn serve<R, W>(library: Arc<Library>, input: R, output: W) -> Result<(), McpError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    use rmcp::service::ServerInitializeError;

    let running = match DocServer::new(library)
        .serve(Lines::new(input, output))
        .await
    {
        Ok(running) => running,
        // A client that leaves before it has said anything wanted nothing.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(McpError::Greeting(error.to_string())),
    };

    running
        .waiting()
        .await
        .map(|_reason| ())
        .map_err(|error| McpError::Stopped(error.to_string()))
}

/// A message on each line, in both directions. What cannot be read is answered here; the handler sees the rest.
struct Lines<R, W> {
    input: BufReader<R>,
    /// The line that is being read. It outlives a reading that is given up half-way, as the protocol's loop does.
    line: Vec<u8>,
    /// Whether the line is too long to be kept.
    is_too_long: bool,
    output: Arc<Mutex<W>>,
    /// Refusals on their way out, each of which must be written whole.
    refusals: JoinSet<io::Result<()>>,
}

impl<R: AsyncRead + Unpin, W> Lines<R, W> {
    fn new(input: R, output: W) -> Self {
        Self {
            input: BufReader::new(input),
            line: Vec::new(),
            is_too_long: false,
            output: Arc::new(Mutex::new(output)),
            refusals: JoinSet::new(),
        }
    }

    /// The next line, without what ends it; nothing at the end of the input. Of a line that is too long nothing is kept.
    async fn next_line(&mut self) -> Option<Result<Vec<u8>, Fault>> {
        loop {
            let available = self
                .input
                .fill_buf()
                .await
                .ok()
                .filter(|available| !available.is_empty())?;

            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(available.len());
            self.is_too_long |= self.line.len() + taken > MAX_LINE_BYTES;

            if !self.is_too_long {
                self.line.extend_from_slice(&available[..taken]);
            }

            self.input.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                return Some(match std::mem::take(&mut self.is_too_long) {
                    false => Ok(line),
                    true => {
                        let message = format!(
                            "the message is too long; at most {MAX_LINE_BYTES} bytes are read"
                        );
                        Err(Fault::new(ErrorCode::INVALID_REQUEST, message))
                    }
                });
            }
        }
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
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
                while self.refusals.join_next().await.is_some() {}
                return None;
            };

            if line.as_ref().is_ok_and(|line| line.trim_ascii().is_empty()) {
                continue;
            }

            match line.and_then(|line| message::read(&line, &message::ALL, None)) {
                // The server asks its client for nothing.
                Ok(JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)) => {
                    tracing::debug!("an answer to nothing")
                }
                Ok(message) => return Some(message),
                Err(fault) if !fault.is_awaited => {
                    tracing::debug!(?fault, "a message could not be read")
                }
                Err(fault) => {
                    let output = Arc::clone(&self.output);
                    self.refusals
                        .spawn(async move { write(&output, &fault.answer()).await });
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
mod tests {
    use serde_json::{Value, json};
    use tokio::io::{DuplexStream, Lines as ReadLines, ReadHalf, WriteHalf};
    use tokio::task::JoinHandle;

    use super::super::testing::{BARGE, library};
    use super::*;

    /// Answers to what the server never asked.
    const ANSWERS: [&str; 4] = [
        r#"{"jsonrpc": "2.0", "id": 3, "result": {}}"#,
        r#"{"jsonrpc": "2.0", "id": 3, "error": {"code": 1, "message": "x"}}"#,
        r#"{"jsonrpc": "2.0", "id": 3, "error": {}}"#,
        r#"{"jsonrpc": "2.0", "id": 3, "result": {}, "error": {"code": 1, "message": "x"}}"#,
    ];

    /// A client of the server.
    struct Client {
        answers: ReadLines<BufReader<ReadHalf<DuplexStream>>>,
        input: WriteHalf<DuplexStream>,
        serving: JoinHandle<Result<(), McpError>>,
    }

    impl Client {
        async fn new() -> Self {
            let (client, server) = tokio::io::duplex(64 * 1024);
            let (input, output) = tokio::io::split(server);
            let serving = tokio::spawn(serve(library().await, input, output));
            let (output, input) = tokio::io::split(client);

            Self {
                answers: BufReader::new(output).lines(),
                input,
                serving,
            }
        }

        async fn greeted() -> Self {
            let mut client = Self::new().await;
            let info = json!({"name": "test", "version": "1"});
            let hello =
                json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info});

            client
                .say(
                    &json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})
                        .to_string(),
                )
                .await;

            assert_eq!(
                client.answer().await["result"]["protocolVersion"],
                "2025-11-25"
            );

            client
                .say(r#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#)
                .await;
            client
        }

        async fn say(&mut self, line: &str) {
            self.input
                .write_all(format!("{line}\n").as_bytes())
                .await
                .unwrap();
        }

        async fn answer(&mut self) -> Value {
            serde_json::from_str(&self.answers.next_line().await.unwrap().expect("an answer"))
                .unwrap()
        }

        /// Leaves; gives what was still said.
        async fn leave(mut self) -> Vec<String> {
            self.input.shutdown().await.unwrap();
            self.serving.await.unwrap().unwrap();

            let mut rest = Vec::new();
            while let Some(line) = self.answers.next_line().await.unwrap() {
                rest.push(line);
            }

            rest
        }
    }

    #[tokio::test]
    async fn a_child_answers_line_by_line_until_its_input_ends() {
        let mut client = Client::greeted().await;
        let call = json!({"name": "read_doc", "arguments": {"id": BARGE}});
        client
            .say(
                &json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call})
                    .to_string(),
            )
            .await;

        assert_eq!(
            client.answer().await["result"]["structuredContent"]["parts"][0]["chunk_id"],
            BARGE
        );
        assert!(client.leave().await.is_empty());
    }

    #[tokio::test]
    async fn a_client_that_says_nothing_ends_it_quietly() {
        assert!(Client::new().await.leave().await.is_empty());
    }

    #[tokio::test]
    async fn what_is_wrong_is_answered_and_the_next_message_too() {
        let mut client = Client::greeted().await;
        for (line, id, code, said) in [
            (
                r#"{"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "x", "arguments": "y"}}"#,
                json!(2),
                -32602,
                "arguments must be an object",
            ),
            (
                r#"{"jsonrpc": "2.0", "id": 3, "method": "resources/read"}"#,
                json!(3),
                -32602,
                "uri is missing",
            ),
            (
                r#"{"jsonrpc": "2.0", "id": 4, "method": "tools/delete"}"#,
                json!(4),
                -32601,
                "no method",
            ),
            (
                r#"{"jsonrpc": "2.0", "id": {}, "method": "ping"}"#,
                Value::Null,
                -32600,
                "id must be",
            ),
            ("[]", Value::Null, -32600, "batches"),
            ("nonsense", Value::Null, -32700, "not JSON"),
        ] {
            client.say(line).await;
            let answer = client.answer().await;
            assert_eq!(
                (&answer["id"], &answer["error"]["code"]),
                (&id, &json!(code)),
                "{line}: {answer}"
            );
            assert!(
                answer["error"]["message"].as_str().unwrap().contains(said),
                "{answer}"
            );
        }

        client.say(&"x".repeat(MAX_LINE_BYTES + 1)).await;
        assert_eq!(client.answer().await["error"]["code"], -32600, "too long");
        client
            .say(r#"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": []}"#)
            .await;
        client.say("").await;

        for answer in ANSWERS {
            client.say(answer).await;
        }

        client
            .say(r#"{"jsonrpc": "2.0", "id": 5, "method": "ping"}"#)
            .await;

        assert_eq!(
            client.answer().await["id"],
            5,
            "notifications, answers and empty lines are not answered"
        );
        assert!(client.leave().await.is_empty());
    }

    #[tokio::test]
    async fn a_greeting_that_is_wrong_may_be_said_again() {
        let mut client = Client::new().await;
        client.say(r#"{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}"#).await;
        assert_eq!(client.answer().await["error"]["code"], -32602);

        for answer in ANSWERS {
            client.say(answer).await;
        }

        client.say("{").await;
        assert_eq!(
            client.leave().await.len(),
            1,
            "a refusal is written before the server ends"
        );
    }
}
