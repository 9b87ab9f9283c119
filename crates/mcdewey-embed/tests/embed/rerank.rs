//! The tiny reranker gives the scores a reader computes, and folders that hold none are refused with the reason.

use std::fs;

use mcdewey_core::Rerank;
use mcdewey_embed::{CrossEncoder, CrossEncoderError};
use tempfile::TempDir;

use crate::support::provisioned;
use crate::tiny_reranker;

fn folder(output: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    tiny_reranker::write(dir.path(), output);
    dir
}

fn start(dir: &TempDir) -> Result<CrossEncoder, CrossEncoderError> {
    CrossEncoder::start(dir.path(), &provisioned().runtime, 1)
}

#[tokio::test]
async fn scores_are_those_computed_by_hand() {
    let reranker = start(&folder("logits")).unwrap();

    // Twice the sum of the words' worths, by the number of words and one [SEP]; more passages than one run takes, of
    // lengths that need padding.
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
        let passages = expected
            .iter()
            .map(|(text, _)| (*text).to_owned())
            .collect();
        let scores = reranker.scores(question, passages).await.unwrap();
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
async fn what_lies_beyond_the_window_is_not_read() {
    let reranker = start(&folder("logits")).unwrap();
    // 16 tokens, of which [CLS], the question and two [SEP] take 4.
    let passage = format!("{}{}", "barge ".repeat(12), "trunk ".repeat(50));
    let scores = reranker.scores("call", vec![passage]).await.unwrap();
    assert!((scores[0] - 2.0 * 12.0 / 13.0).abs() < 1e-6, "{scores:?}");
}

#[tokio::test]
async fn newer_folders_lack_two_files() {
    let dir = folder("logits");
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
fn a_folder_that_holds_no_reranker_is_refused_with_the_reason() {
    let dir = folder("last_hidden_state");
    CrossEncoder::check(dir.path()).unwrap();
    let error = start(&dir).unwrap_err();

    assert!(
        matches!(error, CrossEncoderError::Model { .. }) && error.to_string().contains("logits"),
        "{error}"
    );

    fs::write(dir.path().join("model.onnx"), "no model").unwrap();
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
