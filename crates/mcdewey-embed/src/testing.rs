//! Helpers for the unit tests of several modules.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::Poll;

use mcdewey_provision::model_folder::{CONFIG, POOLING, TOKENIZER, WEIGHTS};

/// Writes a folder with the smallest model: 2 layers, 2 heads, vectors of 4 numbers, 3 words. Its
/// weights file is empty.
pub(crate) fn write_tiny_model(dir: &Path) -> PathBuf {
    write_file(
        dir,
        CONFIG,
        r#"{"model_type": "bert", "hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 2,
        "num_attention_heads": 2, "max_position_embeddings": 6, "vocab_size": 3,
        "type_vocab_size": 2}"#,
    );
    write_file(
        dir,
        POOLING,
        r#"{"word_embedding_dimension": 4, "pooling_mode_cls_token": false,
        "pooling_mode_mean_tokens": true}"#,
    );
    write_file(dir, WEIGHTS, "");
    write_file(dir, TOKENIZER, "{}");

    dir.to_owned()
}

/// Writes a file and the folders above it.
pub(crate) fn write_file(dir: &Path, name: &str, content: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Polls a future once; returns its output if it is ready.
pub(crate) async fn poll_once<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    std::future::poll_fn(|context| {
        Poll::Ready(match Pin::new(&mut *future).poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}
