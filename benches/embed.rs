//! How fast questions and passages become vectors, with the real model, and how fast the model starts.
//!
//! Fetches model and runtime into the repository's `models/` if they are not there yet.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mcdewey_core::Embed;
use mcdewey_embed::{EmbedderOptions, ModelSettings, OnnxEmbedder, Provisioned, provision};
use tokio::runtime::Runtime;

const WORDS: [&str; 10] = [
    "agent", "call", "queue", "trunk", "group", "code", "failover", "the", "barge", "state",
];
/// Enough passages for several batches.
const PASSAGES: usize = 64;

fn provisioned() -> Provisioned {
    let cache_dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let settings = ModelSettings {
        cache_dir,
        ..ModelSettings::default()
    };

    provision(&settings, &|step| eprintln!("{step}")).expect("model and runtime")
}

/// Text of so many words, another one for every seed.
fn text(seed: usize, words: usize) -> String {
    let word = |j: usize| WORDS[(seed * 7 + j * j + j / 3) % WORDS.len()];
    (0..words).map(word).collect::<Vec<_>>().join(" ")
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
                    .block_on(embedder.question(black_box(&text(1, words))))
                    .expect("a vector")
            });
        });
    }
}

fn passages(c: &mut Criterion) {
    let embedder = OnnxEmbedder::start(&provisioned(), EmbedderOptions::default())
        .expect("a model that loads");
    let runtime = Runtime::new().expect("an async runtime");
    let mut group = c.benchmark_group("passages, in tokens");
    group.sample_size(10);

    for words in [40, 120, 200] {
        let texts: Vec<String> = (0..PASSAGES).map(|seed| text(seed, words)).collect();
        let tokens: usize = texts
            .iter()
            .map(|text| embedder.tokens(text).expect("tokens").len())
            .sum();
        group.throughput(Throughput::Elements(tokens as u64));

        group.bench_function(BenchmarkId::new("words", words), |b| {
            b.iter(|| {
                runtime
                    .block_on(embedder.passages(black_box(texts.clone())))
                    .expect("vectors")
            });
        });
    }
}

criterion_group!(benches, start, question, passages);
criterion_main!(benches);
