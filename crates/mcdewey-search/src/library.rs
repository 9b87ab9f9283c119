//! A library: an index, and the model that it was built with. Requests read it through snapshots.

pub(crate) mod answers;
pub(crate) mod documents;
pub(crate) mod images;
pub(crate) mod integrity;
pub(crate) mod live;
pub(crate) mod occurrences;
pub(crate) mod passages;
pub(crate) mod snapshot;
pub(crate) mod tree;
pub(crate) mod view;
pub(crate) mod word_boxes;

use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::{Embed, Index, IndexState, ModelInfo, Rerank};

use crate::QueryError;
use crate::library::answers::AnswerCache;
use crate::library::view::ViewCache;
use crate::ranking::fusion::Fusion;
use crate::ranking::rerank::{RerankLimits, Reranker};

/// How long to wait for the model before the question is answered without it.
pub(crate) const EMBED_DEADLINE: Duration = Duration::from_secs(10);

/// A library that answers questions, each from a [`LibrarySnapshot`](crate::LibrarySnapshot).
pub struct Library {
    pub(crate) index: Arc<dyn Index>,
    pub(crate) embed: Arc<dyn Embed>,
    pub(crate) fusion: Fusion,
    pub(crate) reranker: Option<Reranker>,
    pub(crate) views: ViewCache,
    pub(crate) answers: AnswerCache,
}

impl Library {
    /// Creates a library from an index and the model that the index was built with.
    pub fn new(index: Arc<dyn Index>, embed: Arc<dyn Embed>) -> Self {
        Self {
            index,
            embed,
            fusion: Fusion::default(),
            reranker: None,
            views: ViewCache::default(),
            answers: AnswerCache::new(0),
        }
    }

    /// Replaces the default fusion.
    #[must_use]
    pub fn with_fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// Adds a model that reads the best hits of every hybrid search, within these limits.
    #[must_use]
    pub fn with_reranker(mut self, model: Arc<dyn Rerank>, limits: RerankLimits) -> Self {
        self.reranker = Some(Reranker::new(model, limits));
        self
    }

    /// Keeps up to this many bytes of answers in memory, until the library changes, for callers who
    /// ask the same again. Without this, and with 0, every question is searched.
    #[must_use]
    pub fn with_answer_cache(mut self, bytes: usize) -> Self {
        self.answers = AnswerCache::new(bytes);
        self
    }

    /// Checks that the index and the model respond.
    pub async fn ready(&self) -> Result<IndexState, QueryError> {
        let state = self.index.state().await?;
        tokio::time::timeout(EMBED_DEADLINE, self.embed.embed_question("ready"))
            .await
            .map_err(|_| {
                QueryError::Unavailable("the embedding model took too long".to_owned())
            })??;
        Ok(state)
    }

    /// Clears the cached metadata of the documents and the cached answers.
    pub async fn clear_cache(&self) {
        self.answers.clear();
        self.views.clear().await;
    }

    /// Returns the current state of the index.
    pub async fn state(&self) -> Result<IndexState, QueryError> {
        Ok(self.index.state().await?)
    }

    /// The model that questions are embedded with.
    pub fn model(&self) -> &ModelInfo {
        self.embed.model()
    }

    /// The name of the reranker, and the number of hits that it reads if time allows.
    pub fn reranker(&self) -> Option<(&str, usize)> {
        let reranker = self.reranker.as_ref()?;
        Some((reranker.name(), reranker.full_depth()))
    }

    /// The model of the library, with which texts are measured in tokens.
    pub fn embed(&self) -> &Arc<dyn Embed> {
        &self.embed
    }
}
