//! Prepares the query for the index: the question's vector, its words, and which of them must not be
//! corrected.

use std::collections::BTreeSet;
use std::sync::Arc;

use mcdewey_core::{CandidateQuery, Candidates, Embed, EmbedError, Visibility, WeightedText};

use super::SearchPipeline;
use super::retrieve::FIRST_DEPTH;
use crate::library::EMBED_DEADLINE;
use crate::question::terms;
use crate::question::vocabulary_mask::VocabularyMask;
use crate::{Mode, QueryError};

/// The weight of a product's other names relative to the question's own words.
const OTHER_NAME_WEIGHT: f32 = 0.3;
/// The number of a question's words that are checked for misspellings.
const MAX_SPELL_CHECKED_WORDS: usize = 64;

/// The query for the index, and what happened while it was prepared.
#[derive(Clone)]
pub(super) struct PreparedQuery {
    pub(super) query: CandidateQuery,
    pub(super) mask: VocabularyMask,
    pub(super) notices: Vec<String>,
    pub(super) degraded: Option<String>,
    /// The keyword list of the request's scope at the first depth, if it was made while the question
    /// was embedded.
    pub(super) keyword_list: Option<Candidates>,
}

/// What is searched for by words.
#[derive(Default)]
struct QuestionWords {
    texts: Vec<WeightedText>,
    known: BTreeSet<String>,
    mask: VocabularyMask,
    list: Option<Candidates>,
}

impl PreparedQuery {
    /// The same query without the question's vector.
    pub(super) fn by_words(&self) -> Self {
        let mut by_words = self.clone();
        by_words.query.dense = None;
        by_words
    }
}

impl SearchPipeline<'_> {
    /// Prepares the words while the model embeds the question. Without vectors to compare with, the
    /// question is searched by its words, whatever mode was requested.
    pub(super) async fn prepare_query(
        &self,
        has_vectors: bool,
    ) -> Result<PreparedQuery, QueryError> {
        let mode = match self.request.mode {
            _ if !has_vectors => Mode::Keyword,
            mode => mode,
        };
        let words = async {
            match mode {
                Mode::Dense => Ok(QuestionWords::default()),
                Mode::Hybrid | Mode::Keyword => self.prepare_words(mode).await,
            }
        };
        let vector = async {
            match mode {
                Mode::Keyword => None,
                Mode::Hybrid | Mode::Dense => Some(self.embed(&self.analysis.searched).await),
            }
        };

        let (words, vector) = tokio::join!(words, vector);
        let words = words?;
        let mut prepared = PreparedQuery {
            query: CandidateQuery {
                keyword: words.texts,
                known_words: words.known,
                exact: self.request.exact,
                ..CandidateQuery::default()
            },
            mask: words.mask,
            notices: Vec::new(),
            degraded: None,
            keyword_list: words.list,
        };

        match vector {
            None => {}
            Some(Ok((vector, truncated))) => {
                prepared.query.dense = Some(vector);
                if truncated {
                    prepared.notices.push(
                        "the question is too long for the model; the semantic search used only its \
                         beginning"
                            .to_owned(),
                    );
                }
            }
            Some(Err(error)) if mode == Mode::Dense => return Err(error),
            Some(Err(error)) => {
                tracing::warn!(%error, "answering without the dense list");
                prepared.degraded = Some("dense unavailable".to_owned());
            }
        }

        Ok(prepared)
    }

    /// `mode` is the one that is searched in.
    async fn prepare_words(&self, mode: Mode) -> Result<QuestionWords, QueryError> {
        let mut words = QuestionWords {
            texts: self.keyword_texts(),
            known: self.known_words().await?,
            ..QuestionWords::default()
        };

        let reader = self.snapshot.reader();
        if self.scope.visibility != Visibility::Everything
            && let Some(own) = words.texts.first_mut()
        {
            words.mask = VocabularyMask::new(&own.text, reader, &self.scope.visibility).await?;
            own.text.clone_from(&words.mask.text);
        }

        if mode == Mode::Hybrid && reader.lists_are_independent() {
            let query = CandidateQuery {
                keyword: words.texts.clone(),
                known_words: words.known.clone(),
                depth: FIRST_DEPTH,
                ..CandidateQuery::default()
            };
            words.list = Some(reader.candidates(&query, &self.scope).await?);
        }

        Ok(words)
    }

    /// Returns a question's vector, and whether the question was truncated.
    pub(super) async fn embed(&self, question: &str) -> Result<(Vec<f32>, bool), QueryError> {
        let question = self.snapshot.library.embed.embed_question(question);
        let embedding = tokio::time::timeout(EMBED_DEADLINE, question)
            .await
            .map_err(|_| {
                QueryError::Unavailable("the embedding model took too long".to_owned())
            })??;

        Ok((embedding.vector, embedding.truncated))
    }

    /// Returns the words of the question that must not be spell-checked: those that the model has
    /// as a single token, those in the path of a document, and those after the first
    /// [`MAX_SPELL_CHECKED_WORDS`], because a question that long is a pasted text.
    async fn known_words(&self) -> Result<BTreeSet<String>, QueryError> {
        let (mut known, mut checked) = (BTreeSet::new(), Vec::new());

        // A correction could be a word that occurs only in documents the caller may not see.
        let is_restricted = self.scope.visibility != Visibility::Everything;
        let view = self.snapshot.view().await?;
        for (index, (word, _)) in terms::words(&self.analysis.searched).enumerate() {
            let lower = word.to_lowercase();
            if is_restricted || index >= MAX_SPELL_CHECKED_WORDS || view.is_in_a_path(&lower) {
                known.insert(lower);
            } else {
                checked.push(word.to_owned());
            }
        }

        let single_tokens = self.single_tokens(checked).await?;
        known.extend(single_tokens.iter().map(|word| word.to_lowercase()));
        Ok(known)
    }

    /// Returns those of the words that the model has as a single token. The tokenizer blocks, so it
    /// runs on a blocking thread, once for all words.
    pub(super) async fn single_tokens(
        &self,
        words: Vec<String>,
    ) -> Result<BTreeSet<String>, QueryError> {
        if words.is_empty() {
            return Ok(BTreeSet::new());
        }

        let embed = Arc::clone(&self.snapshot.library.embed);
        let found = tokio::task::spawn_blocking(move || single_tokens(embed.as_ref(), words))
            .await
            .map_err(|error| QueryError::Internal(error.to_string()))?;
        Ok(found?)
    }

    fn keyword_texts(&self) -> Vec<WeightedText> {
        let own = WeightedText {
            text: mcdewey_core::keyword_form(&self.analysis.searched),
            weight: 1.0,
        };
        let other_names = self.analysis.other_names.iter().map(|name| WeightedText {
            text: name.clone(),
            weight: OTHER_NAME_WEIGHT,
        });

        std::iter::once(own).chain(other_names).collect()
    }
}

fn single_tokens(embed: &dyn Embed, words: Vec<String>) -> Result<BTreeSet<String>, EmbedError> {
    let mut found = BTreeSet::new();
    for word in words {
        if embed.token_ranges(&word)?.len() == 1 {
            found.insert(word);
        }
    }

    Ok(found)
}
