//! The progress of embedding, and the time it will still take.

use std::time::Instant;

use mcdewey_core::{EmbeddingProgress, VectorBacklog};

/// Tokens after which the speed is known well enough to estimate the time left.
const MEASURED_TOKENS: u64 = 2_000;

/// Counts what is embedded.
pub(super) struct ProgressMeter<'a> {
    report: &'a (dyn Fn(EmbeddingProgress) + Send + Sync),
    started: Instant,
    tokens: u64,
    tokens_left: u64,
    documents_left: u64,
}

impl<'a> ProgressMeter<'a> {
    pub(super) fn new(report: &'a (dyn Fn(EmbeddingProgress) + Send + Sync)) -> Self {
        Self {
            report,
            started: Instant::now(),
            tokens: 0,
            tokens_left: 0,
            documents_left: 0,
        }
    }

    /// Takes over what the index says is left: a synchronisation may have added or removed documents.
    pub(super) fn update(&mut self, backlog: &VectorBacklog) {
        self.tokens_left = backlog.tokens;
        self.documents_left = backlog.documents.len() as u64;
        self.report();
    }

    /// Counts tokens that were embedded.
    pub(super) fn embedded(&mut self, tokens: u64) {
        self.tokens += tokens;
        self.tokens_left = self.tokens_left.saturating_sub(tokens);
        self.report();
    }

    fn report(&self) {
        (self.report)(EmbeddingProgress {
            documents_left: self.documents_left,
            tokens: self.tokens,
            tokens_total: self.tokens + self.tokens_left,
            seconds_left: seconds_left(
                self.tokens,
                self.tokens_left,
                self.started.elapsed().as_secs_f64(),
            ),
        });
    }
}

/// The time that the tokens left take at the speed so far, in seconds.
#[expect(clippy::cast_precision_loss, reason = "an estimate need not be exact")]
fn seconds_left(done: u64, left: u64, elapsed: f64) -> Option<f64> {
    (done >= MEASURED_TOKENS).then(|| left as f64 * elapsed / done as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_tokens() {
        assert_eq!(seconds_left(MEASURED_TOKENS - 1, 1_000_000, 5.0), None);
        assert_eq!(seconds_left(10_000, 90_000, 10.0), Some(90.0));
        assert_eq!(seconds_left(10_000, 0, 10.0), Some(0.0));
    }
}
