//! Answers a question: analyses it, embeds it, queries the index, fuses and collapses the candidates,
//! cuts out the page of hits, and reads their chunks.

mod coverage;
mod prepare;
mod retrieve;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use mcdewey_core::{Chunk, ChunkId, Scope, VersionFilter};

use crate::library::answers::AnswerKey;
use crate::question::analysis::{QuestionAnalysis, analyse};
use crate::question::filter::resolve_filter;
use crate::question::terms;
use crate::ranking::collapse::CollapsedHit;
use crate::ranking::rerank::Reranker;
use crate::results::confidence::{self, EVIDENCE_HITS, Evidence};
use crate::results::continuation::{Continuation, Cursors};
use crate::results::hit::Hit;
use crate::results::snippet::snippet;
use crate::results::timings::{StageTimer, Timings};
use crate::results::{SearchResults, sort_by_rerank_score};
use crate::{
    DEFAULT_LIMIT, LibrarySnapshot, MAX_LIMIT, MAX_QUESTION_BYTES, Mode, NoAnswer, QueryError,
    SearchRequest, Signals,
};

/// The maximum number of hits from documents without a version.
const MAX_UNVERSIONED: usize = 5;

impl LibrarySnapshot<'_> {
    /// Answers a question, from the cache if the same was asked before. A request for explanations
    /// is always searched.
    pub async fn search(&self, request: &SearchRequest) -> Result<SearchResults, QueryError> {
        if request.explain {
            return self.search_index(request).await;
        }

        let started = Instant::now();
        let key = AnswerKey::new(self.state(), self.visibility(), request);
        match self.library.answers.look_up(key) {
            Ok(answer) => Ok(SearchResults {
                timings: Timings::of_cached(started),
                ..SearchResults::clone(&answer)
            }),
            Err(reservation) => {
                let answer = self.search_index(request).await?;
                self.library.answers.keep(reservation, &answer);
                Ok(answer)
            }
        }
    }

    async fn search_index(&self, request: &SearchRequest) -> Result<SearchResults, QueryError> {
        SearchPipeline::new(self, request).await?.run().await
    }
}

/// One search, with everything that is known before the index is queried.
struct SearchPipeline<'a> {
    snapshot: &'a LibrarySnapshot<'a>,
    request: &'a SearchRequest,
    scope: Scope,
    analysis: QuestionAnalysis,
    cursors: Cursors,
    offset: usize,
    limit: usize,
    started: Instant,
}

impl<'a> SearchPipeline<'a> {
    async fn new(
        snapshot: &'a LibrarySnapshot<'a>,
        request: &'a SearchRequest,
    ) -> Result<Self, QueryError> {
        let started = Instant::now();
        let limit = validate(request)?;
        let view = snapshot.view().await?;

        let scope = Scope {
            filter: resolve_filter(request, view)?,
            ..snapshot.scope()
        };

        let cursors = Cursors::of_search(request, snapshot.state());
        let (cursors, offset) = match &request.cursor {
            Some(cursor) => cursors.resume(cursor)?,
            None => (cursors, 0),
        };

        let analysis = analyse(&request.q, view);
        Ok(Self {
            snapshot,
            request,
            scope,
            analysis,
            cursors,
            offset,
            limit,
            started,
        })
    }

    async fn run(self) -> Result<SearchResults, QueryError> {
        let mut stages = StageTimer::start();
        let incomplete = self.incomplete_coverage(&self.scope).await?;
        let mut prepared = self.prepare_query(incomplete.is_none()).await?;
        let keyword_list = prepared.keyword_list.take();
        stages.lap("embed");

        // The confidence must not depend on the number of hits requested.
        let limit = if self.offset == 0 {
            self.limit.max(EVIDENCE_HITS)
        } else {
            self.limit
        };

        let found = self
            .find(
                &prepared,
                keyword_list,
                &self.scope,
                self.offset..self.offset.saturating_add(limit),
            )
            .await?;
        stages.add(&found.stages);
        let (unversioned, unversioned_incomplete) = match self.unversioned_scope() {
            Some(scope) => {
                let incomplete = self.incomplete_coverage(&scope).await?;
                let limit = self.limit.min(MAX_UNVERSIONED);
                let found = match incomplete {
                    Some(_) => {
                        let by_words = prepared.by_words();
                        self.find(&by_words, None, &scope, 0..limit).await?
                    }
                    None => self.find(&prepared, None, &scope, 0..limit).await?,
                };
                stages.add(&found.stages);
                (self.write_out(found.hits, &scope).await?, incomplete)
            }
            None => (Vec::new(), None),
        };
        let indexing = coverage::sum(incomplete, unversioned_incomplete);

        let has_more = found.has_more || found.hits.len() > self.limit;
        let mut hits = self.write_out(found.hits, &self.scope).await?;
        let (signals, no_answer) = self.confidence(found.evidence.as_ref(), &hits);

        let mut notices = prepared.notices;
        notices.extend(found.corrections.iter().map(|(word, correction)| {
            format!("Showing results for “{correction}”: “{word}” does not occur in the library")
        }));

        hits.truncate(self.limit);
        if let Some(coverage) = indexing {
            notices.push(coverage::notice(coverage));
            self.note_asked(&hits);
            self.note_asked(&unversioned);
        }

        stages.lap("write");

        let mut reranked = None;
        if let Some(reranker) = self.reranker().filter(|_| incomplete.is_none()) {
            let outcome = self.rerank(reranker, &mut hits).await;
            reranked = Some(outcome.is_ok());
            notices.extend(outcome.err());
            stages.lap("rerank");
        }

        let next_offset = has_more.then(|| self.offset + self.limit);
        let continuation = Continuation::new(self.cursors, self.offset, hits.len(), next_offset);

        Ok(SearchResults {
            hits,
            unversioned,
            facets: found.facets,
            continuation,
            degraded: prepared.degraded,
            indexing,
            confidence: signals.map(|signals| signals.probability()),
            signals: signals.filter(|_| self.request.explain),
            no_answer,
            reranked,
            notices,
            state: self.snapshot.state().clone(),
            timings: stages.finish(self.started),
        })
    }

