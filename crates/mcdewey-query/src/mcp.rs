//! The library for language models: read-only tools and resources over the Model Context Protocol, on HTTP and on
//! standard input and output. Never changes the library, never sends more than the caller's token budget, and never
//! lets text from a document pass for its own words.

mod arguments;
mod budget;
mod compare_versions;
#[cfg(test)]
mod conformance;
mod connector;
mod envelope;
mod fence;
mod fit;
mod found_page;
mod guard;
#[cfg(test)]
mod hostile_tests;
mod http;
#[cfg(test)]
mod http_tests;
mod list_library;
mod message;
mod place;
mod prompts;
mod read_doc;
mod read_outline;
mod read_pages;
mod read_passages;
mod readable;
mod repeated;
mod request_context;
mod resources;
mod schema;
mod search_docs;
#[cfg(test)]
mod search_docs_tests;
mod server;
mod stdio;
#[cfg(test)]
mod testing;
mod tools;
mod wire;

pub(crate) use http::router;
pub use stdio::{McpError, serve_stdio};
