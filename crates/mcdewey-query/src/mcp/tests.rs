//! Tests of the whole MCP server: the official conformance suite, and a library whose names are
//! hostile.

mod conformance;
mod untrusted_names;
