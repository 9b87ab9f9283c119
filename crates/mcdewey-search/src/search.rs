//! Answers a question: analyses it, embeds it, queries the index, fuses and collapses the candidates,
//! cuts out the page of hits, and reads their chunks.

mod coverage;
mod lookup;
mod prepare;
mod releases;
mod reorder;
mod retrieve;
#[cfg(test)]
mod tests;
mod write_out;

use std::collections::HashMap;
use std::time::Instant;

use mcdewey_core::{Chunk, ChunkId, Scope, VersionFilter};

use self::write_out::chunk_of;
use crate::library::answers::AnswerKey;
use crate::library::integrity;
use crate::question::analysis::{QuestionAnalysis, analyse};
use crate::question::filter::resolve_filter;
use crate::ranking::collapse::CollapsedHit;
use crate::results::SearchResults;
use crate::results::confidence::{self, EVIDENCE_HITS, Evidence, Verdict};
use crate::results::continuation::{Continuation, Cursors};
use crate::results::release::AskedRelease;
use crate::results::timings::{StageTimer, Timings};
use crate::{
    DEFAULT_LIMIT, LibrarySnapshot, MAX_LIMIT, MAX_QUESTION_BYTES, NoAnswer, QueryError,
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

        let filter = resolve_filter(request, view)?;
        let names_version = request
            .version
            .as_deref()
            .is_some_and(|text| !text.trim().is_empty());
        let may_narrow = !names_version && request.source.is_empty();
        let analysis = analyse(&request.q, view, may_narrow.then_some(&filter));
        let scope = Scope {
            filter: match &analysis.release {
                Some(release) => release.narrow(&filter),
                None => filter,
            },
            ..snapshot.scope()
        };

        let cursors = Cursors::of_search(request, snapshot.state());
        let (cursors, offset) = match &request.cursor {
            Some(cursor) => cursors.resume(cursor)?,
            None => (cursors, 0),
        };
        if cursors.depth() > 0 && snapshot.library.reranker.is_none() {
            return Err(QueryError::CursorExpired);
        }

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
        let page = self.offset..self.offset.saturating_add(self.limit);
        let needed = page.end.max(EVIDENCE_HITS);
        let mut found = self
            .find(&prepared, keyword_list, &self.scope, needed)
            .await?;
        stages.add(&found.stages);

        let reranker = self.snapshot.library.reranker.as_ref();
        let mut reading = self.reorder(&mut found, &self.scope, reranker).await?;
        stages.lap(if reranker.is_some() {
            "rerank"
        } else {
            "fusion"
        });

        let (unversioned, unversioned_incomplete) = match self.unversioned_scope() {
            Some(scope) => {
                let incomplete = self.incomplete_coverage(&scope).await?;
                let limit = self.limit.min(MAX_UNVERSIONED);
                let mut found = match incomplete {
                    Some(_) => {
                        let by_words = prepared.by_words();
                        self.find(&by_words, None, &scope, limit).await?
                    }
                    None => self.find(&prepared, None, &scope, limit).await?,
                };
                stages.add(&found.stages);
                let mut reading = self.reorder(&mut found, &scope, None).await?;
                let (hits, _) = found.into_page(self.request.group, 0..limit);
                self.load_missing(hits.iter(), &mut reading.chunks, &scope)
                    .await?;
                (self.write_out(hits, &reading.chunks), incomplete)
            }
            None => (Vec::new(), None),
        };
        let indexing = coverage::sum(incomplete, unversioned_incomplete);

        let facets = std::mem::take(&mut found.ranking.facets);
        let evidence = found.evidence.take();
        let corrections = std::mem::take(&mut found.corrections);
        let missing_phrases = std::mem::take(&mut found.missing_phrases);
        let evidence = evidence.filter(|_| self.offset == 0);
        let first = found.first(evidence.as_ref().map_or(0, |_| EVIDENCE_HITS));
        let (page_hits, has_more) = found.into_page(self.request.group, page);
        let chunks = &mut reading.chunks;
        self.load_missing(first.iter().chain(&page_hits), chunks, &self.scope)
            .await?;
        let judged = self.confidence(evidence.as_ref(), &first, chunks);
        let verdict = judged
            .as_ref()
            .map(|(signals, _)| Verdict::new(signals, &reading.scores));
        let (signals, absent) = judged.unzip();
        let no_answer = verdict.and_then(|verdict| {
            confidence::no_answer(&self.analysis, verdict, absent.unwrap_or_default())
        });
        let hits = self.write_out(page_hits, chunks);
        let no_answer = no_phrase(missing_phrases).or(no_answer);

        let releases = self.about_releases(no_answer).await?;
        let mut notices = releases.notices;
        notices.extend(prepared.notices);
        notices.extend(corrections.iter().map(|(word, correction)| {
            format!("Showing results for “{correction}”: “{word}” does not occur in the library")
        }));

        notices.extend(self.exclusion_notice());
        if let Some(coverage) = indexing {
            notices.push(coverage::notice(coverage));
            self.note_asked(&hits);
            self.note_asked(&unversioned);
        }

        notices.extend(reading.notice);
        notices.extend(integrity::notice(self.snapshot.state().integrity).map(str::to_owned));
        stages.lap("write");

        let degraded = self.degraded(prepared.degraded);
        let next_offset = has_more.then(|| self.offset + self.limit);
        let cursors = self.cursors.after_reading(reading.depth);
        let continuation = Continuation::new(cursors, self.offset, hits.len(), next_offset);

        Ok(SearchResults {
            hits,
            unversioned,
            facets,
            continuation,
            degraded,
            indexing,
            confidence: verdict.map(|verdict| verdict.probability),
            signals: signals.filter(|_| self.request.explain),
            no_answer: releases.no_answer,
            release: self.analysis.release.as_ref().map(AskedRelease::from),
            name_releases: releases.names,
            reranked: reading.depth.map(|_| reading.is_complete),
            rerank_depth: reading.depth,
            notices,
            state: self.snapshot.state().clone(),
            timings: stages.finish(self.started),
        })
    }

    /// Names the parts of the answer that are missing.
    fn degraded(&self, failed: Option<String>) -> Option<String> {
        let missing = integrity::missing_part(self.snapshot.state().integrity);
        let parts: Vec<String> = failed
            .into_iter()
            .chain(missing.map(str::to_owned))
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Returns the signals of the first hits, whatever is shown, and the question's names and codes that
    /// the library lacks.
    fn confidence(
        &self,
        evidence: Option<&Evidence>,
        first: &[CollapsedHit],
        chunks: &HashMap<ChunkId, Chunk>,
    ) -> Option<(Signals, Vec<String>)> {
        let first: Vec<&Chunk> = first
            .iter()
            .filter_map(|hit| chunk_of(hit, chunks))
            .collect();
        let evidence = evidence.filter(|_| !first.is_empty())?;
        let question = &self.analysis.searched;
        Some(evidence.signals(question, &self.analysis, first.into_iter()))
    }

    /// Says what was left out, because a minus can be meant in another way.
    fn exclusion_notice(&self) -> Option<String> {
        let excluded = &self.analysis.syntax.excluded;
        let words: Vec<String> = excluded
            .iter()
            .map(|phrase| format!("“{}”", phrase.text))
            .collect();
        (!words.is_empty()).then(|| format!("Without passages that mention {}", words.join(" or ")))
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
}

/// What to report if no passage has a phrase that the question quotes.
fn no_phrase(missing: Vec<String>) -> Option<NoAnswer> {
    let phrases: Vec<String> = missing
        .iter()
        .map(|phrase| format!("“{}”", mcdewey_core::visible_line(phrase)))
        .collect();
    (!missing.is_empty()).then(|| NoAnswer {
        message: format!("no passage contains {}", phrases.join(" or ")),
        missing,
        is_certain: true,
    })
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
