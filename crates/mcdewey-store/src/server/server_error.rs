//! The errors of requests to a Qdrant server, and how they become an [`IndexError`] for callers.

use mcdewey_core::IndexError;
use qdrant_client::QdrantError;
use tonic::{Code, Status};

/// An error of one request to the server.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServerError {
    /// The server cannot be reached or is not ready; the request may succeed later.
    #[error("{0}")]
    Unavailable(String),
    /// The server rejects the API key.
    #[error("{0}")]
    Denied(String),
    #[error("it has no such collection")]
    NoCollection,
    /// The server's disk or memory is full.
    #[error("{0}")]
    Full(String),
    /// Another process holds the write lease, or has written meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// Any other error of the server or the client.
    #[error("{0}")]
    Failed(String),
    /// An error that is passed on to callers unchanged.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl ServerError {
    pub(super) fn timed_out() -> Self {
        Self::Unavailable(TIMED_OUT.to_owned())
    }

    /// Reports whether the same request may succeed later without any intervention.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict(_))
    }

    /// Converts the error for callers; `url` is the address of the server.
    pub(super) fn into_index_error(self, url: &str) -> IndexError {
        match self {
            Self::Unavailable(reason) => IndexError::Unavailable(format!(
                "the Qdrant server at {url} cannot be used: {reason}"
            )),
            Self::Denied(reason) => IndexError::Unavailable(format!(
                "the Qdrant server at {url} rejects the API key: {reason}; set \
                 MCDEWEY_QDRANT_API_KEY to a key with read access and, for ingesting, write access"
            )),
            Self::NoCollection => IndexError::Unavailable(format!(
                "the collection on the Qdrant server at {url} was deleted; run `mcdewey ingest`"
            )),
            Self::Full(reason) => IndexError::NoSpace(format!(
                "the Qdrant server at {url} is full: {reason}; free some space and try again"
            )),
            Self::Conflict(reason) => IndexError::Unavailable(reason),
            Self::Failed(reason) => {
                IndexError::Store(format!("the Qdrant server at {url} failed: {reason}"))
            }
            Self::Index(error) => error,
        }
    }
}

