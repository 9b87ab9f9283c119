//! The optional last step of a ranking: a cross-encoder reads the question together with each of the
//! best hits, and what it finds is added to their scores.
//!
//! How many hits it reads is decided before it reads any, from the time that it would take just
//! then. The order follows from that number, so cursors have it.

use std::sync::Arc;
use std::time::Duration;

use mcdewey_core::{Chunk, ContentHash, Rerank, RerankError};
use quick_cache::sync::Cache;

use crate::ranking::collapse::CollapsedHit;

/// What one unit of the model's score adds to that of a hit, as a share of a top score. Chosen over eight
/// sets of questions; docs/retrieval.md has the figures.
const WEIGHT: f64 = 0.05;
/// If the best passage has no higher score, none of them counts; between the two, they count in part. Above
/// 0, the model holds it for likely that a passage answers.
const NO_TRUST: f64 = 0.0;
const FULL_TRUST: f64 = 4.0;
/// Models that answer in other units than logits are kept within these limits.
const LIMITS: (f32, f32) = (-12.0, 12.0);
/// The number of a passage's headings that the model reads, the innermost ones.
const HEADINGS: usize = 2;
/// The number of scores that are kept for questions asked again. Each takes about 100 bytes.
const KEPT_SCORES: usize = 32_768;
/// A model that has not returned its scores by then is assumed to hang.
const GIVE_UP_AFTER: Duration = Duration::from_secs(10);

/// A reranking model with its limits, and the scores it returned lately.
pub(crate) struct Reranker {
    model: Arc<dyn Rerank>,
    limits: RerankLimits,
    /// By a hash of question and text, so that no question is kept.
    scores: Cache<ContentHash, f32>,
}

/// How much a reranker reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RerankLimits {
    /// The number of hits that it reads if time allows, the same for every `limit` and page.
    pub depth: usize,
    /// If reading that many would take longer than this, it reads half or a quarter of them, or
    /// none. `None` always allows the whole depth.
    pub time: Option<Duration>,
}

/// Why the hits were not reordered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RerankFailure {
    #[error("the reranker took longer than {} s", GIVE_UP_AFTER.as_secs())]
    TimedOut,
    #[error(transparent)]
    Model(#[from] RerankError),
    #[error("the reranker did not return a finite score for each of {0} passages")]
    InvalidScores(usize),
}

impl RerankFailure {
    /// Logs the failure and returns the reason to show to the caller. A busy model is expected under
    /// load; other failures are logged as warnings, and their details stay in the log.
    pub(crate) fn into_reason(self) -> String {
        match &self {
            Self::Model(RerankError::Busy) => {
                tracing::info!("{self}");
                self.to_string()
            }
            Self::TimedOut => {
                tracing::warn!("{self}");
                self.to_string()
            }
            Self::Model(_) | Self::InvalidScores(_) => {
                tracing::warn!("{self}");
                "the reranker failed".to_owned()
            }
        }
    }
}

impl Reranker {
    pub(crate) fn new(model: Arc<dyn Rerank>, limits: RerankLimits) -> Self {
        Self {
            model,
            limits,
            scores: Cache::new(KEPT_SCORES),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.model.name()
    }

    /// The number of hits that are read if time allows.
    pub(crate) fn full_depth(&self) -> usize {
        self.limits.depth
    }

    /// Returns how many of the texts, which are in the order of their hits, can be read in time:
    /// all, half, a quarter or none of the depth. Texts with a score from an earlier question take
    /// no time.
    pub(crate) fn affordable_depth(&self, question: &str, texts: &[String]) -> usize {
        let Some(time) = self.limits.time else {
            return texts.len();
        };

        let depth = self.limits.depth;
        let affordable = [depth, depth / 2, depth / 4]
            .into_iter()
            .map(|depth| depth.min(texts.len()))
            .find(|&depth| {
                let unread: Vec<String> = texts[..depth]
                    .iter()
                    .filter(|text| self.scores.get(&key(question, text)).is_none())
                    .cloned()
                    .collect();
                unread.is_empty() || self.model.expected_time(question, &unread) <= time
            })
            .unwrap_or(0);
        if let Some(next) = texts.get(affordable) {
            self.model.measure_speed(question, next);
        }
        affordable
    }

    /// Returns the model's score of each text.
    pub(crate) async fn scores(
        &self,
        question: &str,
        texts: &[String],
    ) -> Result<Vec<f32>, RerankFailure> {
        let mut scores: Vec<Option<f32>> = texts
            .iter()
            .map(|text| self.scores.get(&key(question, text)))
            .collect();
        let unread: Vec<String> = texts
            .iter()
            .zip(&scores)
            .filter(|(_, score)| score.is_none())
            .map(|(text, _)| text.clone())
            .collect();

        let mut new_scores = self.ask(question, unread).await?.into_iter();
        for (score, text) in scores.iter_mut().zip(texts) {
            if score.is_none() {
                *score = new_scores.next();
                if let Some(score) = *score {
                    self.scores.insert(key(question, text), score);
                }
            }
        }

        Ok(scores.into_iter().flatten().collect())
    }

    /// Asks the model, if there is anything to ask.
    async fn ask(&self, question: &str, texts: Vec<String>) -> Result<Vec<f32>, RerankFailure> {
        let count = texts.len();
        if count == 0 {
            return Ok(Vec::new());
        }

        let scores = tokio::time::timeout(GIVE_UP_AFTER, self.model.scores(question, texts))
            .await
            .map_err(|_| RerankFailure::TimedOut)??;

        if scores.len() == count && scores.iter().all(|score| score.is_finite()) {
            Ok(scores)
        } else {
            Err(RerankFailure::InvalidScores(count))
        }
    }
}

/// Returns what the model reads of a chunk: its innermost headings, then its text.
pub(crate) fn readable(chunk: &Chunk) -> String {
    let headings = chunk.headings.len().saturating_sub(HEADINGS);
    format!("{}\n{}", chunk.headings[headings..].join(" > "), chunk.text)
}

/// Returns how far the model's scores, and what goes together with them, are to be trusted, 0 to 1. If
/// not even the best passage answers the question in its eyes, it has nothing to say about the others:
/// a question in other words than the page is understood by the embedding model only.
pub(crate) fn trust(scores: &[f32]) -> f64 {
    let best = scores
        .iter()
        .copied()
        .map(f64::from)
        .fold(f64::NEG_INFINITY, f64::max);
    ((best - NO_TRUST) / (FULL_TRUST - NO_TRUST)).clamp(0.0, 1.0)
}

/// Adds the model's scores to those of the first hits. `top` is the size of a top score, or less if the
/// scores are not to be trusted. A hit that was not read counts as the worst of those that were.
pub(crate) fn reorder(hits: &mut [CollapsedHit], scores: &[f32], top: f64) {
    let limited = |score: f32| f64::from(score.clamp(LIMITS.0, LIMITS.1));
    let lowest = scores
        .iter()
        .copied()
        .map(limited)
        .fold(f64::INFINITY, f64::min);

    for (hit, &score) in hits.iter_mut().zip(scores) {
        hit.add("reranker", WEIGHT * top * (limited(score) - lowest));
        hit.rerank_score = Some(score);
    }
}

fn key(question: &str, text: &str) -> ContentHash {
    ContentHash::of_parts([question, text])
}

#[cfg(test)]
mod tests;
