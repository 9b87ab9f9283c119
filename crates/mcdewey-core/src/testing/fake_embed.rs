//! An embedder whose vectors a reader can check by hand: each dimension counts one word.

use std::ops::Range;

use async_trait::async_trait;

use crate::{Embed, EmbedError, ModelInfo, QuestionEmbedding};

/// Counts words: dimension *i* of a vector is how often word *i* of the vocabulary occurs, scaled to unit length; a
/// last, small dimension is the same for every text, so that none has length zero.
#[derive(Debug, Clone)]
pub struct FakeEmbed {
    vocabulary: Vec<String>,
    model: ModelInfo,
}

impl FakeEmbed {
    /// How much the dimension that all texts share counts.
    const FLOOR: f32 = 0.1;

    /// An embedder that knows these words (lower case), with a window of 64 tokens.
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

    /// The vector of a text.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
        let count = |known: &String| words.iter().filter(|word| *word == known).count() as f32;
        let mut vector: Vec<f32> = self.vocabulary.iter().map(count).collect();
        vector.push(Self::FLOOR);
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();

        vector.iter().map(|x| x / length).collect()
    }
}

#[async_trait]
impl Embed for FakeEmbed {
    fn model(&self) -> &ModelInfo {
        &self.model
    }

    async fn question(&self, text: &str) -> Result<QuestionEmbedding, EmbedError> {
        let truncated = self.tokens(text)?.len() + self.model.special_tokens > self.model.window;
        Ok(QuestionEmbedding {
            vector: self.vector(text),
            truncated,
        })
    }

    async fn passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }

    /// A token is a run of letters and digits, or any other visible character.
    fn tokens(&self, text: &str) -> Result<Vec<Range<usize>>, EmbedError> {
        let mut tokens: Vec<Range<usize>> = Vec::new();
        let mut open = false;
        for (at, c) in text.char_indices() {
            let end = at + c.len_utf8();
            match tokens.last_mut() {
                Some(last) if open && c.is_alphanumeric() => last.end = end,
                _ if c.is_whitespace() => {}
                _ => tokens.push(at..end),
            }
            open = c.is_alphanumeric();
        }

        Ok(tokens)
    }
}
