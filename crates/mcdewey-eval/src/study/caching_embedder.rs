//! Embeds each question once: a study asks the same questions again for every mode and fusion.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mcdewey_core::{Embed, EmbedError, ModelInfo, QuestionEmbedding};

/// An embedder that caches the vectors of questions.
pub(super) struct CachingEmbedder {
    model: Arc<dyn Embed>,
    cache: Mutex<HashMap<String, QuestionEmbedding>>,
}

impl CachingEmbedder {
    pub(super) fn wrap(model: &Arc<dyn Embed>) -> Arc<dyn Embed> {
        Arc::new(Self {
            model: Arc::clone(model),
            cache: Mutex::default(),
        })
    }
}

#[async_trait]
impl Embed for CachingEmbedder {
    fn model(&self) -> &ModelInfo {
        self.model.model()
    }

    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        let cached = self
            .cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(text)
            .cloned();

        if let Some(cached) = cached {
            return Ok(cached);
        }

        let embedding = self.model.embed_question(text).await?;
        self.cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(text.to_owned(), embedding.clone());
        Ok(embedding)
    }

    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.model.embed_chunks(texts).await
    }

    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        self.model.token_ranges(text)
    }
}
