//! The real model, compared with reference vectors, and a tiny reranker, compared with scores
//! computed by hand. The model is downloaded into the repository's `models/` if it is missing.

mod rerank;
mod start;
mod support;
mod tiny_reranker;
mod vectors;
