//! An embedder whose vectors can be checked by hand: each dimension counts one word.

use std::ops::Range;

use async_trait::async_trait;

use crate::{Embed, EmbedError, ModelInfo, QuestionEmbedding};

/// An embedder that counts words.
///
/// Dimension *i* of a vector is the number of occurrences of word *i* of the vocabulary, scaled to
/// unit length. A small last dimension has the same value for every text, so no vector has length
/// zero.
#[derive(Debug, Clone)]
pub struct FakeEmbed {
    vocabulary: Vec<String>,
    model: ModelInfo,
}

impl FakeEmbed {
    /// The value of the last dimension before scaling.
    const SHARED_DIMENSION: f32 = 0.1;

    /// Creates an embedder for these words (lower case), with a window of 64 tokens.
    pub fn new(vocabulary: &[&str]) -> Self {
        let model = ModelInfo {
            name: "fake".to_owned(),
            fingerprint: format!("fake-{}", vocabulary.join("-")),
            dimensions: vocabulary.len() + 1,
            window: 64,
            special_tokens: 2,
        };

        Self {
            vocabulary: vocabulary.iter().map(|word| (*word).to_owned()).collect(),
            model,
        }
    }

    /// Returns the vector of a text.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();

        let mut vector: Vec<f32> = self
            .vocabulary
            .iter()
            .map(|known| words.iter().filter(|word| *word == known).count() as f32)
            .collect();
        vector.push(Self::SHARED_DIMENSION);

        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter().map(|x| x / length).collect()
    }
}

#[async_trait]
impl Embed for FakeEmbed {
    fn model(&self) -> &ModelInfo {
        &self.model
    }

    async fn embed_question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        let truncated =
            self.token_ranges(text)?.len() + self.model.special_tokens > self.model.window;

        Ok(QuestionEmbedding {
            vector: self.vector(text),
            truncated,
        })
    }

    async fn embed_chunks(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }

    /// A token is a run of letters and digits, or any other visible character.
    fn token_ranges(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        let mut tokens: Vec<Range<usize>> = Vec::new();
        let mut in_word = false;

        for (start, c) in text.char_indices() {
            let end = start + c.len_utf8();
            match tokens.last_mut() {
                Some(last) if in_word && c.is_alphanumeric() => last.end = end,
                _ if c.is_whitespace() => {}
                _ => tokens.push(start..end),
            }

            in_word = c.is_alphanumeric();
        }

        Ok(tokens)
    }
}
