//! Calls to the model: several at the same time, each vector with its own chunk.

use std::ops::Range;

use async_trait::async_trait;
use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
use mcdewey_core::{ModelInfo, QuestionEmbedding, SyncReport};
use tokio::sync::Barrier;

use super::*;

/// An embedder whose calls return only once [`CONCURRENT_CALLS`] of them run.
struct WaitingEmbed {
    fake: FakeEmbed,
    barrier: Barrier,
}

#[async_trait]
impl Embed for WaitingEmbed {
    fn model(&self) -> &ModelInfo {
        self.fake.model()
    }

    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        self.fake.embed_question(text).await
    }

    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.barrier.wait().await;
        self.fake.embed_chunks(texts).await
    }

    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        self.fake.token_ranges(text)
    }
}

/// As many chunks as fill [`CONCURRENT_CALLS`] calls, with different numbers of calls and queues.
fn chunks(fake: &FakeEmbed) -> Vec<SizedChunk> {
    let revision = SampleDocument::new("a.md").page(1, &["calls"]).build(fake);
    let chunk = &revision.chunks[0].chunk;

    (0..CONCURRENT_CALLS * TEXTS_PER_CALL)
        .map(|number| SizedChunk {
            chunk: chunk.clone(),
            dense_text: format!(
                "{}{}",
                "call ".repeat(number),
                "queue ".repeat(400 - number)
            ),
            tokens: 400,
        })
        .collect()
}

#[tokio::test]
async fn several_calls_run_at_the_same_time_and_every_chunk_gets_its_own_vector() {
    let fake = FakeEmbed::new(&["call", "queue"]);
    let chunks = chunks(&fake);
    let embed = Arc::new(WaitingEmbed {
        fake: fake.clone(),
        barrier: Barrier::new(CONCURRENT_CALLS),
    });

    let mut resolver = VectorResolver::new(Arc::new(MemoryIndex::new()), embed);
    let report = ReportBuilder::new(SyncReport::default(), &|_| {});
    let chunks: Vec<&SizedChunk> = chunks.iter().collect();
    let vectors = resolver.resolve(&chunks, &report).await.unwrap();

    for chunk in chunks {
        let vector = &vectors[&resolver.key(&chunk.dense_text)];
        assert_eq!(**vector, fake.vector(&chunk.dense_text));
    }
}
