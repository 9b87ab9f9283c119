//! Tests of the whole MCP server: the official conformance suite, a library whose names are hostile,
//! and what a call costs.

mod conformance;
mod docs;
mod untrusted_names;
mod work_per_call;
