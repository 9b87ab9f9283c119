//! Measures how fast the real model embeds questions and passages in both precisions, and how fast
//! it starts.
//!
//! Fetches the model and the runtime into the repository's `models/` if they are missing.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mcdewey_core::Embed;
use mcdewey_embed::{EmbedderOptions, OnnxEmbedder, Precision};
use mcdewey_provision::{ModelSettings, Provisioned, provision};
use tokio::runtime::Runtime;

const WORDS: [&str; 10] = [
    "agent", "call", "queue", "trunk", "group", "code", "failover", "the", "barge", "state",
];
/// How many passages are embedded at once: enough to keep every session busy.
const PASSAGES: usize = 64;

fn provisioned() -> Provisioned {
    let cache_dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let settings = ModelSettings {
        cache_dir,
        ..ModelSettings::default()
    };

    provision(&settings, &|step| eprintln!("{step}")).expect("model and runtime")
}

fn embedder(provisioned: &Provisioned, precision: Precision) -> OnnxEmbedder {
    let options = EmbedderOptions {
        precision,
        ..EmbedderOptions::default()
    };
    OnnxEmbedder::start(provisioned, options).expect("a model that loads")
}

/// Returns a text with this many words, a different one for each seed.
fn text(seed: usize, words: usize) -> String {
    let words: Vec<&str> = (0..words)
        .map(|word| WORDS[(seed * 7 + word * word + word / 3) % WORDS.len()])
        .collect();
    words.join(" ")
}

fn texts(words: usize) -> Vec<String> {
    (0..PASSAGES).map(|seed| text(seed, words)).collect()
}

fn start(c: &mut Criterion) {
    let provisioned = provisioned();
    let mut group = c.benchmark_group("start, model in the file cache");
    group.sample_size(10);

    for precision in Precision::ALL {
        group.bench_function(precision.as_str(), |b| {
            b.iter(|| embedder(&provisioned, precision));
        });
    }
}

fn question(c: &mut Criterion) {
    let provisioned = provisioned();
    let runtime = Runtime::new().expect("an async runtime");

    for precision in Precision::ALL {
        let embedder = Arc::new(embedder(&provisioned, precision));
        let mut group = c.benchmark_group(format!("question in {precision}, in words"));
        for words in [4, 16] {
            group.bench_function(BenchmarkId::new("idle", words), |b| {
                b.iter(|| ask(&runtime, &embedder, words));
            });
        }

        let done = Arc::new(AtomicBool::new(false));
        let passages = runtime.spawn(embed_until(done.clone(), embedder.clone()));
        for words in [4, 16] {
            group.bench_function(BenchmarkId::new("beside passages", words), |b| {
                b.iter(|| ask(&runtime, &embedder, words));
            });
        }

        done.store(true, Ordering::Relaxed);
        runtime.block_on(passages).expect("passages with vectors");
    }
}

fn ask(runtime: &Runtime, embedder: &OnnxEmbedder, words: usize) {
    runtime
        .block_on(embedder.embed_question(black_box(&text(1, words))))
        .expect("a vector");
}

/// Keeps two jobs of passages in the queue until `done`.
async fn embed_until(done: Arc<AtomicBool>, embedder: Arc<OnnxEmbedder>) {
    while !done.load(Ordering::Relaxed) {
        let (one, other) = tokio::join!(
            embedder.embed_chunks(texts(120)),
            embedder.embed_chunks(texts(120))
        );
        one.and(other).expect("vectors");
    }
}

fn passages(c: &mut Criterion) {
    let provisioned = provisioned();
    let runtime = Runtime::new().expect("an async runtime");

    for precision in Precision::ALL {
        let embedder = embedder(&provisioned, precision);
        let mut group = c.benchmark_group(format!("tokens of passages in {precision}"));
        group.sample_size(10);

        for words in [40, 120, 200] {
            let texts = texts(words);
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
}

criterion_group!(benches, start, question, passages);
criterion_main!(benches);
