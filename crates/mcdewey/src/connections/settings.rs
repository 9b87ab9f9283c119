//! The connection settings in `[limits]`.

use std::time::Duration;

/// How many connections may be open, and how long each may keep the server waiting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ConnectionSettings {
    /// Open connections. By default, as many as are sensible within the limit of open files.
    pub(crate) connections: Option<usize>,
    /// How many of them may come from one address, half by default.
    pub(crate) connections_per_address: Option<usize>,
    pub(crate) timeouts: Timeouts,
}

/// How long a client may keep the server waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// From the start of the connection to the end of the head of the first request, the TLS
    /// handshake included.
    pub(crate) header: Duration,
    /// From a response to the end of the head of the next request on the same connection.
    pub(crate) idle: Duration,
    /// While the client reads nothing of a response.
    pub(crate) write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            // Longer than the 60 s for which reverse proxies keep a connection: the proxy should
            // close it, not the server.
            idle: Duration::from_secs(75),
            write: Duration::from_secs(30),
        }
    }
}
