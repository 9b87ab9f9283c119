//! The library's index on disk: an SQLite catalogue that is the truth, and a Qdrant shard that finds passages.
//!
//! The rest of the program sees [`mcdewey_core::Index`] only; no type of SQLite or Qdrant leaves this crate. It never
//! embeds, fuses or renders anything, and it never decides who may see what: that is the scope of each read.

#![forbid(unsafe_code)]

mod embedded;
mod owner;

pub use embedded::{EmbeddedIndex, EmbeddedOptions};
pub use owner::{LockError, Owner, OwnerLock};
