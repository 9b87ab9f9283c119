//! The Model Context Protocol interface: read-only tools, resources and prompts, over HTTP and over
//! standard input and output.
//!
//! It never changes the library, never exceeds the caller's token budget, and never presents text
//! from a document as the server's own words.

mod arguments;
mod budget;
mod compare_versions;
mod connector;
mod duplicates;
mod envelope;
mod fence;
mod fit;
mod guard;
mod http;
mod list_library;
mod message;
mod prompts;
mod read_doc;
mod readable;
mod request_context;
mod resources;
mod schema;
mod search_docs;
mod server;
mod stdio;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tools;
mod wire;

pub(crate) use http::router;
pub use stdio::{McpError, serve_stdio};
