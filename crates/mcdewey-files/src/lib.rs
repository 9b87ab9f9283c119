//! Files that only their owner may read, written as a whole or not at all.
//!
//! Keys, readers' feedback and the lock on a data directory are written by different crates. What
//! they share is here, below all of them and without any other dependency, so that none of them
//! depends on another, or on a database, because of a file.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod atomic_file;
mod private_dir;

pub use private_dir::create_private_dir;
