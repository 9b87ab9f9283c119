//! BM25 vectors of chunks and questions, in the language of the chunk.
//!
//! A chunk's vector holds only the term weights. How rare a word is comes from the catalogue's
//! counts at query time (see `ranking`). The engine could apply the rarity itself, but it counts
//! deleted points until it has optimised, and each shard of a cluster counts only its own points,
//! so equal libraries would produce unequal scores.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use mcdewey_core::{IndexError, WeightedText, WordCache};
use qdrant_edge::SparseVector;
use qdrant_edge::bm25_embed::{EdgeBm25, EdgeBm25Config};
use qdrant_edge::external::ordered_float::NotNan;

/// Words in an average chunk, without stop words: measured as 99.9 over 10,535 chunks of 143 words
/// cut from four real documentation sets.
const AVERAGE_LENGTH: f64 = 100.0;

/// How soon repetitions of a word stop adding to its weight: the usual value.
const K1: f64 = 1.2;

/// The limit that the weight of a word in a chunk's vector approaches as the word is repeated.
pub(crate) const HIGHEST_WEIGHT: f64 = K1 + 1.0;

/// How strongly the weights of a long chunk are reduced: the usual value.
const B: f64 = 0.75;

/// The language assumed for documents whose language is unknown or unsupported.
const DEFAULT_LANGUAGE: &str = "en";

/// Computes BM25 vectors. Holds one model per language, created on first use.
#[derive(Default)]
pub(crate) struct Bm25 {
    models: RwLock<HashMap<String, Arc<LanguageModel>>>,
}

/// The stems of a language. They are the engine's; it is asked for each word once, because stemming
/// takes it a hundred times as long as a lookup.
struct LanguageModel {
    engine: EdgeBm25,
    stems: WordCache<Option<u32>>,
}

impl Bm25 {
    /// Everything that shapes the vectors of chunks.
    pub(crate) fn fingerprint() -> String {
        format!("bm25 k1={K1} b={B} length={AVERAGE_LENGTH} language={DEFAULT_LANGUAGE}")
    }

    /// Computes the vector of a chunk's text.
    pub(crate) fn chunk_vector(
        &self,
        text: &str,
        language: Option<&str>,
    ) -> Result<SparseVector, IndexError> {
        Ok(self.model(language)?.chunk_vector(text))
    }

    /// Returns the distinct words of a question, each with its stems in all languages of the
    /// library.
    ///
    /// Stop words of the question's own language are left out for all languages. Otherwise "this"
    /// and "was" would be the rarest words of all in a library with a few chunks of another
    /// language.
    pub(crate) fn question_words(
        &self,
        texts: &[WeightedText],
        languages: &[String],
    ) -> Result<Vec<Word>, IndexError> {
        let mut models = Vec::new();
        for language in query_languages(languages) {
            models.push(self.model(Some(language))?);
        }

        let question_model = detect_language(texts, &models);
        let mut words = DistinctWords::default();
        for text in texts
            .iter()
            .filter(|text| text.weight.is_finite() && text.weight > 0.0)
        {
            for word in split(&text.text) {
                if question_model.is_some_and(|model| model.is_stop_word(word)) {
                    continue;
                }

                let tokens: BTreeSet<u32> =
                    models.iter().filter_map(|model| model.stem(word)).collect();

                if !tokens.is_empty() {
                    words.add(Word {
                        text: word.to_owned(),
                        weight: text.weight,
                        tokens,
                    });
                }
            }
        }

        Ok(words.words)
    }

    /// Returns the stem of one word in the default language, which spelling correction works in.
    /// Returns `None` for a stop word.
    pub(crate) fn stem(&self, word: &str) -> Result<Option<u32>, IndexError> {
        Ok(self.model(None)?.stem(word))
    }

    fn model(&self, language: Option<&str>) -> Result<Arc<LanguageModel>, IndexError> {
        let language = language.unwrap_or(DEFAULT_LANGUAGE);
        if let Some(model) = self
            .models
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(language)
        {
            return Ok(Arc::clone(model));
        }

        let model = match new_model(language) {
            Ok(model) => Arc::new(model),
            Err(_) if language != DEFAULT_LANGUAGE => self.model(None)?,
            Err(reason) => return Err(IndexError::Store(reason)),
        };

        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(
            models.entry(language.to_owned()).or_insert(model),
        ))
    }
}

