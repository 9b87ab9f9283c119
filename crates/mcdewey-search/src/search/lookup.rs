//! Looks up which passages have certain words: what a question's signs and names require of a passage
//! cannot be seen from its score.

use std::collections::{BTreeSet, HashSet};

use mcdewey_core::{Candidate, CandidateQuery, Candidates, ChunkId, Scope, WeightedText};

use super::SearchPipeline;
use crate::QueryError;
use crate::question::identifiers::{Identifier, identifiers};
use crate::question::syntax::Phrase;

/// The number of passages with a word that are looked at.
const DEPTH: usize = 12_800;
/// The number of passages that are read to find a phrase in them.
const PHRASE_DEPTH: usize = 3_200;
/// The number of names of a question that are looked up.
pub(super) const MAX_NAMES: usize = 8;

/// What the signs of a question allow.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowed {
    /// The only passages that have the phrases; `None` without phrases.
    only: Option<HashSet<ChunkId>>,
    /// The passages that mention what is to be left out.
    except: HashSet<ChunkId>,
    /// The phrases that no passage has.
    pub(super) missing: Vec<String>,
}

impl Allowed {
    /// Removes what is not allowed.
    pub(super) fn retain(&self, lists: &mut Candidates) {
        for list in [&mut lists.dense, &mut lists.keyword].into_iter().flatten() {
            list.retain(|candidate| {
                let id = &candidate.chunk_id;
                !self.except.contains(id) && self.only.as_ref().is_none_or(|only| only.contains(id))
            });
        }
    }

    /// Reports whether few passages may be left.
    pub(super) fn is_narrow(&self) -> bool {
        self.only.is_some()
    }
}

/// The passages that have the names of a question.
#[derive(Debug, Clone, Default)]
pub(super) struct NamedPassages {
    /// Those that have all names.
    pub(super) with_all: HashSet<ChunkId>,
    /// If none has all, those with each name that occurs, in the order of the question.
    pub(super) with_each: Vec<HashSet<ChunkId>>,
}

impl SearchPipeline<'_> {
    /// Returns every passage of a scope with a word, or with the parts of a phrase, best first.
    pub(super) async fn passages_with(
        &self,
        text: &str,
        depth: usize,
        scope: &Scope,
    ) -> Result<Vec<Candidate>, QueryError> {
        let known_words: BTreeSet<String> = text.split(' ').map(str::to_lowercase).collect();
        let query = CandidateQuery {
            keyword: vec![WeightedText {
                text: text.to_owned(),
                weight: 1.0,
            }],
            known_words,
            depth,
            ..CandidateQuery::default()
        };
        let candidates = self.snapshot.reader().candidates(&query, scope).await?;
        Ok(candidates.keyword.unwrap_or_default())
    }

    /// Returns the passages of a scope with a name or code.
    pub(super) async fn passages_with_name(
        &self,
        name: &Identifier,
        scope: &Scope,
    ) -> Result<Vec<Candidate>, QueryError> {
        self.passages_with(&name.token(), DEPTH, scope).await
    }

    /// Looks up what the signs of the question allow.
    pub(super) async fn allowed(&self, scope: &Scope) -> Result<Allowed, QueryError> {
        let syntax = &self.analysis.syntax;
        let mut allowed = Allowed::default();
        for phrase in &syntax.phrases {
            let with_phrase = self.passages_where(phrase, scope, Phrase::is_in).await?;
            if with_phrase.is_empty() {
                allowed.missing.push(phrase.text.clone());
                continue;
            }

            allowed.only = Some(match allowed.only {
                Some(only) => only.intersection(&with_phrase).cloned().collect(),
                None => with_phrase,
            });
        }

        for phrase in &syntax.excluded {
            let mentioning = self
                .passages_where(phrase, scope, Phrase::is_mentioned_in)
                .await?;
            allowed.except.extend(mentioning);
        }

        Ok(allowed)
    }

    async fn passages_where(
        &self,
        phrase: &Phrase,
        scope: &Scope,
        is_meant: impl Fn(&Phrase, &mcdewey_core::Chunk) -> bool,
    ) -> Result<HashSet<ChunkId>, QueryError> {
        let words = mcdewey_core::keyword_form(&phrase.text);
        let candidates = self.passages_with(&words, PHRASE_DEPTH, scope).await?;
        let ids: Vec<ChunkId> = candidates
            .into_iter()
            .map(|candidate| candidate.chunk_id)
            .collect();
        let chunks = self.load_chunks(&ids, scope).await?;
        Ok(chunks
            .into_values()
            .filter(|chunk| is_meant(phrase, chunk))
            .map(|chunk| chunk.chunk_id)
            .collect())
    }

    /// Looks up which passages have the names and codes of the question.
    pub(super) async fn named_passages(&self, scope: &Scope) -> Result<NamedPassages, QueryError> {
        let names = identifiers(&self.analysis.searched, &self.analysis.known_words);
        let mut with_each: Vec<HashSet<ChunkId>> = Vec::new();
        for name in names.iter().filter(|name| name.is_exact()).take(MAX_NAMES) {
            let passages = self.passages_with_name(name, scope).await?;
            let ids: HashSet<ChunkId> = passages
                .into_iter()
                .map(|candidate| candidate.chunk_id)
                .collect();
            if !ids.is_empty() {
                with_each.push(ids);
            }
        }

        let mut named = NamedPassages::default();
        if let Some((first, others)) = with_each.split_first() {
            named.with_all = first
                .iter()
                .filter(|id| others.iter().all(|ids| ids.contains(*id)))
                .cloned()
                .collect();
            if named.with_all.is_empty() {
                named.with_each = with_each;
            }
        }

        Ok(named)
    }
}
