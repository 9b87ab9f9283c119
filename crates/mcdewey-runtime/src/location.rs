//! Where a library is, and where its owner is found.

use std::fmt;
use std::path::PathBuf;

use mcdewey_core::ContentHash;
use mcdewey_store::{ReplicationConfig, ServerAddress};

/// A library in a data directory or on a Qdrant server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryLocation {
    /// The data directory, which holds the library unless a server does.
    pub data_dir: PathBuf,
    /// The server that holds the library; `None` if the data directory does.
    pub server: Option<ServerLocation>,
}

/// A library on a Qdrant server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLocation {
    /// URL and API key of the server.
    pub address: ServerAddress,
    /// The name of the collection.
    pub collection: String,
    /// How a new collection is distributed over the servers of a cluster.
    pub replication: ReplicationConfig,
}

impl LibraryLocation {
    /// Returns the directory in which the owner of this library is found: the data directory, or,
    /// for a library on a Qdrant server, a directory inside it whose name depends on URL and
    /// collection.
    pub fn lock_dir(&self) -> PathBuf {
        match &self.server {
            None => self.data_dir.clone(),
            Some(server) => {
                let library = ContentHash::of_parts([&server.address.url, &server.collection]);
                self.data_dir.join(format!("qdrant-{}", library.short(8)))
            }
        }
    }

    /// Reports whether nothing is there yet. A library on a server is assumed to exist.
    pub fn is_missing(&self) -> bool {
        self.server.is_none() && !self.data_dir.exists()
    }
}

/// Describes the location in messages: a directory, or a collection and its server.
impl fmt::Display for LibraryLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.server {
            None => write!(f, "{}", self.data_dir.display()),
            Some(server) => write!(f, "{} on {}", server.collection, server.address.url),
        }
    }
}
