//! The same server on standard input and output, for clients that start it as a child. Standard output belongs to the
//! protocol: nothing here or below prints.

use std::sync::Arc;

use rmcp::ServiceExt;

use super::server::DocServer;
use crate::Library;

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
    serve(library, rmcp::transport::stdio_pipes()).await
}

async fn serve<R, W>(library: Arc<Library>, transport: (R, W)) -> Result<(), McpError>
where
    R: tokio::io::AsyncRead + Send + Unpin + 'static,
    W: tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    use rmcp::service::ServerInitializeError;
    let running = match DocServer::new(library).serve(transport).await {
        Ok(running) => running,
        // A client that leaves before it has said anything wanted nothing.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(McpError::Greeting(error.to_string())),
    };
    running.waiting().await.map(|_reason| ()).map_err(|error| McpError::Stopped(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

    use super::super::testing::{BARGE, library};
    use super::*;

    #[tokio::test]
    async fn a_child_answers_line_by_line_until_its_input_ends() {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let serving = tokio::spawn(serve(library().await, tokio::io::split(server)));
        let (output, mut input) = tokio::io::split(client);
        let hello = json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
        });
        let call = json!({"name": "read_doc", "arguments": {"id": BARGE}});
        for message in [
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}),
        ] {
            input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
        }
        let mut lines = BufReader::new(output).lines();
        let greeting: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        assert_eq!(greeting["result"]["protocolVersion"], "2025-11-25");
        let answer: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        assert_eq!(answer["result"]["structuredContent"]["parts"][0]["chunk_id"], BARGE);
        input.shutdown().await.unwrap();
        serving.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_client_that_says_nothing_ends_it_quietly() {
        let (client, server) = tokio::io::duplex(1024);
        drop(client);
        serve(library().await, tokio::io::split(server)).await.unwrap();
    }
}
