//! Why a server's access control cannot be set up.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::keys::KeysError;
use crate::requirement::RequirementError;

/// Why a server cannot start, or its state of access cannot be reported.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Other machines can reach the server, and nothing keeps them out.
    #[error(
        "other machines can reach {listen}, and no key is required yet; create one with \
         `mcdewey keys create NAME` (stored in {keys_file}), pass --allow-anonymous, or listen on \
         127.0.0.1",
        keys_file = keys_file.display()
    )]
    NoKeyRequired {
        /// The address that the server would listen on.
        listen: SocketAddr,
        /// Where keys would be stored.
        keys_file: PathBuf,
    },
    /// The keys file cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// It cannot be recorded that keys are required.
    #[error(transparent)]
    Requirement(#[from] RequirementError),
    /// The audit log cannot be opened.
    #[error("the audit log {path} cannot be written", path = path.display())]
    AuditLog {
        /// The audit log.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A thread cannot be started.
    #[error(transparent)]
    Thread(io::Error),
}
