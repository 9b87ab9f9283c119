//! Embeds the documents that were committed with their words only.
//!
//! Each different passage is embedded once and its vector stored at once, so that nothing is embedded
//! again after an interruption. A document gets its vectors when all of them are stored. All versions
//! of a guide follow each other, because they share most passages and are asked for together; guides
//! that readers ask for come first.

mod order;
mod progress;

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use futures::stream::{self, StreamExt, TryStreamExt};
use mcdewey_core::{EmbedError, EmbeddingProgress, EmbeddingReport, PassageToEmbed, SourcePath};

use crate::vectors::{CONCURRENT_CALLS, TEXTS_PER_CALL, embed_with_retries};
use crate::{IngestError, Ingester};
use order::next_documents;
use progress::ProgressMeter;

/// How often the same document is tried in one call.
const MAX_ATTEMPTS: usize = 3;

impl Ingester {
    /// Embeds documents until none is left that is found by its words only; `progress` is called
    /// often. Dropping the future stops the work; the next call continues it.
    ///
    /// # Errors
    ///
    /// If the index fails, or if the model could not embed some documents, after all others have got
    /// their vectors.
    pub async fn embed_backlog(
        &self,
        progress: &(dyn Fn(EmbeddingProgress) + Send + Sync),
    ) -> Result<EmbeddingReport, IngestError> {
        let started = Instant::now();
        let mut report = EmbeddingReport::default();
        let mut meter = ProgressMeter::new(progress);
        let mut failed: Option<EmbedError> = None;
        let mut given_up: HashSet<SourcePath> = HashSet::new();
        let mut attempts: HashMap<SourcePath, usize> = HashMap::new();

        loop {
            let backlog = self.index.vector_backlog().await?;
            meter.update(&backlog);
            let sources = next_documents(&backlog.documents, &given_up);
            if sources.is_empty() {
                break;
            }

            let passages = self.index.passages_to_embed(&sources).await?;
            match self.embed_passages(&passages, &mut meter).await {
                Ok(()) => {}
                Err(IngestError::Embed(error @ EmbedError::Model(_))) => {
                    tracing::error!(%error, ?sources, "these documents cannot be embedded");
                    given_up.extend(sources);
                    failed = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            }

            report.passages += passages.len() as u64;
            report.tokens += tokens(&passages);
            self.index.complete(&sources).await?;
            report.documents += sources.len() as u64;

            // A document that is replaced meanwhile stays, but not for ever.
            for source in sources {
                let attempts = attempts.entry(source.clone()).or_default();
                *attempts += 1;
                if *attempts >= MAX_ATTEMPTS {
                    given_up.insert(source);
                }
            }
        }

        if failed.is_some() {
            // Otherwise vectors that wait for the next epoch would wait for these documents.
            self.index.complete(&[]).await?;
        }

        if report.documents > 0 {
            self.index.optimize().await?;
        }

        report.seconds = started.elapsed().as_secs_f64();
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(report),
        }
    }

    /// Embeds passages and stores their vectors.
    async fn embed_passages(
        &self,
        passages: &[PassageToEmbed],
        meter: &mut ProgressMeter<'_>,
    ) -> Result<(), IngestError> {
        let parts: Vec<_> = passages
            .chunks(TEXTS_PER_CALL)
            .map(|part| self.embed_part(part))
            .collect();
        let mut embedded = stream::iter(parts).buffer_unordered(CONCURRENT_CALLS);

        while let Some(tokens) = embedded.try_next().await? {
            meter.embedded(tokens);
        }

        Ok(())
    }

    /// Embeds passages in one call of the model. Returns their tokens.
    async fn embed_part(&self, part: &[PassageToEmbed]) -> Result<u64, IngestError> {
        let texts = part.iter().map(|passage| passage.text.clone()).collect();
        let vectors = embed_with_retries(self.embed.as_ref(), texts).await?;
        let keys = part.iter().map(|passage| passage.key);
        self.index
            .cache_vectors(keys.zip(vectors).collect())
            .await?;

        Ok(tokens(part))
    }
}

fn tokens(passages: &[PassageToEmbed]) -> u64 {
    passages
        .iter()
        .map(|passage| u64::from(passage.tokens))
        .sum()
}

#[cfg(test)]
mod tests;
