//! What the operator may say about connections.

use std::time::Duration;

/// How many connections are held, and how long each may keep the server waiting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ConnectionSettings {
    /// Connections at once; as many as are sensible within the limit of open files where nothing is said.
    pub(crate) connections: Option<usize>,
    /// How many of them may come from one address; half where nothing is said.
    pub(crate) connections_per_address: Option<usize>,
    pub(crate) timeouts: Timeouts,
}

/// How long a client may keep the server waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// From the connection to the end of the head of the first request, the TLS handshake included.
    pub(crate) header: Duration,
    /// From an answer to the end of the head of the next request on the same connection.
    pub(crate) idle: Duration,
    /// While the client takes nothing of an answer.
    pub(crate) write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            // Longer than the 60 s that reverse proxies keep a connection: it is better that they close it than we.
            idle: Duration::from_secs(75),
            write: Duration::from_secs(30),
        }
    }
}
