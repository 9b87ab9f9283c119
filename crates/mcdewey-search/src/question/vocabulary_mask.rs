//! Hides words that only occur in documents a caller may not see.
//!
//! Word frequencies are counted over the whole library. A word that occurs only outside a caller's
//! visibility must look like a word that does not occur at all, otherwise scores and counts would
//! reveal that there are hidden documents.

use std::collections::{BTreeMap, BTreeSet};

use mcdewey_core::{IndexError, IndexReader, QuestionWord, Scope, Visibility};

use crate::question::terms;

/// The number of distinct words that are looked up. The words after them, in a pasted text, are
/// treated as invisible.
const MAX_LOOKUPS: usize = 64;

/// A question for keyword search in which every word that the caller cannot see is replaced by a
/// placeholder that occurs in no document.
#[derive(Clone, Debug, Default)]
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
        reader: &dyn IndexReader,
        visibility: &Visibility,
    ) -> Result<Self, IndexError> {
        let scope = Scope {
            visibility: visibility.clone(),
            ..Scope::default()
        };
        let visible_words = visible_words(text, reader, &scope).await?;
        let mut mask = Self::default();

        let mut copied = 0;
        for (word, range) in terms::words(text) {
            let visible = visible_words.contains(&word.to_lowercase());
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

/// Returns the words of a text that a visible chunk contains, with spelling correction switched off,
/// in lower case.
async fn visible_words(
    text: &str,
    reader: &dyn IndexReader,
    scope: &Scope,
) -> Result<BTreeSet<String>, IndexError> {
    let mut looked_up: BTreeMap<String, String> = BTreeMap::new();
    for (word, _) in terms::words(text) {
        let lower = word.to_lowercase();
        if looked_up.len() < MAX_LOOKUPS {
            looked_up.entry(lower).or_insert_with(|| word.to_owned());
        }
    }

    if looked_up.is_empty() {
        return Ok(BTreeSet::new());
    }

    let words: Vec<String> = looked_up.values().cloned().collect();
    let occurring = reader.occurring_words(&words, scope).await?;
    looked_up.retain(|_, word| occurring.contains(word));
    Ok(looked_up.into_keys().collect())
}