/// A word of a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    /// As written in the question.
    pub(crate) text: String,
    /// The highest weight of all its occurrences.
    pub(crate) weight: f32,
    /// Its stems, one for each language that stems it differently.
    pub(crate) tokens: BTreeSet<u32>,
}

/// The distinct words of a question. Indexed by stem, because a pasted text has thousands of words.
#[derive(Default)]
struct DistinctWords {
    words: Vec<Word>,
    index_by_token: HashMap<u32, usize>,
}

impl DistinctWords {
    /// Adds a word, or raises the weight of the word that shares a stem with it.
    fn add(&mut self, word: Word) {
        let existing = word
            .tokens
            .iter()
            .find_map(|token| self.index_by_token.get(token).copied());
        let index = existing.unwrap_or(self.words.len());
        self.index_by_token
            .extend(word.tokens.iter().map(|token| (*token, index)));

        match self.words.get_mut(index) {
            Some(existing) => {
                existing.weight = existing.weight.max(word.weight);
                existing.tokens.extend(word.tokens);
            }
            None => self.words.push(word),
        }
    }
}

/// Splits a text into words in the same way as the engine.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

impl LanguageModel {
    /// Returns the stem of one word, or `None` for a stop word.
    fn stem(&self, word: &str) -> Option<u32> {
        let stem = || Ok(self.engine.embed_query(word).indices.first().copied());
        self.stems
            .get(word, stem)
            .unwrap_or_else(|error: Infallible| match error {})
    }

    fn is_stop_word(&self, word: &str) -> bool {
        self.stem(word).is_none()
    }

    /// Weighs the stems of a text as the engine's `embed_document` does.
    fn chunk_vector(&self, text: &str) -> SparseVector {
        let mut tokens: Vec<u32> = split(text).filter_map(|word| self.stem(word)).collect();
        let length = tokens.len() as f64;
        tokens.sort_unstable();
        let (indices, values) = tokens
            .chunk_by(|a, b| a == b)
            .map(|equal| (equal[0], term_weight(equal.len() as f64, length)))
            .unzip();
        SparseVector { indices, values }
    }
}

/// The weight of a token that occurs `count` times in a chunk of `length` words, rounded like the
/// engine's.
fn term_weight(count: f64, length: f64) -> f32 {
    let weight = count * (K1 + 1.0);
    (weight / K1.mul_add(1.0 - B + B * length / AVERAGE_LENGTH, count)) as f32
}

/// Returns the model of the language that a question has the most stop words of, or `None` when
/// there are no models.
///
/// `models` begins with the default language, which another language beats only with more stop
/// words than the default has, and at least two.
fn detect_language<'a>(
    texts: &[WeightedText],
    models: &'a [Arc<LanguageModel>],
) -> Option<&'a LanguageModel> {
    let (default, others) = models.split_first()?;
    let mut best = (count_stop_words(texts, default).max(1), default);
    for model in others {
        let count = count_stop_words(texts, model);
        if count > best.0 {
            best = (count, model);
        }
    }

    Some(best.1)
}

fn count_stop_words(texts: &[WeightedText], model: &LanguageModel) -> usize {
    texts
        .iter()
        .flat_map(|text| split(&text.text))
        .filter(|word| model.is_stop_word(word))
        .count()
}

/// The languages that a question is stemmed in: the default language, then the others of the
/// library.
fn query_languages(languages: &[String]) -> impl Iterator<Item = &str> {
    let others = languages
        .iter()
        .map(String::as_str)
        .filter(|language| *language != DEFAULT_LANGUAGE);
    std::iter::once(DEFAULT_LANGUAGE).chain(others)
}

fn new_model(language: &str) -> Result<LanguageModel, String> {
    let config = EdgeBm25Config {
        k: not_nan(K1)?,
        b: not_nan(B)?,
        avg_len: not_nan(AVERAGE_LENGTH)?,
        language: Some(language.to_owned()),
        ..EdgeBm25Config::default()
    };

    Ok(LanguageModel {
        engine: EdgeBm25::new(config).map_err(|error| error.to_string())?,
        stems: WordCache::default(),
    })
}

fn not_nan(value: f64) -> Result<NotNan<f64>, String> {
    NotNan::new(value).map_err(|error| error.to_string())
}

