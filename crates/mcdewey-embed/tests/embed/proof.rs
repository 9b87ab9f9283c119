//! The vectors are the original model's, whatever else is in the batch; the window is respected and reported.
//!
//! `data/reference.jsonl` was made by `reference.py`: the forward pass in NumPy, from the original safetensors.

use mcdewey_core::{Embed, EmbedError};
use serde::Deserialize;

use crate::support::{cosine, embedder};

#[derive(Deserialize)]
struct Reference {
    name: String,
    text: String,
    tokens: usize,
    vector: Vec<f32>,
}

fn references() -> Vec<Reference> {
    let lines = include_str!("data/reference.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a reference per line"))
        .collect()
}

/// 200 passages of 1 to 60 words, in no order of length.
fn passages() -> Vec<String> {
    let words = [
        "agent",
        "call",
        "queue",
        "trunk",
        "Vermittlung",
        "20999",
        "failover",
        "the",
        "barge-in",
        "état",
    ];

    let length = |i: usize| 1 + (i * 53) % 60;
    let text = |i: usize| {
        (0..length(i))
            .map(|j| words[(i * 7 + j * j + j / 3) % words.len()])
            .collect::<Vec<_>>()
    };

    (0..200).map(|i| text(i).join(" ")).collect()
}

#[tokio::test]
async fn vectors_are_those_of_the_original_model() {
    let references = references();
    assert_eq!(references.len(), 8);

    let window = embedder().model().window;
    for reference in references {
        let question = embedder().question(&reference.text).await.unwrap();
        let found = cosine(&question.vector, &reference.vector);
        assert!(found >= 0.9999, "{}: cosine {found}", reference.name);
        assert_eq!(
            question.truncated,
            reference.tokens > window,
            "{}",
            reference.name
        );

        let length =
            embedder().tokens(&reference.text).unwrap().len() + embedder().model().special_tokens;
        assert_eq!(length, reference.tokens, "{}", reference.name);
    }
}

#[tokio::test]
async fn a_vector_does_not_depend_on_its_batch() {
    let texts = passages();
    let together = embedder().passages(texts.clone()).await.unwrap();
    assert_eq!(together.len(), texts.len());

    for (text, vector) in texts.into_iter().zip(together) {
        let norm: f64 = vector.iter().map(|&x| f64::from(x).powi(2)).sum();
        assert!((norm - 1.0).abs() < 1e-5, "length {norm}");
        let alone = embedder().passages(vec![text.clone()]).await.unwrap();
        let found = cosine(&vector, &alone[0]);
        assert!(found >= 0.99999, "cosine {found} for {text:?}");
    }
}

#[tokio::test]
async fn a_passage_beyond_the_window_is_refused_by_name() {
    let beyond = references()
        .into_iter()
        .find(|reference| reference.tokens == 257)
        .unwrap();

    let error = embedder()
        .passages(vec!["fits".to_owned(), beyond.text])
        .await
        .unwrap_err();

    let EmbedError::Model(message) = error else {
        panic!("{error}")
    };

    assert!(
        message.contains("passage 1") && message.contains("257 tokens where the model reads 256"),
        "{message}"
    );
}

#[tokio::test]
async fn no_passages_have_no_vectors() {
    assert!(embedder().passages(Vec::new()).await.unwrap().is_empty());
}

#[test]
fn token_ranges_cover_a_long_text_to_its_end() {
    let text = "Überwachung of café calls. ".repeat(400);
    let ranges = embedder().tokens(&text).unwrap();
    assert!(ranges.len() > 2_000, "nothing is cut: {}", ranges.len());
    assert_eq!(&text[ranges[0].clone()], "Über");
    assert_eq!(ranges.last().unwrap().end, text.trim_end().len());
    assert!(
        ranges.windows(2).all(|pair| pair[0].end <= pair[1].start),
        "in order, without overlap"
    );
}

#[test]
fn the_model_says_what_it_is() {
    let model = embedder().model();
    assert_eq!(model.name, "all-MiniLM-L6-v2");
    assert_eq!(
        (model.dimensions, model.window, model.special_tokens),
        (384, 256, 2)
    );
    assert_eq!(model.fingerprint.len(), 32);
}
