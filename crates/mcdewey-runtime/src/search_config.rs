//! How questions are answered, whichever generation is live.

use std::sync::Arc;

use mcdewey_core::{Embed, Index};
use mcdewey_search::{Fusion, Library};

use crate::models::Reranker;

/// The configuration of every library to search that is made from an index and its model.
#[derive(Clone)]
pub(crate) struct SearchConfig {
    pub(crate) fusion: Fusion,
    pub(crate) answer_cache_bytes: usize,
    pub(crate) reranker: Option<Reranker>,
}

impl SearchConfig {
    /// Returns a library over an index and its model.
    pub(crate) fn library(&self, index: Arc<dyn Index>, embed: Arc<dyn Embed>) -> Library {
        let library = Library::new(index, embed)
            .with_fusion(self.fusion)
            .with_answer_cache(self.answer_cache_bytes);
        match &self.reranker {
            Some(Reranker { model, config }) => {
                library.with_reranker(model.clone(), config.deadline, config.depth)
            }
            None => library,
        }
    }
}
