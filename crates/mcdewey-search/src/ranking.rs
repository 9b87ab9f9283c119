//! The order of what the index finds: pure functions that fuse the ranked lists, merge equal texts
//! and count facets, and the optional reranker.

pub(crate) mod collapse;
pub(crate) mod facets;
pub(crate) mod fusion;
pub(crate) mod rerank;
pub(crate) mod second_phase;
