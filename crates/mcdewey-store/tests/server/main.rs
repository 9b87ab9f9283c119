//! The index on a real Qdrant server: the one at `QDRANT_URL`, or a `qdrant` program on the PATH.
//! If there is neither, every test prints that and is skipped.

/// The errors when a server cannot be used.
mod errors;
/// The server stops and comes back.
mod outage;
/// Several processes use one library.
mod processes;
/// The behaviour suite of `Index`.
mod suite;
mod support;