impl From<QdrantError> for ServerError {
    fn from(error: QdrantError) -> Self {
        match error {
            QdrantError::ResponseError { status }
            | QdrantError::ResourceExhaustedError { status, .. } => from_status(&status),
            QdrantError::Io(error) => Self::Unavailable(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Texts in messages that report a full disk or memory.
const FULL: [&str; 4] = [
    "No space left",
    "disk is full",
    "Out of memory",
    "not enough disk",
];

/// Texts in messages that report a passing state: a replica that is down or recovering, a cluster
/// without a leader, a server that is shutting down.
const PASSING: [&str; 6] = [
    "retry",
    "leader",
    "not active",
    "deactivat",
    "shutting down",
    "stopped",
];

/// Classifies the status of a response. Failures to connect are reported by the client as internal
/// errors with the cause in their text.
fn from_status(status: &Status) -> ServerError {
    let message = status.message();
    if let Some(reason) = connection_error(message) {
        return ServerError::Unavailable(reason);
    }

    if FULL.iter().any(|text| message.contains(text)) {
        return ServerError::Full(message.to_owned());
    }

    if message.contains("Malformed API key") {
        // The client's message repeats the key, so it is not passed on.
        return ServerError::Denied("it contains a character that cannot be sent".to_owned());
    }

    if status
        .metadata()
        .contains_key("qdrant-insufficient-storage")
    {
        return ServerError::Full(message.to_owned());
    }

    if PASSING.iter().any(|text| message.contains(text)) {
        return ServerError::Unavailable(message.to_owned());
    }

    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => ServerError::Denied(message.to_owned()),
        Code::NotFound => ServerError::NoCollection,
        Code::Cancelled | Code::DeadlineExceeded => ServerError::timed_out(),
        Code::Unavailable | Code::Unknown | Code::ResourceExhausted | Code::FailedPrecondition => {
            ServerError::Unavailable(message.to_owned())
        }
        code => ServerError::Failed(format!("{message} ({code:?})")),
    }
}

/// Explains why no connection could be made, from the transport's message. `None` if it reports
/// something else.
fn connection_error(message: &str) -> Option<String> {
    let causes = [
        (
            "Connection refused",
            "connection refused; start the server, or check host and port (gRPC uses 6334 by \
             default)",
        ),
        ("dns error", "its name cannot be resolved; check the host"),
        (
            "failed to lookup address",
            "its name cannot be resolved; check the host",
        ),
        (
            "InvalidCertificate",
            "its TLS certificate is not trusted; add its authority to this machine's, or set \
             SSL_CERT_FILE to a file with it",
        ),
        (
            "InvalidContentType",
            "it does not speak TLS; write the URL with http://",
        ),
        (
            "CorruptMessage",
            "it does not speak TLS; write the URL with http://",
        ),
        ("Connection reset", BROKEN),
        ("broken pipe", BROKEN),
        ("transport error", BROKEN),
        ("FRAME_SIZE_ERROR", NOT_GRPC),
        ("frame with invalid size", NOT_GRPC),
        ("http2 error", NOT_GRPC),
        ("h2 protocol error", NOT_GRPC),
        ("invalid compression flag", NOT_GRPC),
        ("Network is unreachable", "the network is unreachable"),
        ("No route to host", "there is no route to its host"),
        ("deadline has elapsed", TIMED_OUT),
        ("Timeout expired", TIMED_OUT),
    ];

    let reason = causes
        .iter()
        .find(|(text, _)| message.contains(text))
        .map(|(_, reason)| (*reason).to_owned());

    reason.or_else(|| {
        message
            .starts_with("Failed to connect to")
            .then(|| message.to_owned())
    })
}

const TIMED_OUT: &str = "it did not respond in time";

/// The reason for errors that a port other than Qdrant's gRPC port causes.
const NOT_GRPC: &str = "this is not Qdrant's gRPC interface, or it requires TLS; use \
                        the gRPC port (6334 by default), with https:// if the server has a \
                        certificate";

/// The reason for connections that end at once: the server was stopped, or is not a gRPC server.
const BROKEN: &str = "the connection was closed; if this happens every time, it is not Qdrant's \
                      gRPC interface (port 6334 by default), or requires https://";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transient_errors_are_distinguished_from_permanent_ones() {
        let is_transient = |status: Status| from_status(&status).is_transient();
        assert!(is_transient(Status::unavailable("transport is closing")));
        assert!(is_transient(Status::cancelled("Timeout expired")));
        assert!(is_transient(Status::failed_precondition(
            "shard is recovering"
        )));
        assert!(is_transient(Status::internal(
            "1 of 2 replicas failed. Please retry"
        )));
        assert!(is_transient(Status::internal(
            "Failed to connect to http://a: ConnectError(\"Connection refused\")"
        )));
        assert!(!is_transient(Status::internal(
            "Service internal error: wrong segment"
        )));
        assert!(!is_transient(Status::unauthenticated(
            "Must provide an API key"
        )));
        assert!(!is_transient(Status::not_found("no such collection")));
        assert!(!is_transient(Status::internal(
            "write-ahead log: No space left on device"
        )));
    }

    #[test]
    fn a_full_server_and_a_wrong_key_have_their_own_errors() {
        let index_error = |status: Status| from_status(&status).into_index_error("http://a:6334");
        let full = index_error(Status::internal("No space left on device"));
        assert!(
            matches!(&full, IndexError::NoSpace(text) if text.contains("http://a:6334")),
            "{full}"
        );

        let key = index_error(Status::invalid_argument(
            "Malformed API key or token: sesame",
        ))
        .to_string();

        assert!(
            key.contains("MCDEWEY_QDRANT_API_KEY") && !key.contains("sesame"),
            "{key}"
        );
    }
}
