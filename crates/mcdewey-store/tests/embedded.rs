//! Runs the behaviour suite of `Index` against the index in a directory.

use std::sync::Arc;

use mcdewey_core::testing::index_suite::embedder;
use mcdewey_core::{Embed, Index};
use mcdewey_store::{EmbeddedIndex, EmbeddedOptions, VectorStorage};
use tempfile::TempDir;

async fn make() -> Option<(Arc<dyn Index>, TempDir)> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let options = EmbeddedOptions {
        dir: dir.path().to_owned(),
        model: embedder().model().clone(),
        chunker: "test".to_owned(),
        min_free_bytes: 0,
        vectors: VectorStorage::default(),
    };

    let index = tokio::task::spawn_blocking(|| EmbeddedIndex::open(options))
        .await
        .expect("no panic");
    Some((Arc::new(index.expect("a new index opens")), dir))
}

mcdewey_core::index_suite!(make);
