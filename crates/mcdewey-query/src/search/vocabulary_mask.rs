//! Words are counted over the whole library. One that stands only where the asker may not look must be to them a word
//! that stands nowhere, or scores and counts would tell that there is more than they see.

use std::collections::{BTreeMap, BTreeSet};

use mcdewey_core::{
    CandidateQuery, Index, IndexError, QuestionWord, Scope, Visibility, WeightedText,
};

use super::terms;

/// Words that are looked up; those behind them in a pasted text count as unseen.
const LOOKED_UP: usize = 64;

/// A question for the search by words in which what the asker cannot see is replaced by words that nobody writes.
#[derive(Debug, Default)]
pub(crate) struct VocabularyMask {
    /// The question.
    pub(crate) text: String,
    stands_for: BTreeMap<String, String>,
}

impl VocabularyMask {
    /// Looks up every word of `text` (in its form for keyword search) among what the asker may see.
    pub(crate) async fn over(
        text: &str,
        index: &dyn Index,
        visibility: &Visibility,
    ) -> Result<Self, IndexError> {
        let scope = Scope {
            visibility: visibility.clone(),
            ..Scope::default()
        };
        let mut known: BTreeMap<String, bool> = BTreeMap::new();
        let mut veil = Self::default();

        let mut copied = 0;
        for (word, range) in terms::words(text) {
            let lower = word.to_lowercase();
            let seen = match known.get(&lower) {
                Some(seen) => *seen,
                None => known.len() < LOOKED_UP && is_seen(word, index, &scope).await?,
            };
            known.insert(lower, seen);

            if !seen {
                let nothing = format!("zqxj{}vwk", veil.stands_for.len());
                veil.text.push_str(&text[copied..range.start]);
                veil.text.push_str(&nothing);
                copied = range.end;
                veil.stands_for.insert(nothing, word.to_owned());
            }
        }

        veil.text.push_str(&text[copied..]);
        Ok(veil)
    }

    /// Gives the words of the answer the names they have in the question.
    pub(crate) fn lift(&self, words: &mut [QuestionWord]) {
        for word in words {
            if let Some(meant) = self.stands_for.get(&word.word) {
                word.word.clone_from(meant);
            }
        }
    }
}

async fn is_seen(word: &str, index: &dyn Index, scope: &Scope) -> Result<bool, IndexError> {
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
