//! The index on a real Qdrant server: `QDRANT_URL`, or a `qdrant` program on the PATH. Where there is neither, every test
//! says so and skips.

/// The server goes away and comes back.
mod outage;
/// Several processes over one library.
mod processes;
/// What is said when a server cannot be used.
mod refusals;
/// The behaviour suite of `Index`.
mod suite;
mod support;
