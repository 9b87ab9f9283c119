//! Hides words that only occur in documents a caller may not see.
//!
//! Word frequencies are counted over the whole library. A word that occurs only outside a caller's
//! visibility must look like a word that does not occur at all, otherwise scores and counts would
//! reveal that there are hidden documents.

use std::collections::{BTreeMap, BTreeSet};

use mcdewey_core::{
    CandidateQuery, Index, IndexError, QuestionWord, Scope, Visibility, WeightedText,
};

use crate::question::terms;

/// The number of distinct words that are looked up. The words after them, in a pasted text, are
/// treated as invisible.
const MAX_LOOKUPS: usize = 64;

/// A question for keyword search in which every word that the caller cannot see is replaced by a
/// placeholder that occurs in no document.
#[derive(Debug, Default)]
pub(crate) struct VocabularyMask {
    /// The masked question.
    pub(crate) text: String,
    /// The original word of each placeholder.
    originals: BTreeMap<String, String>,
}

impl VocabularyMask {
    /// Masks `text` (in its form for keyword search) for a caller of this visibility.
    pub(crate) async fn new(
        text: &str,
        index: &dyn Index,
        visibility: &Visibility,
    ) -> Result<Self, IndexError> {
        let scope = Scope {
            visibility: visibility.clone(),
            ..Scope::default()
        };
        let mut visible_words: BTreeMap<String, bool> = BTreeMap::new();
        let mut mask = Self::default();

        let mut copied = 0;
        for (word, range) in terms::words(text) {
            let lower = word.to_lowercase();
            let visible = match visible_words.get(&lower) {
                Some(visible) => *visible,
                None => {
                    visible_words.len() < MAX_LOOKUPS && is_visible(word, index, &scope).await?
                }
            };
            visible_words.insert(lower, visible);

            if !visible {
                let placeholder = format!("zqxj{}vwk", mask.originals.len());
                mask.text.push_str(&text[copied..range.start]);
                mask.text.push_str(&placeholder);
                copied = range.end;
                mask.originals.insert(placeholder, word.to_owned());
            }
        }

        mask.text.push_str(&text[copied..]);
        Ok(mask)
    }

    /// Restores the original words in what the index reports about the masked question.
    pub(crate) fn unmask(&self, words: &mut [QuestionWord]) {
        for word in words {
            if let Some(original) = self.originals.get(&word.word) {
                word.word.clone_from(original);
            }
        }
    }
}

/// Reports whether a visible chunk contains the word, with spelling correction switched off.
async fn is_visible(word: &str, index: &dyn Index, scope: &Scope) -> Result<bool, IndexError> {
    let keyword = vec![WeightedText {
        text: word.to_owned(),
        weight: 1.0,
    }];
    let known_words = BTreeSet::from([word.to_lowercase()]);
    let query = CandidateQuery {
        keyword,
        known_words,
        depth: 1,
        ..CandidateQuery::default()
    };

    Ok(index
        .candidates(&query, scope)
        .await?
        .keyword
        .is_some_and(|list| !list.is_empty()))
}
