//! The steps of a search: analyse the question, embed it, query the index, fuse and collapse the
//! candidates, cut out the page of hits, and write them out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::{
    Candidate, CandidateQuery, Candidates, Chunk, ChunkId, IndexState, QuestionWord, Scope,
    VersionFilter, Visibility, WeightedText,
};

use crate::search::analysis::{QuestionAnalysis, analyse};
use crate::search::collapse::{CollapsedHit, collapse, group_by_page};
use crate::search::confidence::{self, EVIDENCE_HITS, Evidence};
use crate::search::fusion::{Fusion, Preference, fuse};
use crate::search::vocabulary_mask::VocabularyMask;
use crate::search::{cursor, facets, resolve, terms};
use crate::stages::StageTimer;
use crate::view::LibraryView;
use crate::{
    DEFAULT_LIMIT, FacetCount, Group, Hit, Library, MAX_LIMIT, MAX_QUESTION_BYTES, Mode, NoAnswer,
    QueryError, SearchAnswer, SearchRequest, Signals, present,
};

/// The number of candidates first requested of each list: enough for ten distinct chunks if each
/// occurs in five versions.
const FIRST_DEPTH: usize = 200;
/// The factor by which each further attempt increases the depth.
const DEPTH_FACTOR: usize = 4;
/// The maximum number of candidates requested of each list.
const MAX_DEPTH: usize = 12_800;
/// The weight of a product's other names relative to the question's own words.
const OTHER_NAME_WEIGHT: f32 = 0.3;
/// The number of a question's words that are checked for misspellings.
const MAX_SPELL_CHECKED_WORDS: usize = 64;
/// How long to wait for the model before the question is answered without it.
pub(crate) const EMBED_DEADLINE: Duration = Duration::from_secs(10);
/// The maximum number of hits from documents without a version.
const MAX_UNVERSIONED: usize = 5;

/// One search, with everything that is known before the index is queried.
pub(crate) struct SearchPipeline<'a> {
    library: &'a Library,
    request: &'a SearchRequest,
    scope: Scope,
    state: IndexState,
    analysis: QuestionAnalysis,
    offset: usize,
    limit: usize,
    started: Instant,
}

/// The query for the index, and what happened while it was prepared.
struct PreparedQuery {
    query: CandidateQuery,
    mask: VocabularyMask,
    notices: Vec<String>,
    degraded: Option<String>,
}

/// A page of hits in one scope, before the chunks are read.
struct HitPage {
    hits: Vec<CollapsedHit>,
    has_more: bool,
    evidence: Option<Evidence>,
    /// Words that are probably misspelt, with the correction that was searched instead.
    corrections: Vec<(String, String)>,
    facets: BTreeMap<String, Vec<FacetCount>>,
    stages: StageTimer,
}

impl<'a> SearchPipeline<'a> {
    pub(crate) async fn new(
        library: &'a Library,
        request: &'a SearchRequest,
        visibility: &Visibility,
    ) -> Result<Self, QueryError> {
        let started = Instant::now();
        let limit = validate(request)?;
        let state = library.index.state().await?;
        let view: Arc<LibraryView> = library.view(&state, visibility).await?;

        let scope = Scope {
            filter: resolve::filter(request, &view)?,
            visibility: visibility.clone(),
        };

        let offset = match &request.cursor {
            Some(text) => cursor::decode(text, request, &state)?,
            None => 0,
        };
        let analysis = analyse(&request.q, &view);
        Ok(Self {
            library,
            request,
            scope,
            state,
            analysis,
            offset,
            limit,
            started,
        })
    }

    pub(crate) async fn run(self) -> Result<SearchAnswer, QueryError> {
        let mut stages = StageTimer::start();
        let prepared = self.prepare_query().await?;
        stages.lap("embed");

        // The confidence must not depend on the number of hits requested.
        let limit = if self.offset == 0 {
            self.limit.max(EVIDENCE_HITS)
        } else {
            self.limit
        };

        let found = self
            .find(&prepared, &self.scope, self.offset, limit)
            .await?;
        stages.add(&found.stages);
        let unversioned = match self.unversioned_scope() {
            Some(scope) => {
                let found = self
                    .find(&prepared, &scope, 0, self.limit.min(MAX_UNVERSIONED))
                    .await?;
                stages.add(&found.stages);
                self.write_out(found.hits, &scope).await?
            }
            None => Vec::new(),
        };

        let has_more = found.has_more || found.hits.len() > self.limit;
        let next_cursor =
            has_more.then(|| cursor::encode(self.request, &self.state, self.offset + self.limit));
        let mut hits = self.write_out(found.hits, &self.scope).await?;
        let (signals, no_answer) = self.confidence(found.evidence.as_ref(), &hits);

        let mut notices = prepared.notices;
        notices.extend(found.corrections.iter().map(|(word, correction)| {
            format!("Showing results for “{correction}”: “{word}” does not occur in the library")
        }));

        hits.truncate(self.limit);
        stages.lap("write");

        let mut reranked = None;
        if let Some(reranker) = self.library.reranker_for(self.request) {
            let outcome = reranker.reorder(&self.request.q, &mut hits).await;
            reranked = Some(outcome.is_ok());
            notices.extend(outcome.err());
            stages.lap("rerank");
        }

        Ok(SearchAnswer {
            hits,
            unversioned,
            facets: found.facets,
            next_cursor,
            degraded: prepared.degraded,
            confidence: signals.map(|signals| signals.probability()),
            signals: signals.filter(|_| self.request.explain),
            no_answer,
            reranked,
            notices,
            generation: self.state.generation,
            revision: self.state.revision,
            timings_ms: stages.milliseconds(self.started),
        })
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
        let (signals, absent) = evidence.signals(&self.request.q, &self.analysis, hits);
        (
            Some(signals),
            confidence::no_answer(&self.analysis, signals.probability(), absent),
        )
    }

