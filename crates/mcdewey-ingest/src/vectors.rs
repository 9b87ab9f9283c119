//! The vectors of passages: from this run, from the index's cache, or from the model. A text is embedded once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::{ContentHash, Embed, EmbedError, Index};

use crate::IngestError;
use crate::split::SizedChunk;
use crate::tally::Tally;

/// How many texts the model gets at once: enough to sort them by length, few enough to show progress.
const TEXTS_PER_CALL: usize = 128;

/// How many vectors of this run are remembered, twice over; those before are in the index's cache.
const REMEMBERED: usize = 16 * 1024;

/// How long to wait for a model whose queue is full, at first and at most.
const WAIT: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// Vectors by embedding key.
pub(crate) type Found = HashMap<ContentHash, Arc<Vec<f32>>>;

/// Finds vectors for passages.
pub(crate) struct Vectors {
    index: Arc<dyn Index>,
    embed: Arc<dyn Embed>,
    /// Made or found in this run, perhaps not committed yet.
    recent: Found,
    older: Found,
}

impl Vectors {
    /// Nothing is known yet.
    pub(crate) fn new(index: Arc<dyn Index>, embed: Arc<dyn Embed>) -> Self {
        Self {
            index,
            embed,
            recent: Found::new(),
            older: Found::new(),
        }
    }

    /// Names the vector of a text in caches.
    pub(crate) fn key(&self, dense_text: &str) -> ContentHash {
        ContentHash::of_parts([self.embed.model().fingerprint.as_str(), dense_text])
    }

    /// The vectors of all these passages.
    pub(crate) async fn of(
        &mut self,
        chunks: &[&SizedChunk],
        tally: &Tally<'_>,
    ) -> Result<Found, IngestError> {
        let mut found = Found::new();
        let mut open: Vec<(ContentHash, &SizedChunk)> = Vec::new();

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
                None => open.push((key, chunk)),
            }
        }

        self.look_up_in_index(&mut open, &mut found).await?;
        tally.reused(chunks.len() - open.len());
        for part in open.chunks(TEXTS_PER_CALL) {
            let texts = part
                .iter()
                .map(|(_, chunk)| chunk.dense_text.clone())
                .collect();
            let vectors = self.embed_patiently(texts).await?;
            if vectors.len() != part.len() {
                return Err(EmbedError::Model(
                    "it gave another number of vectors than texts".to_owned(),
                )
                .into());
            }

            for ((key, _), vector) in part.iter().zip(vectors) {
                self.remember(*key, vector, &mut found);
            }

            tally.embedded(part.len(), part.iter().map(|(_, chunk)| chunk.tokens).sum());
        }

        Ok(found)
    }

    /// Takes out of `open` what the index has in its cache.
    async fn look_up_in_index(
        &mut self,
        open: &mut Vec<(ContentHash, &SizedChunk)>,
        found: &mut Found,
    ) -> Result<(), IngestError> {
        let keys: Vec<ContentHash> = open.iter().map(|(key, _)| *key).collect();
        let cached = self.index.cached_vectors(&keys).await?;

        let dimensions = self.embed.model().dimensions;
        for (key, vector) in keys.into_iter().zip(cached) {
            if let Some(vector) = vector.filter(|vector| vector.len() == dimensions) {
                self.remember(key, vector, found);
            }
        }

        open.retain(|(key, _)| !found.contains_key(key));
        Ok(())
    }

    fn remember(&mut self, key: ContentHash, vector: Vec<f32>, found: &mut Found) {
        if self.recent.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.recent);
        }

        let vector = Arc::new(vector);
        self.recent.insert(key, Arc::clone(&vector));
        found.insert(key, vector);
    }

    /// A full queue is no failure of this run: questions go first, passages wait.
    async fn embed_patiently(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let (mut wait, longest) = WAIT;
        loop {
            match self.embed.passages(texts.clone()).await {
                Err(EmbedError::Overloaded) => {
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(longest);
                }
                other => return other,
            }
        }
    }
}
