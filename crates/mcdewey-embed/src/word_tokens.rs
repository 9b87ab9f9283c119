//! Finds the tokens of a text word by word, and remembers those of each word.
//!
//! A BERT tokenizer divides a text at white space and punctuation before it looks anything up, so
//! the tokens of a word are the same in every text. Its pipeline still takes a microsecond for every
//! few bytes, because it aligns each step with the text before; splitting a library would spend most
//! of its time there. The tokens themselves always come from the tokenizer.

use std::ops::Range;
use std::sync::Arc;

use mcdewey_core::WordCache;
use tokenizers::Tokenizer;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;

/// Remembers the tokens of words. Belongs to one tokenizer.
#[derive(Debug)]
pub(crate) struct WordTokens {
    words: WordCache<TokensOfWord>,
    /// Added tokens, such as `[CLS]`: a word with one of them, in any case, is not divided at
    /// punctuation.
    added: Vec<String>,
}

/// The byte ranges of a word's tokens in the word.
#[derive(Debug, Clone)]
enum TokensOfWord {
    Whole,
    Ranges(Arc<[Range<usize>]>),
}

impl WordTokens {
    /// Returns `None` for a tokenizer whose tokens may depend on more than the word they are in.
    pub(crate) fn new(tokenizer: &Tokenizer) -> Option<Self> {
        let divides_at_words = matches!(
            (tokenizer.get_normalizer(), tokenizer.get_pre_tokenizer()),
            (
                None | Some(NormalizerWrapper::BertNormalizer(_)),
                Some(PreTokenizerWrapper::BertPreTokenizer(_))
            )
        );

        let added = tokenizer.get_added_tokens_decoder();
        let are_within_words = added.values().all(|token| {
            let is_ascii = token.content.bytes().all(|byte| byte.is_ascii_graphic());
            is_ascii && !token.content.is_empty() && !token.lstrip && !token.rstrip
        });

        (divides_at_words && are_within_words).then(|| Self {
            words: WordCache::default(),
            added: added.values().map(|token| token.content.clone()).collect(),
        })
    }

    /// Passes the byte ranges of the tokens of `text` to `found`, in order.
    pub(crate) fn find(
        &self,
        tokenizer: &Tokenizer,
        text: &str,
        mut found: impl FnMut(Range<usize>),
    ) -> Result<(), String> {
        let search = Search {
            tokenizer,
            words: &self.words,
        };
        for part in parts(text, &self.added) {
            match part {
                Part::Punctuation(range) => found(range),
                Part::Word(range) => search.find(text, range, &mut found)?,
            }
        }

        Ok(())
    }
}

struct Search<'a> {
    tokenizer: &'a Tokenizer,
    words: &'a WordCache<TokensOfWord>,
}

impl Search<'_> {
    fn find(
        &self,
        text: &str,
        range: Range<usize>,
        found: &mut impl FnMut(Range<usize>),
    ) -> Result<(), String> {
        let word = &text[range.clone()];
        let tokenizer = self.tokenizer;
        match self.words.get(word, || tokens_of(tokenizer, word))? {
            TokensOfWord::Whole => found(range),
            TokensOfWord::Ranges(tokens) => {
                for token in tokens.iter() {
                    found(range.start + token.start..range.start + token.end);
                }
            }
        }

        Ok(())
    }
}

fn tokens_of(tokenizer: &Tokenizer, word: &str) -> Result<TokensOfWord, String> {
    let ranges = byte_ranges(tokenizer, word)?;
    Ok(match ranges.as_slice() {
        [only] if *only == (0..word.len()) => TokensOfWord::Whole,
        _ => TokensOfWord::Ranges(ranges.into()),
    })
}

/// Returns the byte ranges of the tokens of `text`, without special tokens.
pub(crate) fn byte_ranges(tokenizer: &Tokenizer, text: &str) -> Result<Vec<Range<usize>>, String> {
    let encoding = tokenizer
        .encode(text, false)
        .map_err(|error| error.to_string())?;

    Ok(encoding
        .get_offsets()
        .iter()
        .map(|&(start, end)| start..end)
        .collect())
}

/// A part of a text that is tokenised on its own.
enum Part {
    /// One character of ASCII punctuation, always one token.
    Punctuation(Range<usize>),
    /// ASCII letters and digits, or everything between two spaces if there is anything else in it.
    Word(Range<usize>),
}

/// Divides a text at ASCII white space, and what is plain ASCII also at punctuation, except where it
/// has an added token.
fn parts(text: &str, added: &[String]) -> impl Iterator<Item = Part> {
    let bytes = text.as_bytes();
    let mut offset = 0;
    let mut plain_until = 0;

    std::iter::from_fn(move || {
        while offset < bytes.len() && is_space(bytes[offset]) {
            offset += 1;
        }

        let start = offset;
        if start == bytes.len() {
            return None;
        }

        if start >= plain_until {
            let length = bytes[start..].iter().position(|byte| is_space(*byte));
            let end = length.map_or(bytes.len(), |length| start + length);
            let word = &bytes[start..end];
            if !word.iter().all(u8::is_ascii_graphic) || contains_any(word, added) {
                offset = end;
                return Some(Part::Word(start..end));
            }
            plain_until = end;
        }

        let letters = bytes[start..plain_until]
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric());
        if letters == Some(0) {
            offset += 1;
            return Some(Part::Punctuation(start..offset));
        }

        offset = letters.map_or(plain_until, |length| start + length);
        Some(Part::Word(start..offset))
    })
}