    async fn prepare_query(&self) -> Result<PreparedQuery, QueryError> {
        let mode = self.request.mode;
        let mut prepared = PreparedQuery {
            query: CandidateQuery {
                exact: self.request.exact,
                ..CandidateQuery::default()
            },
            mask: VocabularyMask::default(),
            notices: Vec::new(),
            degraded: None,
        };

        if mode != Mode::Dense {
            prepared.query.keyword = self.keyword_texts();
            prepared.query.known_words = self.known_words()?;
            if self.scope.visibility != Visibility::Everything
                && let Some(own) = prepared.query.keyword.first_mut()
            {
                prepared.mask = VocabularyMask::new(
                    &own.text,
                    self.library.index.as_ref(),
                    &self.scope.visibility,
                )
                .await?;
                own.text.clone_from(&prepared.mask.text);
            }
        }

        if mode != Mode::Keyword {
            match self.embed().await {
                Ok((vector, truncated)) => {
                    prepared.query.dense = Some(vector);
                    if truncated {
                        prepared.notices.push(
                            "the question is too long for the model; the semantic search used only \
                             its beginning"
                                .to_owned(),
                        );
                    }
                }
                Err(error) if mode == Mode::Dense => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "answering without the dense list");
                    prepared.degraded = Some("dense unavailable".to_owned());
                }
            }
        }

        Ok(prepared)
    }

    /// Returns the question's vector, and whether the question was truncated.
    async fn embed(&self) -> Result<(Vec<f32>, bool), QueryError> {
        let question = self.library.embed.embed_question(&self.request.q);
        let embedding = tokio::time::timeout(EMBED_DEADLINE, question)
            .await
            .map_err(|_| {
                QueryError::Unavailable("the embedding model took too long".to_owned())
            })??;

        Ok((embedding.vector, embedding.truncated))
    }

    /// Returns the words of the question that must not be spell-checked: those that the model has
    /// as a single token, and those after the first [`MAX_SPELL_CHECKED_WORDS`], because a question
    /// that long is a pasted text.
    fn known_words(&self) -> Result<BTreeSet<String>, QueryError> {
        let mut known = BTreeSet::new();

        // A correction could be a word that occurs only in documents the caller may not see.
        let is_restricted = self.scope.visibility != Visibility::Everything;
        for (index, (word, _)) in terms::words(&self.request.q).enumerate() {
            if is_restricted || index >= MAX_SPELL_CHECKED_WORDS || self.is_known_word(word)? {
                known.insert(word.to_lowercase());
            }
        }

        Ok(known)
    }

    fn is_known_word(&self, word: &str) -> Result<bool, QueryError> {
        Ok(self.library.embed.token_ranges(word)?.len() == 1)
    }

    /// If a word was corrected to something that is not a known word either, returns all words
    /// except those corrected to known words. The search must be repeated without correcting them.
    fn without_doubtful_corrections(
        &self,
        lists: &Candidates,
    ) -> Result<Option<BTreeSet<String>>, QueryError> {
        let mut kept = BTreeSet::new();
        let mut has_doubtful = false;
        for QuestionWord {
            word, corrected_to, ..
        } in &lists.words
        {
            let is_misspelt = match corrected_to {
                Some(correction) => self.is_known_word(correction)?,
                None => false,
            };
            has_doubtful |= corrected_to.is_some() && !is_misspelt;
            if !is_misspelt {
                kept.insert(word.to_lowercase());
            }
        }

        Ok(has_doubtful.then_some(kept))
    }

    fn keyword_texts(&self) -> Vec<WeightedText> {
        let own = WeightedText {
            text: mcdewey_core::keyword_form(&self.request.q),
            weight: 1.0,
        };
        let other_names = self.analysis.other_names.iter().map(|name| WeightedText {
            text: name.clone(),
            weight: OTHER_NAME_WEIGHT,
        });

        std::iter::once(own).chain(other_names).collect()
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

    /// Queries the index, with greater depth if collapsing leaves too few hits, until the page is
    /// full. Hits that only a greater depth finds come after those ranked before them, so that all
    /// pages of a response are cut from the same ranking.
    async fn find(
        &self,
        prepared: &PreparedQuery,
        scope: &Scope,
        offset: usize,
        limit: usize,
    ) -> Result<HitPage, QueryError> {
        let mut query = prepared.query.clone();
        query.depth = FIRST_DEPTH;

        let mut stages = StageTimer::start();
        loop {
            stages.lap("fusion");
            let mut lists = self.library.index.candidates(&query, scope).await?;
            stages.lap("store");
            prepared.mask.unmask(&mut lists.words);

            if let Some(words) = self.without_doubtful_corrections(&lists)? {
                query.known_words.extend(words);
                continue;
            }

            let is_cut_off = [&lists.dense, &lists.keyword]
                .into_iter()
                .flatten()
                .any(|list| list.len() >= query.depth);
            let evidence = Evidence::from_candidates(&lists, self.state.chunks);
            let corrections = lists
                .words
                .iter()
                .filter_map(|word| Some((word.word.clone(), word.corrected_to.clone()?)))
                .collect();

            let ranking = self.rank(lists, query.depth).await?;
            if ranking.hits.len() <= offset + limit && is_cut_off && query.depth < MAX_DEPTH {
                query.depth *= DEPTH_FACTOR;
                continue;
            }

            let has_more = ranking.hits.len() > offset + limit;
            let hits = ranking.hits.into_iter().skip(offset).take(limit).collect();
            stages.lap("fusion");

            return Ok(HitPage {
                hits,
                has_more,
                evidence,
                corrections,
                facets: ranking.facets,
                stages,
            });
        }
    }

    /// Ranks the lists; long ones on a blocking thread.
    async fn rank(&self, lists: Candidates, depth: usize) -> Result<Ranking, QueryError> {
        let (fusion, preference) = (self.library.fusion, self.analysis.preference.clone());
        let group = self.request.group;
        if depth <= FIRST_DEPTH {
            return Ok(rank(&lists, depth, fusion, &preference, group));
        }

        tokio::task::spawn_blocking(move || rank(&lists, depth, fusion, &preference, group))
            .await
            .map_err(|error| QueryError::Internal(error.to_string()))
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
        let chunks = self.library.index.chunks(&ids, scope).await?;
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

            let mut hit = present::hit(chunk, &stems, &self.library.public_url);
            hit.score = collapsed.shown.score;
            hit.also_in = collapsed
                .also_in
                .into_iter()
                .map(present::also_in)
                .collect();
            hit.explain = self.request.explain.then_some(collapsed.shown.explanation);
            hits.push(hit);
        }

        Ok(hits)
    }
}

