//! Why a Qdrant server did not do what it was asked, and what callers are told of it.

use mcdewey_core::IndexError;
use qdrant_client::QdrantError;
use tonic::{Code, Status};

/// A failure of one request to the server.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServerError {
    /// It cannot be reached or is not ready; asking again later may succeed.
    #[error("{0}")]
    Away(String),
    /// It wants another key.
    #[error("{0}")]
    Denied(String),
    /// It has no such collection.
    #[error("it has no such collection")]
    Missing,
    /// Its disk or memory is full.
    #[error("{0}")]
    Full(String),
    /// Another process has the right to write.
    #[error("{0}")]
    Taken(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
    /// A failure that needs no translation.
    #[error(transparent)]
    Told(#[from] IndexError),
}

impl ServerError {
    /// Whether the same request may succeed later without anybody doing anything here.
    pub(super) fn passes(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Taken(_))
    }

    /// What callers are told; `url` is where the server was looked for.
    pub(super) fn to_index_error(self, url: &str) -> IndexError {
        match self {
            Self::Away(reason) => IndexError::Unavailable(format!(
                "the Qdrant server at {url} cannot be used: {reason}"
            )),
            Self::Denied(reason) => IndexError::Unavailable(format!(
                "the Qdrant server at {url} refuses the key: {reason}; set MCDEWEY_QDRANT_API_KEY to a key that may read \
                 and, for whoever ingests, write"
            )),
            Self::Missing => IndexError::Unavailable(format!(
                "the collection on the Qdrant server at {url} is gone; run `mcdewey ingest`"
            )),
            Self::Full(reason) => IndexError::NoSpace(format!(
                "the Qdrant server at {url} is full: {reason}; free some space and try again"
            )),
            Self::Taken(reason) => IndexError::Unavailable(reason),
            Self::Failed(reason) => {
                IndexError::Store(format!("the Qdrant server at {url} failed: {reason}"))
            }
            Self::Told(error) => error,
        }
    }
}

impl From<QdrantError> for ServerError {
    fn from(error: QdrantError) -> Self {
        match error {
            QdrantError::ResponseError { status }
            | QdrantError::ResourceExhaustedError { status, .. } => of(&status),
            QdrantError::Io(error) => Self::Away(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// The meaning of an answer. Failures to connect come as internal errors of the client with the cause in their text.
fn of(status: &Status) -> ServerError {
    let message = status.message();
    if let Some(reason) = unreachable(message) {
        return ServerError::Away(reason);
    }

    if [
        "No space left",
        "disk is full",
        "Out of memory",
        "not enough disk",
    ]
    .iter()
    .any(|sign| message.contains(sign))
    {
        return ServerError::Full(message.to_owned());
    }

    if message.contains("Malformed API key") {
        // The client repeats the key there.
        return ServerError::Denied("it holds something that cannot be sent".to_owned());
    }

    if status
        .metadata()
        .contains_key("qdrant-insufficient-storage")
    {
        return ServerError::Full(message.to_owned());
    }

    // A replica that is down or on its way, a cluster without a leader, a server that is about to stop.
    if [
        "retry",
        "leader",
        "not active",
        "deactivat",
        "shutting down",
        "stopped",
    ]
    .iter()
    .any(|s| message.contains(s))
    {
        return ServerError::Away(message.to_owned());
    }

    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => ServerError::Denied(message.to_owned()),
        Code::NotFound => ServerError::Missing,
        Code::Cancelled | Code::DeadlineExceeded => {
            ServerError::Away("it did not answer in time".to_owned())
        }
        Code::Unavailable | Code::Unknown | Code::ResourceExhausted | Code::FailedPrecondition => {
            ServerError::Away(message.to_owned())
        }
        code => ServerError::Failed(format!("{message} ({code:?})")),
    }
}

/// Why no connection came about, from what the transport says; `None` when there was one.
fn unreachable(message: &str) -> Option<String> {
    let causes = [
        (
            "Connection refused",
            "the connection is refused; start it, or check host and port (gRPC's is 6334 by default)",
        ),
        ("dns error", "its name cannot be resolved; check the host"),
        (
            "failed to lookup address",
            "its name cannot be resolved; check the host",
        ),
        (
            "InvalidCertificate",
            "its TLS certificate is not trusted; add the authority to this machine's, or name its file in SSL_CERT_FILE",
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
        ("Network is unreachable", "the network cannot be reached"),
        ("No route to host", "there is no route to its host"),
        ("deadline has elapsed", "it did not answer in time"),
        ("Timeout expired", "it did not answer in time"),
    ];

    let known = causes
        .iter()
        .find(|(sign, _)| message.contains(sign))
        .map(|(_, reason)| (*reason).to_owned());

    known.or_else(|| {
        message
            .starts_with("Failed to connect to")
            .then(|| message.to_owned())
    })
}

/// What a port that is not Qdrant's gRPC port looks like.
const NOT_GRPC: &str = "what answers there is not Qdrant's gRPC interface, or wants TLS; use the gRPC port (6334 by \
                        default), with https:// where the server has a certificate";

/// What a connection that ends at once looks like: the server was stopped, or it was never one of gRPC.
const BROKEN: &str = "the connection broke off; where none ever holds, what answers there is not Qdrant's gRPC interface \
                      (port 6334 by default), or wants https://";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_stays() {
        let passes = |status: Status| of(&status).passes();
        assert!(passes(Status::unavailable("transport is closing")));
        assert!(passes(Status::cancelled("Timeout expired")));
        assert!(passes(Status::failed_precondition("shard is recovering")));
        assert!(passes(Status::internal(
            "1 of 2 replicas failed. Please retry"
        )));
        assert!(passes(Status::internal(
            "Failed to connect to http://a: ConnectError(\"Connection refused\")"
        )));
        assert!(!passes(Status::internal(
            "Service internal error: wrong segment"
        )));
        assert!(!passes(Status::unauthenticated("Must provide an API key")));
        assert!(!passes(Status::not_found("no such collection")));
        assert!(!passes(Status::internal(
            "write-ahead log: No space left on device"
        )));
    }

    #[test]
    fn a_full_server_and_a_wrong_key_are_told_apart() {
        let to_index_error = |status: Status| of(&status).to_index_error("http://a:6334");
        let full = to_index_error(Status::internal("No space left on device"));
        assert!(
            matches!(&full, IndexError::NoSpace(text) if text.contains("http://a:6334")),
            "{full}"
        );

        let key = to_index_error(Status::invalid_argument(
            "Malformed API key or token: sesame",
        ))
        .to_string();

        assert!(
            key.contains("MCDEWEY_QDRANT_API_KEY") && !key.contains("sesame"),
            "{key}"
        );
    }
}
