//! The real model, fetched into the repository's `models/` if it is not there yet, against what is known of it; and a
//! tiny reranker, against what a reader can compute.

mod proof;
mod rerank;
mod start;
mod support;
mod tiny_reranker;
