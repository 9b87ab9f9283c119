//! Estimates how much work it is to build a generation, before it begins.

use std::time::Instant;

use anyhow::Result;
use mcdewey_core::{Embed, Index};

use super::LibraryOwner;
use crate::generation_set::OpenGeneration;
use crate::notice::RebuildEstimate;

/// How many passages are embedded to measure the model's speed.
const SAMPLE_PASSAGES: usize = 8;

/// A passage about as long as those of manuals, and no longer than small models read.
const SAMPLE_SENTENCE: &str = "The controller opens the gate when the operator confirms it. ";
const SAMPLE_SENTENCES: usize = 8;

impl LibraryOwner {
    /// Estimates the work from the size of the live generation and the speed of the new model.
    pub(super) async fn estimate_build(
        &self,
        live: &OpenGeneration,
        new: &OpenGeneration,
    ) -> Result<RebuildEstimate> {
        let passages = live.index.state().await?.chunks;
        let bytes = match self.generation_set() {
            Some(set) => {
                let generation = live.generation.clone();
                let usage = move || set.generations.disk_usage(&generation);
                Some(tokio::task::spawn_blocking(usage).await?)
            }
            None => None,
        };

        #[expect(clippy::cast_precision_loss, reason = "an estimate need not be exact")]
        let seconds = seconds_per_passage(new.embed.as_ref())
            .await
            .map(|seconds| seconds * passages as f64);

        Ok(RebuildEstimate {
            passages,
            seconds,
            bytes,
        })
    }
}

/// Measures the model; `None` if it cannot embed now.
async fn seconds_per_passage(embed: &dyn Embed) -> Option<f64> {
    let passage = SAMPLE_SENTENCE.repeat(SAMPLE_SENTENCES);
    let begun = Instant::now();
    embed
        .embed_chunks(vec![passage; SAMPLE_PASSAGES])
        .await
        .ok()?;

    #[expect(clippy::cast_precision_loss, reason = "the number is small")]
    Some(begun.elapsed().as_secs_f64() / SAMPLE_PASSAGES as f64)
}
