//! How questions are answered, whichever generation is live.

use std::sync::Arc;

use mcdewey_core::{Embed, Index};
use mcdewey_embed::CrossEncoder;
use mcdewey_search::{Fusion, Library, RerankLimits};

/// The configuration of every library to search that is made from an index and its model.
#[derive(Clone)]
pub(crate) struct SearchConfig {
    pub(crate) fusion: Fusion,
    pub(crate) answer_cache_bytes: usize,
    pub(crate) reranker: Option<Reranker>,
}

/// A running cross-encoder and how much it reads.
#[derive(Clone)]
pub(crate) struct Reranker {
    pub(crate) model: Arc<CrossEncoder>,
    pub(crate) limits: RerankLimits,
}

impl SearchConfig {
    /// Returns a library over an index and its model.
    pub(crate) fn library(&self, index: Arc<dyn Index>, embed: Arc<dyn Embed>) -> Library {
        let library = Library::new(index, embed)
            .with_fusion(self.fusion)
            .with_answer_cache(self.answer_cache_bytes);
        match &self.reranker {
            Some(Reranker { model, limits }) => library.with_reranker(model.clone(), *limits),
            None => library,
        }
    }
}
