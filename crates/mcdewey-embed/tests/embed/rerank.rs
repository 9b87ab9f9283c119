//! The tiny reranker returns the scores computed by hand, and unusable folders are rejected with
//! the reason.

use std::fs;

use mcdewey_core::Rerank;
use mcdewey_embed::{CrossEncoder, CrossEncoderError};
use tempfile::TempDir;

use crate::support::provisioned;
use crate::tiny_reranker;

/// Writes the tiny reranker, whose output is called `output`.
fn write_reranker(output: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    tiny_reranker::write(dir.path(), output);
    dir
}

fn start(dir: &TempDir) -> Result<CrossEncoder, CrossEncoderError> {
    CrossEncoder::start(dir.path(), &provisioned().runtime, 1)
}

#[tokio::test]
async fn scores_are_those_computed_by_hand() {
    let reranker = start(&write_reranker("logits")).unwrap();

    // Twice the sum of the words' weights, divided by the number of words plus one [SEP]. There are
    // more chunks than fit into one batch, and their lengths require padding.
    let expected = [
        ("trunk trunk trunk", 2.0 * -3.0 / 4.0),
        ("barge", 2.0 * 1.0 / 2.0),
        ("barge call", 2.0 * 1.5 / 3.0),
        ("call trunk", 2.0 * -0.5 / 3.0),
        ("", 0.0),
        ("barge barge barge barge call", 2.0 * 4.5 / 6.0),
        ("unheard", 2.0 * 0.25 / 2.0),
    ];

    for question in ["barge", "trunk call trunk"] {
        let chunks = expected
            .iter()
            .map(|(text, _)| (*text).to_owned())
            .collect();
        let scores = reranker.scores(question, chunks).await.unwrap();
        assert_eq!(scores.len(), expected.len());

        for ((text, expected), score) in expected.iter().zip(scores) {
            assert!(
                (score - expected).abs() < 1e-6,
                "{text:?} scores {score}, not {expected}"
            );
        }
    }
}

#[tokio::test]
async fn tokens_beyond_the_window_are_ignored() {
    let reranker = start(&write_reranker("logits")).unwrap();
    // The window has 16 tokens, of which [CLS], the question and two [SEP] take 4.
    let chunk = format!("{}{}", "barge ".repeat(12), "trunk ".repeat(50));
    let scores = reranker.scores("call", vec![chunk]).await.unwrap();
    assert!((scores[0] - 2.0 * 12.0 / 13.0).abs() < 1e-6, "{scores:?}");
}

#[tokio::test]
async fn folders_without_the_optional_files_work() {
    let dir = write_reranker("logits");
    for file in ["special_tokens_map.json", "tokenizer_config.json"] {
        fs::remove_file(dir.path().join(file)).unwrap();
    }

    let scores = start(&dir)
        .unwrap()
        .scores("call", vec!["barge".to_owned(), "trunk".to_owned()])
        .await
        .unwrap();

    assert_eq!(scores, [1.0, -1.0]);
}

#[test]
fn a_folder_without_a_reranker_is_rejected_with_the_reason() {
    let dir = write_reranker("last_hidden_state");
    CrossEncoder::check(dir.path()).unwrap();
    let error = start(&dir).unwrap_err();
    assert!(
        matches!(error, CrossEncoderError::Model { .. }) && error.to_string().contains("logits"),
        "{error}"
    );

    fs::write(dir.path().join("model.onnx"), "not a model").unwrap();
    let error = start(&dir).unwrap_err();
    assert!(
        matches!(error, CrossEncoderError::Model { .. })
            && error.to_string().contains("model.onnx"),
        "{error}"
    );

    fs::remove_file(dir.path().join("tokenizer.json")).unwrap();
    for error in [
        start(&dir).unwrap_err(),
        CrossEncoder::check(dir.path()).unwrap_err(),
    ] {
        assert!(
            error.to_string().contains("lacks tokenizer.json"),
            "{error}"
        );
    }
}
