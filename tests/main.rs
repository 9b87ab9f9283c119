//! Integration tests: the real program over the sample library, with the real model.
//!
//! All modules share one binary. If the machine lacks something that a test needs (a browser, npm,
//! pip, a Qdrant server), the test prints the reason and skips. With `CI` set, a skip is a failure,
//! except for the Qdrant server, which no package index distributes.

/// Keys, roles, rate limits of wrong keys, and TLS.
mod access;
/// Backups are made beside a server, checked and restored.
mod backup;
/// Malformed and hostile files.
mod bad_input;
/// The pages in a real browser.
mod browser;
/// Slow and silent clients do not delay others.
mod connections;
/// The REST and MCP contracts of the last release still hold.
mod contract;
/// An ingest killed at any moment loses nothing and leaves no half-written document.
mod crash;
/// The container setup is valid and hardened.
mod deployment;
/// The search metrics meet their floors and agree with TREC's own program.
mod evaluation;
/// A library that is filled for the first time.
mod filling;
/// Files of every format.
mod formats;
/// Generations of the index: build, swap, rollback.
mod generations;
/// The layout rules of the workspace.
mod house;
/// Updating a library: unchanged, changed, removed and unreadable files.
mod ingest;
/// Damage to stored files is found, said and repaired.
mod integrity;
/// REST, MCP, web page and terminal return the same answer.
mod interfaces;
/// Invalid MCP messages, and documents whose names contain instructions.
mod mcp;
/// The official MCP clients.
mod mcp_clients;
/// Nothing leaves the machine, and files are written only where the operator said.
#[cfg(unix)]
mod offline;
/// The OpenAPI description, checked against the server by independent tools.
mod openapi;
/// Which hosts and web pages may send requests, over a real connection.
mod origins;
/// Nothing from outside a root gets into the library.
mod outside;
/// One process owns a library; the others work through it.
mod ownership;
/// The same library on a Qdrant server.
mod qdrant;
/// Questions that name a release, and questions about releases.
mod releases;
/// Questions as people ask them, and the pages that answer them.
mod relevance;
/// An unusable reranker is reported at startup.
mod rerank;
/// Whole responses of every page, REST route and MCP tool.
mod snapshots;
/// Files on disk: permissions, the lock, full disks, removal.
mod storage;
/// What the tests share.
mod support;
/// Changes in a watched corpus are found without a request.
mod watch;
