//! Resolves the vectors of chunks: from this run, from the cache of the index, or from the model.
//! Each text is embedded only once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use mcdewey_core::{ContentHash, Embed, EmbedError, Index};

use crate::IngestError;
use crate::report::ReportBuilder;
use crate::split::SizedChunk;

/// How many texts are sent to the model in one call: enough to sort them by length, few enough to
/// show progress.
pub(crate) const TEXTS_PER_CALL: usize = 128;

/// How many calls are made at the same time, so that no session of the model waits for the last
/// texts of a call.
pub(crate) const CONCURRENT_CALLS: usize = 3;

/// How many vectors of this run each of the two generations in memory holds. Older vectors are in
/// the cache of the index by then.
const REMEMBERED: usize = 16 * 1024;

/// How long to wait before the first retry while the queue of the model is full.
const FIRST_RETRY: Duration = Duration::from_millis(20);

/// The longest wait between two retries.
const MAX_RETRY: Duration = Duration::from_secs(2);

/// Vectors by embedding key.
pub(crate) type VectorMap = HashMap<ContentHash, Arc<Vec<f32>>>;

/// Resolves the vectors of chunks.
pub(crate) struct VectorResolver {
    index: Arc<dyn Index>,
    embed: Arc<dyn Embed>,
    /// Vectors of this run, whose documents may not be committed yet.
    recent: VectorMap,
    /// The previous contents of `recent`.
    older: VectorMap,
}

impl VectorResolver {
    pub(crate) fn new(index: Arc<dyn Index>, embed: Arc<dyn Embed>) -> Self {
        Self {
            index,
            embed,
            recent: VectorMap::new(),
            older: VectorMap::new(),
        }
    }

    /// The key of a text's vector in all caches.
    pub(crate) fn key(&self, dense_text: &str) -> ContentHash {
        ContentHash::of_parts([self.embed.model().fingerprint.as_str(), dense_text])
    }

    /// Returns the vectors of all these chunks.
    pub(crate) async fn resolve(
        &mut self,
        chunks: &[&SizedChunk],
        report: &ReportBuilder<'_>,
    ) -> Result<VectorMap, IngestError> {
        let mut found = VectorMap::new();
        let mut missing: Vec<(ContentHash, &SizedChunk)> = Vec::new();

        let mut seen = HashSet::new();
        for chunk in chunks {
            let key = self.key(&chunk.dense_text);
            if !seen.insert(key) {
                continue;
            }

            match self.recent.get(&key).or_else(|| self.older.get(&key)) {
                Some(vector) => {
                    found.insert(key, Arc::clone(vector));
                }
                None => missing.push((key, chunk)),
            }
        }

        self.look_up_in_index(&mut missing, &mut found).await?;
        report.reused(chunks.len() - missing.len());

        let parts = missing.chunks(TEXTS_PER_CALL);
        let calls: Vec<_> = parts.clone().map(|part| self.embed_part(part)).collect();
        let mut results = stream::iter(calls).buffered(CONCURRENT_CALLS);

        for part in parts {
            let Some(vectors) = results.try_next().await? else {
                break;
            };

            for ((key, _), vector) in part.iter().zip(vectors) {
                self.remember(*key, vector, &mut found);
            }

            report.embedded(part.len(), part.iter().map(|(_, chunk)| chunk.tokens).sum());
        }

        Ok(found)
    }

    /// Returns the vectors that are known already. Nothing is embedded.
    pub(crate) async fn known(&mut self, chunks: &[&SizedChunk]) -> Result<VectorMap, IngestError> {
        let mut found = VectorMap::new();
        let mut missing: Vec<(ContentHash, &SizedChunk)> = chunks
            .iter()
            .map(|chunk| (self.key(&chunk.dense_text), *chunk))
            .collect();
        self.look_up_in_index(&mut missing, &mut found).await?;

        Ok(found)
    }

    /// Moves the vectors that the index has in its cache from `missing` to `found`.
    async fn look_up_in_index(
        &mut self,
        missing: &mut Vec<(ContentHash, &SizedChunk)>,
        found: &mut VectorMap,
    ) -> Result<(), IngestError> {
        let keys: Vec<ContentHash> = missing.iter().map(|(key, _)| *key).collect();
        let cached = self.index.cached_vectors(&keys).await?;

        let dimensions = self.embed.model().dimensions;
        for (key, vector) in keys.into_iter().zip(cached) {
            if let Some(vector) = vector.filter(|vector| vector.len() == dimensions) {
                self.remember(key, vector, found);
            }
        }

        missing.retain(|(key, _)| !found.contains_key(key));
        Ok(())
    }

    fn remember(&mut self, key: ContentHash, vector: Vec<f32>, found: &mut VectorMap) {
        if self.recent.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.recent);
        }

        let vector = Arc::new(vector);
        self.recent.insert(key, Arc::clone(&vector));
        found.insert(key, vector);
    }

    /// Prepares a call that embeds these chunks and returns one vector for each.
    fn embed_part(
        &self,
        part: &[(ContentHash, &SizedChunk)],
    ) -> impl Future<Output = Result<Vec<Vec<f32>>, EmbedError>> + use<> {
        let embed = Arc::clone(&self.embed);
        let texts: Vec<String> = part
            .iter()
            .map(|(_, chunk)| chunk.dense_text.clone())
            .collect();

        async move { embed_with_retries(&*embed, texts).await }
    }
}

/// Embeds texts and waits while the queue of the model is full: questions take precedence over an
/// ingest, so a full queue must not fail the run. Returns one vector per text.
pub(crate) async fn embed_with_retries(
    embed: &dyn Embed,
    texts: Vec<String>,
) -> Result<Vec<Vec<f32>>, EmbedError> {
    let mut wait = FIRST_RETRY;
    loop {
        match embed.embed_chunks(texts.clone()).await {
            Err(EmbedError::Overloaded) => {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(MAX_RETRY);
            }
            Ok(vectors) if vectors.len() != texts.len() => {
                return Err(EmbedError::Model(format!(
                    "it returned {} vectors for {} texts",
                    vectors.len(),
                    texts.len()
                )));
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests;
