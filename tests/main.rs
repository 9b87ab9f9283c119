//! McDewey as its users meet it: the real program over the sample library, with the real model.
//!
//! One binary for all of it; each module says what it looks at. What a machine may lack (a browser, npm, a package
//! index for Python, a Qdrant server) makes a test say so and skip; with `CI` set a skip is a failure, but for the Qdrant
//! server, which no package index carries.

/// Keys, what they open, and TLS.
mod access;
/// Files that a stranger might hand over.
mod bad_input;
/// The page in a real browser.
mod browser;
/// Clients that keep the server waiting keep nobody else waiting.
mod connections;
/// Killed at any moment, an ingest loses nothing and leaves nothing half.
mod crash;
/// What is run in containers is written down validly.
mod deployment;
/// The figures of the search hold their floors, and are those of TREC's own program.
mod evaluation;
/// REST, MCP, web page and terminal give one answer.
mod faces;
/// Files of every format, through the real program.
mod formats;
/// Generations of the index: built beside, swapped, taken back.
mod generations;
/// The layout of the workspace keeps its promises.
mod house;
/// Bringing a library up to date: unchanged, changed, removed, unreadable.
mod ingest;
/// Messages over MCP that are wrong, and names that would like to give orders.
mod mcp;
/// The official MCP clients.
mod mcp_clients;
/// Nothing leaves the machine, and nothing is written where nobody said.
#[cfg(unix)]
mod offline;
/// The OpenAPI description, held against the server by others.
mod openapi;
/// Which hosts and web pages may ask, over a real connection.
mod origins;
/// Nothing from outside a root gets in.
mod outside;
/// One process owns a library; the others work through it.
mod ownership;
/// The same library on a Qdrant server.
mod qdrant;
/// The questions people ask, and the pages that answer them.
mod relevance;
/// A reranker that cannot be used is told at the start.
mod rerank;
/// Whole answers of every page, REST route and MCP tool.
mod snapshots;
/// Files on the disk: closed to others, held by one process, whole when the disk fills, gone when removed.
mod storage;
mod support;
/// What changes in a watched corpus is found without asking.
mod watch;