impl fmt::Debug for Bm25 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bm25").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question_words(texts: &[(&str, f32)], languages: &[&str]) -> Vec<Word> {
        let texts: Vec<_> = texts
            .iter()
            .map(|(text, weight)| WeightedText {
                text: (*text).to_owned(),
                weight: *weight,
            })
            .collect();

        let languages: Vec<_> = languages
            .iter()
            .map(|language| (*language).to_owned())
            .collect();

        Bm25::default().question_words(&texts, &languages).unwrap()
    }

    fn overlap(chunk: &SparseVector, question: &[Word]) -> usize {
        chunk
            .indices
            .iter()
            .filter(|token| question.iter().any(|word| word.tokens.contains(token)))
            .count()
    }

    #[test]
    fn inflected_words_match_by_stem() {
        let bm25 = Bm25::default();
        let chunk = bm25
            .chunk_vector("The agents are barging into the calls", None)
            .unwrap();

        assert_eq!(
            overlap(&chunk, &question_words(&[("barge agent call", 1.0)], &[])),
            3
        );
        assert_eq!(
            overlap(&chunk, &question_words(&[("the are into", 1.0)], &[])),
            0
        );
    }

    /// A library made by an earlier version, and one on a server, must get the same vectors.
    #[test]
    fn vectors_are_those_of_the_engine() {
        let sentence = "The HTTPServer's agents barge into calls; agents' STATES \u{2019} 12\u{1c0}5 \
                        Häuser der Straße, İstanbul ΣΑΣ naïve ｆｕｌｌ 設定 x\u{301}y ① ½ 0x103 agent";
        let bm25 = Bm25::default();
        for language in ["en", "de", "tr", "ja", "tlh"] {
            let model = bm25.model(Some(language)).unwrap();
            for words in [0, 1, 7, 14, 2000] {
                let text: Vec<&str> = sentence.split(' ').cycle().take(words).collect();
                let text = text.join(" ");
                for _ in 0..2 {
                    assert_eq!(
                        bm25.chunk_vector(&text, Some(language)).unwrap(),
                        model.engine.embed_document(&text),
                        "{language}: {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn documents_in_another_language_match_by_its_stems() {
        let bm25 = Bm25::default();
        let chunk = bm25
            .chunk_vector("Das Haus eines Kunden", Some("de"))
            .unwrap();
        assert_eq!(
            overlap(
                &chunk,
                &question_words(&[("Häuser Kunde", 1.0)], &["de", "en"])
            ),
            2
        );
        assert!(overlap(&chunk, &question_words(&[("Häuser Kunde", 1.0)], &[])) < 2);
    }

    #[test]
    fn stop_words_of_the_question_are_ignored_in_all_languages() {
        let chunk = Bm25::default()
            .chunk_vector("Was this helpful? Ubicaciones de la corte", Some("es"))
            .unwrap();

        assert_eq!(
            overlap(
                &chunk,
                &question_words(&[("was this the court", 1.0)], &["es"])
            ),
            0
        );
        assert_eq!(
            overlap(
                &chunk,
                &question_words(&[("ubicaciones de la corte", 1.0)], &["es"])
            ),
            2
        );

        let words = question_words(&[("was this the court", 1.0)], &["es"]);
        assert_eq!(
            words
                .iter()
                .map(|word| word.text.as_str())
                .collect::<Vec<_>>(),
            ["court"]
        );
    }

    #[test]
    fn inflections_of_a_word_are_merged() {
        let words = question_words(&[("agents", 1.0), ("the agent", 0.3)], &["de"]);
        assert_eq!(words.len(), 1);
        assert_eq!((words[0].text.as_str(), words[0].weight), ("agents", 1.0));
    }

    #[test]
    fn an_unsupported_language_falls_back_to_the_default() {
        let bm25 = Bm25::default();
        let text = "setAgentState 設定 0x103";
        assert_eq!(
            bm25.chunk_vector(text, Some("tlh")).unwrap(),
            bm25.chunk_vector(text, None).unwrap()
        );
        assert_eq!(
            bm25.chunk_vector(text, Some("\" ]")).unwrap(),
            bm25.chunk_vector(text, None).unwrap()
        );
    }

    #[test]
    fn words_without_a_positive_weight_are_ignored() {
        assert!(
            question_words(&[("barge", 0.0), ("call", -1.0), ("agent", f32::NAN)], &[]).is_empty()
        );
    }
}
