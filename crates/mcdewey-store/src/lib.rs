//! The library's index, either in a directory (an SQLite catalogue as the source of truth and an
//! embedded Qdrant shard that finds chunks) or on a Qdrant server.
//!
//! The rest of the program sees only [`mcdewey_core::Index`]; no type of SQLite or Qdrant leaves
//! this crate. It never embeds, fuses or renders anything, and it never decides who may see what:
//! the scope of each read does.

#![forbid(unsafe_code)]

mod bm25;
mod commands;
mod embedded;
mod facets;
mod generation;
mod owner;
mod permissions;
mod prepare;
mod ranking;
mod server;
mod snapshots;
mod spelling;
mod terms;

#[cfg(feature = "testing")]
pub mod testing;

pub use embedded::{
    CopiedLibrary, EmbeddedIndex, EmbeddedOptions, GenerationEntry, GenerationStatus, Generations,
    IndexedRoot, VectorEncoding, VectorStorage, check_copy, copied_files, copy_library, copy_size,
    free_space, wait_until_closed,
};
pub use owner::{LockError, Owner, OwnerLock};
pub use permissions::{create_private_files, make_private};
pub use server::{
    RETRY_TIMEOUT, ReplicationConfig, Server, ServerAddress, ServerIndex, ServerOptions,
};
