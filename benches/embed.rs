//! Measures how fast the real model embeds questions and chunks, and how fast it starts.
//!
//! Fetches the model and the runtime into the repository's `models/` if they are missing.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mcdewey_core::Embed;
use mcdewey_embed::{EmbedderOptions, OnnxEmbedder};
use mcdewey_provision::{ModelSettings, Provisioned, provision};
use tokio::runtime::Runtime;

const WORDS: [&str; 10] = [
    "agent", "call", "queue", "trunk", "group", "code", "failover", "the", "barge", "state",
];
/// How many chunks are embedded at once: enough for several batches.
const CHUNKS: usize = 64;

fn provisioned() -> Provisioned {
    let cache_dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let settings = ModelSettings {
        cache_dir,
        ..ModelSettings::default()
    };

    provision(&settings, &|step| eprintln!("{step}")).expect("model and runtime")
}

/// Returns a text with this many words, a different one for each seed.
fn text(seed: usize, words: usize) -> String {
    let words: Vec<&str> = (0..words)
        .map(|word| WORDS[(seed * 7 + word * word + word / 3) % WORDS.len()])
        .collect();
    words.join(" ")
}

fn start(c: &mut Criterion) {
    let provisioned = provisioned();
    c.bench_function("start/model in the file cache", |b| {
        b.iter(|| {
            OnnxEmbedder::start(&provisioned, EmbedderOptions::default())
                .expect("a model that loads")
        });
    });
}

fn question(c: &mut Criterion) {
    let embedder = OnnxEmbedder::start(&provisioned(), EmbedderOptions::default())
        .expect("a model that loads");
    let runtime = Runtime::new().expect("an async runtime");

    let mut group = c.benchmark_group("question");
    for words in [4, 16] {
        group.bench_function(BenchmarkId::new("words", words), |b| {
            b.iter(|| {
                runtime
                    .block_on(embedder.embed_question(black_box(&text(1, words))))
                    .expect("a vector")
            });
        });
    }
}

fn chunks(c: &mut Criterion) {
    let embedder = OnnxEmbedder::start(&provisioned(), EmbedderOptions::default())
        .expect("a model that loads");
    let runtime = Runtime::new().expect("an async runtime");
    let mut group = c.benchmark_group("passages, in tokens");
    group.sample_size(10);

    for words in [40, 120, 200] {
        let texts: Vec<String> = (0..CHUNKS).map(|seed| text(seed, words)).collect();
        let tokens: usize = texts
            .iter()
            .map(|text| embedder.token_ranges(text).expect("tokens").len())
            .sum();
        group.throughput(Throughput::Elements(tokens as u64));

        group.bench_function(BenchmarkId::new("words", words), |b| {
            b.iter(|| {
                runtime
                    .block_on(embedder.embed_chunks(black_box(texts.clone())))
                    .expect("vectors")
            });
        });
    }
}

criterion_group!(benches, start, question, chunks);
criterion_main!(benches);
