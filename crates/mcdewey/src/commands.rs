//! One module per command. Commands only connect the other crates and contain no logic of their
//! own.

pub(crate) mod backup;
pub(crate) mod convert;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod ingest;
pub(crate) mod keys;
pub(crate) mod mcp;
pub(crate) mod models;
pub(crate) mod ready;
pub(crate) mod remove;
pub(crate) mod rollback;
pub(crate) mod rules;
pub(crate) mod search;
pub(crate) mod serve;
