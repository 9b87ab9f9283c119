//! The vectors equal those of the original model, or are close to them in int8, independent of other
//! texts; the window is respected and truncation reported.
//!
//! `reference.py` computed `data/reference.jsonl`: the forward pass in NumPy, from the original
//! safetensors.

use mcdewey_core::{Embed, EmbedError};
use mcdewey_embed::Precision;
use serde::Deserialize;

use crate::support::{cosine, embedder, embedder_in};

#[derive(Deserialize)]
struct Reference {
    name: String,
    text: String,
    tokens: usize,
    vector: Vec<f32>,
}

fn references() -> Vec<Reference> {
    include_str!("data/reference.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line is a reference"))
        .collect()
}

/// Returns 200 chunks of 1 to 60 words, not sorted by length.
fn chunks() -> Vec<String> {
    const WORDS: [&str; 10] = [
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

    (0..200)
        .map(|i| {
            let length = 1 + (i * 53) % 60;
            let words: Vec<_> = (0..length)
                .map(|j| WORDS[(i * 7 + j * j + j / 3) % WORDS.len()])
                .collect();
            words.join(" ")
        })
        .collect()
}

#[tokio::test]
async fn vectors_equal_those_of_the_original_model() {
    let references = references();
    assert_eq!(references.len(), 8);

    let window = embedder().model().window;
    for reference in references {
        for (precision, least) in [(Precision::Fp32, 0.9999), (Precision::Int8, 0.997)] {
            let question = embedder_in(precision).embed_question(&reference.text);
            let similarity = cosine(&question.await.unwrap().vector, &reference.vector);
            assert!(
                similarity >= least,
                "{} in {precision}: cosine {similarity}",
                reference.name
            );
        }

        let question = embedder().embed_question(&reference.text).await.unwrap();
        assert_eq!(
            question.truncated,
            reference.tokens > window,
            "{}",
            reference.name
        );

        let length = embedder().token_ranges(&reference.text).unwrap().len()
            + embedder().model().special_tokens;
        assert_eq!(length, reference.tokens, "{}", reference.name);
    }
}

#[tokio::test]
async fn a_vector_does_not_depend_on_other_texts() {
    let texts = chunks();
    for precision in Precision::ALL {
        let embedder = embedder_in(precision);
        let together = embedder.embed_chunks(texts.clone()).await.unwrap();
        assert_eq!(together.len(), texts.len());

        for (text, vector) in texts.iter().zip(together) {
            let norm: f64 = vector.iter().map(|&x| f64::from(x).powi(2)).sum();
            assert!((norm - 1.0).abs() < 1e-5, "length {norm}");

            let alone = embedder.embed_chunks(vec![text.clone()]).await.unwrap();
            assert_eq!(vector, alone[0], "{text:?} in {precision}");
        }
    }
}

#[tokio::test]
async fn vectors_in_int8_are_close_to_those_in_fp32() {
    let texts = chunks();
    let [exact, quantised] = Precision::ALL.map(|precision| {
        let embedder = embedder_in(precision);
        embedder.embed_chunks(texts.clone())
    });
    let (exact, quantised) = (exact.await.unwrap(), quantised.await.unwrap());

    let similarities: Vec<f64> = exact
        .iter()
        .zip(&quantised)
        .map(|(exact, quantised)| cosine(exact, quantised))
        .collect();
    let mean = similarities.iter().sum::<f64>() / similarities.len() as f64;
    assert!(mean >= 0.998, "mean cosine {mean}");
}

#[tokio::test]
async fn an_error_about_a_chunk_beyond_the_window_names_it() {
    let too_long = references()
        .into_iter()
        .find(|reference| reference.tokens == 257)
        .unwrap();

    let error = embedder()
        .embed_chunks(vec!["fits".to_owned(), too_long.text])
        .await
        .unwrap_err();

    let EmbedError::Model(message) = error else {
        panic!("{error}")
    };
    assert!(
        message.contains("chunk 1") && message.contains("257 tokens, but the model reads only 256"),
        "{message}"
    );
}

#[tokio::test]
async fn no_chunks_have_no_vectors() {
    assert!(
        embedder()
            .embed_chunks(Vec::new())
            .await
            .unwrap()
            .is_empty()
    );
}

#[test]
fn token_ranges_cover_a_long_text_to_its_end() {
    let text = "Überwachung of café calls. ".repeat(400);
    let ranges = embedder().token_ranges(&text).unwrap();
    assert!(
        ranges.len() > 2_000,
        "nothing is truncated: {}",
        ranges.len()
    );
    assert_eq!(&text[ranges[0].clone()], "Über");
    assert_eq!(ranges.last().unwrap().end, text.trim_end().len());
    assert!(
        ranges.windows(2).all(|pair| pair[0].end <= pair[1].start),
        "in order, without overlap"
    );
}

#[test]
fn the_model_info_describes_the_model() {
    let model = embedder().model();
    assert_eq!(model.name, "all-MiniLM-L6-v2");
    assert_eq!(
        (model.dimensions, model.window, model.special_tokens),
        (384, 256, 2)
    );
    assert_eq!(model.fingerprint.len(), 32);
}
