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
