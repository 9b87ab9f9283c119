//! One provisioned and started model for all tests, and a function to compare vectors.

use std::path::PathBuf;
use std::sync::LazyLock;

use mcdewey_embed::{EmbedderOptions, OnnxEmbedder};
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

static EMBEDDER: LazyLock<OnnxEmbedder> = LazyLock::new(|| {
    OnnxEmbedder::start(provisioned(), EmbedderOptions::default()).expect("the model loads")
});

pub(crate) fn provisioned() -> &'static Provisioned {
    &PROVISIONED
}

pub(crate) fn embedder() -> &'static OnnxEmbedder {
    &EMBEDDER
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
