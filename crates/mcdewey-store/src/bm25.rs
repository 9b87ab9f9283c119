//! BM25 vectors of passages and questions, in the language of the passage.
//!
//! A passage's vector holds the term weights only; how rare a word is comes from the catalogue's counts when a question
//! is asked (see `ranking`). The engine could weigh rarity itself, but it counts deleted points until it has optimised,
//! and each shard of a cluster counts only its own, so equal libraries would give unequal scores.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use mcdewey_core::{IndexError, WeightedText};
use qdrant_edge::SparseVector;
use qdrant_edge::bm25_embed::{EdgeBm25, EdgeBm25Config};
use qdrant_edge::external::ordered_float::NotNan;

/// Words in an average passage, stop words left out: measured as 99.9 over 10,535 passages of 143 words cut from four
/// real documentation sets.
const AVERAGE_LENGTH: f64 = 100.0;
/// How soon a repeated word stops counting: the usual value.
const K1: f64 = 1.2;
/// The weight in a passage's vector that a word comes close to when it is repeated again and again.
pub(crate) const HIGHEST_WEIGHT: f64 = K1 + 1.0;
/// How much a long passage is held back: the usual value.
const B: f64 = 0.75;
/// Documents of unknown or unsupported language are read as this one.
const DEFAULT_LANGUAGE: &str = "en";

/// Makes BM25 vectors; one model per language, made when first needed.
#[derive(Default)]
pub(crate) struct Bm25 {
    models: RwLock<HashMap<String, Arc<EdgeBm25>>>,
}

impl Bm25 {
    /// Everything that shapes the vectors of passages.
    pub(crate) fn fingerprint() -> String {
        format!("bm25 k1={K1} b={B} length={AVERAGE_LENGTH} language={DEFAULT_LANGUAGE}")
    }

    /// The vector of a passage.
    pub(crate) fn passage(
        &self,
        text: &str,
        language: Option<&str>,
    ) -> Result<SparseVector, IndexError> {
        Ok(self.model(language)?.embed_document(text))
    }

    /// The words of a question, each once, with what each of the library's languages makes of it. Words that count for
    /// nothing in the question's own language count in none: in a library with a few passages of another language
    /// "this" and "was" would otherwise be the rarest words of all.
    pub(crate) fn question(
        &self,
        texts: &[WeightedText],
        languages: &[String],
    ) -> Result<Vec<Word>, IndexError> {
        let mut models = Vec::new();
        for language in read_as(languages) {
            models.push(self.model(Some(language))?);
        }

        let own = language_of(texts, &models);
        let mut words = Words::default();
        for text in texts
            .iter()
            .filter(|text| text.weight.is_finite() && text.weight > 0.0)
        {
            for word in
                split(&text.text).filter(|word| own.is_none_or(|own| reading(own, word).is_some()))
            {
                let tokens: BTreeSet<u32> = models
                    .iter()
                    .filter_map(|model| reading(model, word))
                    .collect();

                if !tokens.is_empty() {
                    words.add(Word {
                        text: word.to_owned(),
                        weight: text.weight,
                        tokens,
                    });
                }
            }
        }

        Ok(words.list)
    }

    /// The stem of one word in the default language, by which slips of spelling are looked for.
    pub(crate) fn stem(&self, word: &str) -> Result<Option<u32>, IndexError> {
        Ok(reading(&*self.model(None)?, word))
    }

    fn model(&self, language: Option<&str>) -> Result<Arc<EdgeBm25>, IndexError> {
        let language = language.unwrap_or(DEFAULT_LANGUAGE);
        if let Some(model) = self
            .models
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(language)
        {
            return Ok(Arc::clone(model));
        }

        let model = match make(language) {
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
    /// As the question writes it.
    pub(crate) text: String,
    /// Its own weight; of one that occurs more than once, the highest.
    pub(crate) weight: f32,
    /// Its stems, one for each language that reads it differently.
    pub(crate) tokens: BTreeSet<u32>,
}

/// The words of a question, looked up by stem: a pasted text has thousands.
#[derive(Default)]
struct Words {
    list: Vec<Word>,
    places: HashMap<u32, usize>,
}

impl Words {
    /// Adds a word, or raises the weight of one with the same stem.
    fn add(&mut self, word: Word) {
        let known = word
            .tokens
            .iter()
            .find_map(|token| self.places.get(token).copied());
        let place = known.unwrap_or(self.list.len());
        self.places
            .extend(word.tokens.iter().map(|token| (*token, place)));

        match self.list.get_mut(place) {
            Some(known) => {
                known.weight = known.weight.max(word.weight);
                known.tokens.extend(word.tokens);
            }
            None => self.list.push(word),
        }
    }
}

/// The words of a text as the engine divides it.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// The stem of one word; nothing for a stop word.
fn reading(model: &EdgeBm25, word: &str) -> Option<u32> {
    model.embed_query(word).indices.first().copied()
}

/// The language whose stop words a question has most of; the default one, which comes first, unless another has at
/// least two and more. `None` when the question has none.
fn language_of<'a>(texts: &[WeightedText], models: &'a [Arc<EdgeBm25>]) -> Option<&'a EdgeBm25> {
    let stop_words = |model: &EdgeBm25| {
        texts
            .iter()
            .flat_map(|text| split(&text.text))
            .filter(|word| reading(model, word).is_none())
            .count()
    };