/// All hits of the lists in one ranking, with the facet counts of the first depth.
struct Ranking {
    hits: Vec<CollapsedHit>,
    facets: BTreeMap<String, Vec<FacetCount>>,
}

/// Ranks the candidates of the first depth, then those that each greater depth adds.
fn rank(
    lists: &Candidates,
    depth: usize,
    fusion: Fusion,
    preference: &Preference,
    group: Option<Group>,
) -> Ranking {
    let mut ranking = Ranking {
        hits: Vec::new(),
        facets: BTreeMap::new(),
    };
    let mut seen = HashSet::new();

    let mut current_depth = FIRST_DEPTH;
    loop {
        let fused = fuse(
            &truncated(lists, current_depth),
            current_depth,
            fusion,
            preference,
        );
        let hits = collapse(fused, &preference.versions, fusion.scale());
        if current_depth == FIRST_DEPTH {
            ranking.facets = facets::count(&hits);
        }

        // Candidates of a greater depth may be near duplicates of chunks ranked before.
        for hit in hits {
            let is_new = !hit.passage_hashes().any(|hash| seen.contains(&hash));
            seen.extend(hit.passage_hashes());
            if is_new {
                ranking.hits.push(hit);
            }
        }

        if current_depth >= depth {
            break;
        }

        current_depth *= DEPTH_FACTOR;
    }

    if group == Some(Group::Page) {
        ranking.hits = group_by_page(ranking.hits);
    }

    ranking
}

/// Returns the lists as a query of this depth returns them.
fn truncated(lists: &Candidates, depth: usize) -> Candidates {
    Candidates {
        dense: first_candidates(lists.dense.as_deref(), depth),
        keyword: first_candidates(lists.keyword.as_deref(), depth),
        words: Vec::new(),
        ..*lists
    }
}

fn first_candidates(list: Option<&[Candidate]>, depth: usize) -> Option<Vec<Candidate>> {
    list.map(|list| list[..list.len().min(depth)].to_vec())
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

#[cfg(test)]
mod tests;
