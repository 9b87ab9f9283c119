//! One provisioned model for all tests, started in both precisions, and a function to compare
//! vectors.

use std::path::PathBuf;
use std::sync::LazyLock;

use mcdewey_embed::{EmbedderOptions, OnnxEmbedder, Precision};
use mcdewey_provision::{ModelSettings, Provisioned, provision};

/// Settings with the repository's own model cache.
fn settings() -> ModelSettings {
    let cache_dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models");
    ModelSettings {
        cache_dir,
        ..ModelSettings::default()
    }
}

static PROVISIONED: LazyLock<Provisioned> = LazyLock::new(|| {
    provision(&settings(), &|step| eprintln!("{step}"))
        .expect("model and runtime can be provisioned")
});

static FP32: LazyLock<OnnxEmbedder> = LazyLock::new(|| start(Precision::Fp32));
static INT8: LazyLock<OnnxEmbedder> = LazyLock::new(|| start(Precision::Int8));

fn start(precision: Precision) -> OnnxEmbedder {
    let options = EmbedderOptions {
        threads: 2,
        precision,
        ..EmbedderOptions::default()
    };
    OnnxEmbedder::start(provisioned(), options).expect("the model loads")
}

pub(crate) fn provisioned() -> &'static Provisioned {
    &PROVISIONED
}

/// The model in a precision.
pub(crate) fn embedder_in(precision: Precision) -> &'static OnnxEmbedder {
    match precision {
        Precision::Fp32 => &FP32,
        Precision::Int8 => &INT8,
    }
}

/// The model in the default precision.
pub(crate) fn embedder() -> &'static OnnxEmbedder {
    embedder_in(Precision::default())
}

/// The cosine of two vectors.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| f64::from(x) * f64::from(y))
        .sum()
}