    let (first, others) = models.split_first()?;
    let mut most = (stop_words(first).max(1), first);
    for model in others {
        let count = stop_words(model);
        if count > most.0 {
            most = (count, model);
        }
    }

    Some(most.1)
}

/// The languages a question is read as: the default one, then the others of the library.
fn read_as(languages: &[String]) -> impl Iterator<Item = &str> {
    let others = languages
        .iter()
        .map(String::as_str)
        .filter(|language| *language != DEFAULT_LANGUAGE);
    std::iter::once(DEFAULT_LANGUAGE).chain(others)
}

fn make(language: &str) -> Result<EdgeBm25, String> {
    let number = |value: f64| NotNan::new(value).map_err(|error| error.to_string());
    let config = EdgeBm25Config {
        k: number(K1)?,
        b: number(B)?,
        avg_len: number(AVERAGE_LENGTH)?,
        language: Some(language.to_owned()),
        ..EdgeBm25Config::default()
    };

    EdgeBm25::new(config).map_err(|error| error.to_string())
}

impl fmt::Debug for Bm25 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bm25").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(texts: &[(&str, f32)], languages: &[&str]) -> Vec<Word> {
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

        Bm25::default().question(&texts, &languages).unwrap()
    }

    fn overlap(passage: &SparseVector, question: &[Word]) -> usize {
        passage
            .indices
            .iter()
            .filter(|token| question.iter().any(|word| word.tokens.contains(token)))
            .count()
    }

    #[test]
    fn words_meet_in_their_stems() {
        let bm25 = Bm25::default();
        let passage = bm25
            .passage("The agents are barging into the calls", None)
            .unwrap();

        assert_eq!(
            overlap(&passage, &asked(&[("barge agent call", 1.0)], &[])),
            3
        );
        assert_eq!(overlap(&passage, &asked(&[("the are into", 1.0)], &[])), 0);
    }

    #[test]
    fn documents_of_another_language_are_found_by_their_own_stems() {
        let bm25 = Bm25::default();
        let passage = bm25.passage("Das Haus eines Kunden", Some("de")).unwrap();
        assert_eq!(
            overlap(&passage, &asked(&[("Häuser Kunde", 1.0)], &["de", "en"])),
            2
        );
        assert!(overlap(&passage, &asked(&[("Häuser Kunde", 1.0)], &[])) < 2);
    }

    #[test]
    fn stop_words_of_the_question_count_in_no_language() {
        let passage = Bm25::default()
            .passage("Was this helpful? Ubicaciones de la corte", Some("es"))
            .unwrap();

        assert_eq!(
            overlap(&passage, &asked(&[("was this the court", 1.0)], &["es"])),
            0
        );
        assert_eq!(
            overlap(
                &passage,
                &asked(&[("ubicaciones de la corte", 1.0)], &["es"])
            ),
            2
        );

        let words = asked(&[("was this the court", 1.0)], &["es"]);
        assert_eq!(
            words
                .iter()
                .map(|word| word.text.as_str())
                .collect::<Vec<_>>(),
            ["court"]
        );
    }

    #[test]
    fn inflections_of_one_word_are_one_word() {
        let words = asked(&[("agents", 1.0), ("the agent", 0.3)], &["de"]);
        assert_eq!(words.len(), 1);
        assert_eq!((words[0].text.as_str(), words[0].weight), ("agents", 1.0));
    }

    #[test]
    fn an_unsupported_language_is_read_as_the_default() {
        let bm25 = Bm25::default();
        let text = "setAgentState 設定 0x103";
        assert_eq!(
            bm25.passage(text, Some("tlh")).unwrap(),
            bm25.passage(text, None).unwrap()
        );
        assert_eq!(
            bm25.passage(text, Some("\" ]")).unwrap(),
            bm25.passage(text, None).unwrap()
        );
    }

    #[test]
    fn weightless_words_do_not_count() {
        assert!(asked(&[("barge", 0.0), ("call", -1.0), ("agent", f32::NAN)], &[]).is_empty());
    }
}