/// Reports whether a word contains one of the tokens, in any case: the tokenizer may look for them
/// in the text in lower case.
fn contains_any(word: &[u8], tokens: &[String]) -> bool {
    tokens.iter().any(|token| {
        word.len() >= token.len()
            && word
                .windows(token.len())
                .any(|part| part.eq_ignore_ascii_case(token.as_bytes()))
    })
}

/// White space that no step before the division at words removes, as form feeds are.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    /// A tokenizer of this family that knows single letters, some digraphs and a few characters
    /// that normalisation makes of others.
    fn tokenizer(normalizer: &Value, is_normalised: bool) -> Tokenizer {
        let mut vocab = Map::new();
        let characters = ('a'..='z').chain("0123456789.,:;!?()[]-_'\"`éüα人の’–·ßı".chars());
        let pieces = characters
            .map(String::from)
            .chain(["th", "er", "in"].map(str::to_owned));
        for word in ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
            .map(str::to_owned)
            .into_iter()
            .chain(pieces.flat_map(|piece| [format!("##{piece}"), piece]))
        {
            let id = vocab.len();
            vocab.entry(word).or_insert(json!(id));
        }

        let special = |id: usize, content: &str| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": is_normalised, "special": true})
        };
        let json = json!({
            "version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [special(2, "[CLS]"), special(3, "[SEP]")],
            "normalizer": normalizer,
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": null, "decoder": null,
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": vocab}
        });
        Tokenizer::from_bytes(json.to_string()).unwrap()
    }

    fn bert_normalizer() -> Value {
        json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true})
    }

    /// Pseudo-random texts of characters that some step of the tokenizer treats in a special way.
    fn texts() -> impl Iterator<Item = String> {
        let pieces = [
            "the",
            "Inner",
            "x",
            "42",
            "setAgentState",
            " ",
            "  ",
            "\n",
            "\t",
            "\r\n",
            "\u{b}",
            "\u{c}",
            "\0",
            "\u{7f}",
            "\u{a0}",
            "\u{2003}",
            "\u{200b}",
            "\u{feff}",
            "\u{ad}",
            ".",
            ",",
            "_",
            "[CLS]",
            "[cls]",
            "[Sep]",
            "x[CLS]y",
            "[SEP",
            "[ĉls]",
            "`",
            "’",
            "–",
            "é",
            "e\u{301}",
            "\u{301}",
            "\u{327}\u{301}",
            "Ü",
            "İ",
            "ß",
            "ﬁ",
            "人",
            "の",
            "한국어",
            "\u{1100}\u{1161}",
            "😀",
            "\u{fffd}",
            "\u{e000}",
            "ΑΣ",
            "ﷺ",
        ];
        let long = [
            "a".repeat(99),
            "b".repeat(101),
            "é".repeat(101),
            "ab.".repeat(40),
        ];

        let mut state = 7_u64;
        let mut next = move |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        (0..4_000).map(move |_| {
            (0..next(14))
                .map(|_| match next(pieces.len() + long.len()) {
                    index if index < pieces.len() => pieces[index],
                    index => long[index - pieces.len()].as_str(),
                })
                .collect()
        })
    }

    /// Splitting and batching must not depend on which texts were tokenised before.
    #[test]
    fn tokens_found_word_by_word_are_those_of_the_whole_text() {
        let normalizers = [bert_normalizer(), Value::Null];
        for (normalizer, is_normalised) in normalizers
            .iter()
            .flat_map(|normalizer| [(normalizer, false), (normalizer, true)])
        {
            let tokenizer = tokenizer(normalizer, is_normalised);
            let words = WordTokens::new(&tokenizer).expect("a BERT tokenizer");
            for text in texts() {
                let expected = byte_ranges(&tokenizer, &text).unwrap();
                for _ in 0..2 {
                    let mut found = Vec::new();
                    words
                        .find(&tokenizer, &text, |range| found.push(range))
                        .unwrap();
                    assert_eq!(found, expected, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn other_tokenizers_see_whole_texts() {
        let is_supported = |tokenizer: &Tokenizer| WordTokens::new(tokenizer).is_some();
        assert!(is_supported(&tokenizer(&bert_normalizer(), true)));
        assert!(!is_supported(&tokenizer(&json!({"type": "NFC"}), false)));

        let mut added = tokenizer(&bert_normalizer(), false);
        added
            .add_tokens([tokenizers::AddedToken::from("barge in", false)])
            .unwrap();
        assert!(!is_supported(&added));

        let mut other = tokenizer(&bert_normalizer(), false);
        other.with_pre_tokenizer(None::<PreTokenizerWrapper>);
        assert!(!is_supported(&other));
    }
}