    /// Returns the reranker for this request's hits: it orders the first page only, and not that of
    /// a keyword search.
    fn reranker(&self) -> Option<&'a Reranker> {
        self.snapshot
            .library
            .reranker
            .as_ref()
            .filter(|_| self.request.mode != Mode::Keyword && self.request.cursor.is_none())
    }

    /// Sorts the hits by the model's scores.
    ///
    /// # Errors
    ///
    /// A notice for the caller. No hit has moved then.
    async fn rerank(&self, reranker: &Reranker, hits: &mut [Hit]) -> Result<(), String> {
        let inputs = hits.iter().map(|hit| reranker_input(&hit.chunk));
        let scores = reranker.scores(&self.request.q, inputs).await?;
        for (hit, score) in hits.iter_mut().zip(scores) {
            hit.rerank_score = Some(score);
        }

        sort_by_rerank_score(hits);
        Ok(())
    }

    /// Returns the signals of the first page of hits, and what to report if they probably do not
    /// answer the question.
    fn confidence(
        &self,
        evidence: Option<&Evidence>,
        hits: &[Hit],
    ) -> (Option<Signals>, Option<NoAnswer>) {
        let Some(evidence) = evidence.filter(|_| self.offset == 0) else {
            return (None, None);
        };
        let (signals, absent) = evidence.signals(
            &self.request.q,
            &self.analysis,
            hits.iter().map(|hit| &hit.chunk),
        );
        (
            Some(signals),
            confidence::no_answer(&self.analysis, signals.probability(), absent),
        )
    }

    /// With a version filter, returns the scope of the documents without a version, unless the
    /// request excludes them.
    fn unversioned_scope(&self) -> Option<Scope> {
        let has_version_filter = self.scope.filter.version != VersionFilter::Any;
        (has_version_filter && !self.request.strict && self.offset == 0).then(|| {
            let mut scope = self.scope.clone();
            scope.filter.version = VersionFilter::Unversioned;
            scope
        })
    }

    /// Reads the chunks of the hits.
    async fn write_out(
        &self,
        found: Vec<CollapsedHit>,
        scope: &Scope,
    ) -> Result<Vec<Hit>, QueryError> {
        let ids: Vec<ChunkId> = found
            .iter()
            .map(|hit| hit.shown.candidate.chunk_id.clone())
            .collect();
        let chunks = self.snapshot.reader().chunks(&ids, scope).await?;
        let mut chunks: HashMap<ChunkId, Chunk> = chunks
            .into_iter()
            .map(|chunk| (chunk.chunk_id.clone(), chunk))
            .collect();
        let stems: HashSet<String> = terms::content_stems(&self.request.q);

        let mut hits = Vec::with_capacity(found.len());
        for collapsed in found {
            let candidate = &collapsed.shown.candidate;

            // If the document was replaced after the query, the chunk may be gone or another one.
            let Some(chunk) = chunks
                .remove(&candidate.chunk_id)
                .filter(|chunk| chunk.passage_hash == candidate.passage_hash)
            else {
                continue;
            };

            hits.push(Hit {
                snippet: snippet(&chunk.text, &stems),
                chunk,
                score: collapsed.shown.score,
                rerank_score: None,
                also_in: collapsed.also_in,
                explanation: self.request.explain.then_some(collapsed.shown.explanation),
                rank: hits.len(),
            });
        }

        Ok(hits)
    }
}

/// What a reranker reads of a chunk: its breadcrumb, then its text.
fn reranker_input(chunk: &Chunk) -> String {
    format!("{}\n{}", chunk.headings.join(" > "), chunk.text)
}

/// Checks what does not depend on the library, and returns the limit.
fn validate(request: &SearchRequest) -> Result<usize, QueryError> {
    if request.q.trim().is_empty() {
        return Err(QueryError::InvalidRequest(
            "q is empty; ask a question, such as q=barge state in CCX".to_owned(),
        ));
    }

    if request.q.len() > MAX_QUESTION_BYTES {
        return Err(QueryError::InvalidRequest(format!(
            "q has {} bytes; at most {MAX_QUESTION_BYTES} are allowed",
            request.q.len()
        )));
    }

    let limit = request.limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        return Err(QueryError::InvalidRequest(format!(
            "limit is {limit}; 1 to {MAX_LIMIT} are allowed"
        )));
    }

    Ok(limit)
}
