//! One question on its way: read, embedded, looked up, fused, collapsed, cut, written out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::{
    Candidate, CandidateQuery, Candidates, Chunk, ChunkId, IndexState, QuestionWord, Scope,
    VersionFilter, Visibility, WeightedText,
};

use crate::search::aliases::{self, Reading};
use crate::search::collapse::{Collapsed, collapse, group_by_page};
use crate::search::confidence::{self, EVIDENCE, Evidence};
use crate::search::fusion::{Fusion, Preference, fuse};
use crate::search::vocabulary_mask::VocabularyMask;
use crate::search::{cursor, facets, resolve, terms};
use crate::stages::Stages;
use crate::view::LibraryView;
use crate::{
    DEFAULT_LIMIT, Group, Hit, Library, MAX_LIMIT, MAX_QUESTION_BYTES, Mode, NoAnswer, QueryError,
    SearchAnswer, SearchRequest, Signals, present,
};

/// Candidates asked of each list at first: enough for ten distinct passages when each stands in five releases.
const FIRST_DEPTH: usize = 200;
/// How much deeper each further try looks.
const DEEPER: usize = 4;
/// No list is asked for more than this.
const MAX_DEPTH: usize = 12_800;
/// How much the other names of a thing count beside the question's own words.
const OTHER_NAME_WEIGHT: f32 = 0.3;
/// Words of a question that are looked at for slips.
const SPELLED_WORDS: usize = 64;
/// How long the model may take before the question is answered without it.
pub(crate) const EMBED_DEADLINE: Duration = Duration::from_secs(10);
/// Most passages shown of documents that name no release.
const MAX_UNVERSIONED: usize = 5;

/// A question with all that is known about it before the lists are asked for.
pub(crate) struct Question<'a> {
    library: &'a Library,
    request: &'a SearchRequest,
    scope: Scope,
    state: IndexState,
    reading: Reading,
    offset: usize,
    limit: usize,
    started: Instant,
}

/// What the lists are asked with.
struct Lookup {
    query: CandidateQuery,
    veil: VocabularyMask,
    notices: Vec<String>,
    degraded: Option<String>,
}

/// The hits of one scope before they are written out.
struct Found {
    page: Vec<Collapsed>,
    more: bool,
    evidence: Option<Evidence>,
    /// Words that were taken for slips, with what was searched in their place.
    taken: Vec<(String, String)>,
    facets: BTreeMap<String, Vec<crate::FacetCount>>,
    stages: Stages,
}

impl<'a> Question<'a> {
    pub(crate) async fn new(
        library: &'a Library,
        request: &'a SearchRequest,
        visibility: &Visibility,
    ) -> Result<Self, QueryError> {
        let started = Instant::now();
        let limit = check(request)?;
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
        let reading = aliases::read(&request.q, &view);
        Ok(Self {
            library,
            request,
            scope,
            state,
            reading,
            offset,
            limit,
            started,
        })
    }

    pub(crate) async fn answer(self) -> Result<SearchAnswer, QueryError> {
        let mut stages = Stages::begin();
        let lookup = self.lookup().await?;
        stages.lap("embed");

        let limit = if self.offset == 0 {
            self.limit.max(EVIDENCE)
        } else {
            self.limit
        };

        let found = self.find(&lookup, &self.scope, self.offset, limit).await?;
        stages.add(&found.stages);
        let unversioned = match self.unversioned_scope() {
            Some(scope) => {
                let found = self
                    .find(&lookup, &scope, 0, self.limit.min(MAX_UNVERSIONED))
                    .await?;
                stages.add(&found.stages);
                self.write_out(found.page, &scope).await?
            }
            None => Vec::new(),
        };

        let more = found.more || found.page.len() > self.limit;
        let next_cursor =
            more.then(|| cursor::encode(self.request, &self.state, self.offset + self.limit));
        let mut hits = self.write_out(found.page, &self.scope).await?;
        let (signals, no_answer) = self.judge(found.evidence.as_ref(), &hits);
        let mut notices = lookup.notices;

        notices.extend(
            found
                .taken
                .iter()
                .map(|(word, meant)| format!("“{word}” is nowhere here; “{meant}” was searched")),
        );

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
            degraded: lookup.degraded,
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

    /// How likely the first hits hold an answer, and what to say when they do not.
    fn judge(
        &self,
        evidence: Option<&Evidence>,
        hits: &[Hit],
    ) -> (Option<Signals>, Option<NoAnswer>) {
        let Some(evidence) = evidence.filter(|_| self.offset == 0) else {
            return (None, None);
        };
        let (signals, absent) = evidence.weigh(&self.request.q, &self.reading, hits);
        (
            Some(signals),
            confidence::no_answer(&self.reading, signals.probability(), absent),
        )
    }

    async fn lookup(&self) -> Result<Lookup, QueryError> {
        let mode = self.request.mode;
        let mut lookup = Lookup {
            query: CandidateQuery {
                exact: self.request.exact,
                ..CandidateQuery::default()
            },
            veil: VocabularyMask::default(),
            notices: Vec::new(),
            degraded: None,
        };

        if mode != Mode::Dense {
            lookup.query.keyword = self.keyword_texts();
            lookup.query.known_words = self.known_words()?;
            if self.scope.visibility != Visibility::Everything
                && let Some(own) = lookup.query.keyword.first_mut()
            {
                lookup.veil = VocabularyMask::over(
                    &own.text,
                    self.library.index.as_ref(),
                    &self.scope.visibility,
                )
                .await?;
                own.text.clone_from(&lookup.veil.text);
            }
        }

        if mode != Mode::Keyword {
            match self.embed().await {
                Ok((vector, truncated)) => {
                    lookup.query.dense = Some(vector);
                    if truncated {
                        lookup.notices.push(
                            "the question is longer than the model reads; its end was not used for \
                                             the search by meaning"
                                .to_owned(),
                        );
                    }
                }
                Err(error) if mode == Mode::Dense => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "answering without the dense list");
                    lookup.degraded = Some("dense unavailable".to_owned());
                }
            }
        }

        Ok(lookup)
    }

    async fn embed(&self) -> Result<(Vec<f32>, bool), QueryError> {
        let question = self.library.embed.question(&self.request.q);
        let embedding = tokio::time::timeout(EMBED_DEADLINE, question)
            .await
            .map_err(|_| {
                QueryError::Unavailable("the embedding model took too long".to_owned())
            })??;

        Ok((embedding.vector, embedding.truncated))
    }

    /// The words of the question that are no slips of others: the model has them as they are. Behind the first ones a
    /// question is a pasted text and not looked through.
    fn known_words(&self) -> Result<BTreeSet<String>, QueryError> {
        let mut known = BTreeSet::new();

        // What a word is taken for may stand in what the asker may not see.
        let limited = self.scope.visibility != Visibility::Everything;
        for (place, (word, _)) in terms::words(&self.request.q).enumerate() {
            if limited || place >= SPELLED_WORDS || self.is_known_word(word)? {
                known.insert(word.to_lowercase());
            }
        }

        Ok(known)
    }

    fn is_known_word(&self, word: &str) -> Result<bool, QueryError> {
        Ok(self.library.embed.tokens(word)?.len() == 1)
    }

    /// When a word was taken for a slip of what is no word either: all words but those taken for slips of words.
    fn without_doubtful(&self, lists: &Candidates) -> Result<Option<BTreeSet<String>>, QueryError> {
        let mut kept = BTreeSet::new();
        let mut doubtful = false;
        for QuestionWord {
            word, taken_for, ..
        } in &lists.words
        {
            let is_slip = match taken_for {
                Some(meant) => self.is_known_word(meant)?,
                None => false,
            };
            doubtful |= taken_for.is_some() && !is_slip;
            if !is_slip {
                kept.insert(word.to_lowercase());
            }
        }

        Ok(doubtful.then_some(kept))
    }

    fn keyword_texts(&self) -> Vec<WeightedText> {
        let own = WeightedText {
            text: mcdewey_core::keyword_form(&self.request.q),
            weight: 1.0,
        };
        let others = self.reading.other_names.iter();
        let others = others.map(|name| WeightedText {
            text: name.clone(),
            weight: OTHER_NAME_WEIGHT,
        });

        std::iter::once(own).chain(others).collect()
    }

    /// With a version filter: the documents that name no release, unless the asker wants none.
    fn unversioned_scope(&self) -> Option<Scope> {
        let limited = self.scope.filter.version != VersionFilter::Any;
        (limited && !self.request.strict && self.offset == 0).then(|| {
            let mut scope = self.scope.clone();
            scope.filter.version = VersionFilter::Unversioned;
            scope
        })
    }

    /// Asks the lists, deeper when equal passages leave too few, until the page of hits is full. What a deeper look
    /// brings comes behind what was ranked before it, so that all pages of one answer are cut from one ranking.
    async fn find(
        &self,
        lookup: &Lookup,
        scope: &Scope,
        offset: usize,
        limit: usize,
    ) -> Result<Found, QueryError> {
        let mut query = lookup.query.clone();
        query.depth = FIRST_DEPTH;

        let mut stages = Stages::begin();
        loop {
            stages.lap("fusion");
            let mut lists = self.library.index.candidates(&query, scope).await?;
            stages.lap("store");
            lookup.veil.lift(&mut lists.words);

            if let Some(known) = self.without_doubtful(&lists)? {
                query.known_words.extend(known);
                continue;
            }

            let full = [&lists.dense, &lists.keyword]
                .into_iter()
                .flatten()
                .any(|list| list.len() >= query.depth);
            let evidence = Evidence::of(&lists, self.state.chunks);
            let slip = |word: &QuestionWord| Some((word.word.clone(), word.taken_for.clone()?));
            let taken = lists.words.iter().filter_map(slip).collect();

            let ranked = self.rank(lists, query.depth).await?;
            if ranked.hits.len() <= offset + limit && full && query.depth < MAX_DEPTH {
                query.depth *= DEEPER;
                continue;
            }

            let more = ranked.hits.len() > offset + limit;
            let page = ranked.hits.into_iter().skip(offset).take(limit).collect();
            stages.lap("fusion");

            return Ok(Found {
                page,
                more,
                evidence,
                taken,
                facets: ranked.facets,
                stages,
            });
        }
    }

    /// Long lists are ranked off the runtime.
    async fn rank(&self, lists: Candidates, depth: usize) -> Result<Ranked, QueryError> {
        let (fusion, preference) = (self.library.fusion, self.reading.preference.clone());
        let group = self.request.group;

        let work = move || rank(&lists, depth, fusion, &preference, group);
        if depth <= FIRST_DEPTH {
            return Ok(work());
        }

        let broken = |error: tokio::task::JoinError| QueryError::Internal(error.to_string());
        tokio::task::spawn_blocking(work).await.map_err(broken)
    }

    async fn write_out(
        &self,
        found: Vec<Collapsed>,
        scope: &Scope,
    ) -> Result<Vec<Hit>, QueryError> {
        let ids: Vec<ChunkId> = found
            .iter()
            .map(|one| one.shown.candidate.chunk_id.clone())
            .collect();
        let chunks = self.library.index.chunks(&ids, scope).await?;
        let mut chunks: HashMap<ChunkId, Chunk> = chunks
            .into_iter()
            .map(|chunk| (chunk.chunk_id.clone(), chunk))
            .collect();
        let stems: HashSet<String> = terms::content_stems(&self.request.q);

        let mut hits = Vec::with_capacity(found.len());
        for one in found {
            // A document replaced since the lists were made may have lost the passage: then it is no hit any more.
            let Some(chunk) = chunks.remove(&one.shown.candidate.chunk_id) else {
                continue;
            };

            if chunk.passage_hash != one.shown.candidate.passage_hash {
                continue;
            }

            let mut hit = present::hit(chunk, &stems, &self.library.public_url);
            hit.score = one.shown.score;
            hit.also_in = one.also_in.into_iter().map(present::also_in).collect();
            hit.explain = self.request.explain.then_some(one.shown.explanation);
            hits.push(hit);
        }

        Ok(hits)
    }
}

/// All hits of the lists, in one ranking, with the counts of the first look.
struct Ranked {
    hits: Vec<Collapsed>,
    facets: BTreeMap<String, Vec<crate::FacetCount>>,
}

/// Ranks the first depth, then what each greater depth adds.
fn rank(
    lists: &Candidates,
    depth: usize,
    fusion: Fusion,
    preference: &Preference,
    group: Option<Group>,
) -> Ranked {
    let mut ranked = Ranked {
        hits: Vec::new(),
        facets: BTreeMap::new(),
    };
    let mut seen = HashSet::new();

    let mut rung = FIRST_DEPTH;
    loop {
        let fused = fuse(&cut(lists, rung), rung, fusion, preference);
        let hits = collapse(fused, &preference.versions, fusion.scale());
        if rung == FIRST_DEPTH {
            ranked.facets = facets::count(&hits);
        }

        // Together with what a deeper look brings, a passage may be nearly equal to one shown already.
        for hit in hits {
            let is_new = !hit.passages().any(|passage| seen.contains(&passage));
            seen.extend(hit.passages());
            if is_new {
                ranked.hits.push(hit);
            }
        }

        if rung >= depth {
            break;
        }

        rung *= DEEPER;
    }

    if group == Some(Group::Page) {
        ranked.hits = group_by_page(ranked.hits);
    }

    ranked
}

/// The lists as a look of this depth finds them.
fn cut(lists: &Candidates, depth: usize) -> Candidates {
    let head = |list: &Option<Vec<Candidate>>| {
        list.as_ref()
            .map(|list| list[..list.len().min(depth)].to_vec())
    };

    Candidates {
        dense: head(&lists.dense),
        keyword: head(&lists.keyword),
        words: Vec::new(),
        ..*lists
    }
}

/// Checks what does not depend on the library; gives the limit.
fn check(request: &SearchRequest) -> Result<usize, QueryError> {
    let refuse = |message: String| Err(QueryError::InvalidRequest(message));
    if request.q.trim().is_empty() {
        return refuse("q is empty; ask a question, such as q=barge state in CCX".to_owned());
    }

    if request.q.len() > MAX_QUESTION_BYTES {
        return refuse(format!(
            "q has {} bytes; at most {MAX_QUESTION_BYTES} are allowed",
            request.q.len()
        ));
    }

    let limit = request.limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        return refuse(format!("limit is {limit}; 1 to {MAX_LIMIT} are allowed"));
    }

    Ok(limit)
}

#[cfg(test)]
mod tests {
    use mcdewey_core::testing::{FakeEmbed, MemoryIndex, SampleDocument};
    use mcdewey_core::{Embed, Index};

    use super::*;

    /// More passages than the first look brings, half of them without the question's word.
    async fn large_library() -> Library {
        let embed = Arc::new(FakeEmbed::new(&["barge", "call"]));
        let index = Arc::new(MemoryIndex::new());
        for number in 0..FIRST_DEPTH * 2 {
            let text = if number % 2 == 0 {
                format!("barge {number}")
            } else {
                format!("call {number} call")
            };
            let document = SampleDocument::new(&format!("p/{number}.md")).page(1, &[text.as_str()]);
            index.commit(document.build(&embed)).await.unwrap();
        }

        Library::new(index, embed as Arc<dyn Embed>, "")
    }

    #[tokio::test]
    async fn the_cursors_of_a_large_library_lead_to_every_passage_once() {
        let library = large_library().await;
        for mode in Mode::ALL {
            let q = "barge call".to_owned();
            let mut request = SearchRequest {
                q,
                mode,
                limit: Some(MAX_LIMIT),
                ..SearchRequest::default()
            };

            let mut found = Vec::new();
            loop {
                let answer = library
                    .search(&request, &Visibility::Everything)
                    .await
                    .unwrap();
                found.extend(answer.hits.into_iter().map(|hit| hit.chunk_id));
                request.cursor = answer.next_cursor;

                if request.cursor.is_none() {
                    break;
                }
            }

            let different: HashSet<&String> = found.iter().collect();
            assert_eq!(
                (found.len(), different.len()),
                (FIRST_DEPTH * 2, FIRST_DEPTH * 2),
                "{mode:?}"
            );
        }
    }

    #[tokio::test]
    async fn ten_hits_are_ten_passages_where_every_passage_is_in_three_releases() {
        let embed = Arc::new(FakeEmbed::new(&["barge", "call"]));
        let index = Arc::new(MemoryIndex::new());

        // 25 words a passage, of which one differs between the releases.
        let text = |passage: usize, release: &str| {
            let words: Vec<String> = (0..24)
                .map(|word| format!("word{passage}x{word}"))
                .collect();
            format!("barge {} since{release}", words.join(" "))
        };

        for release in ["11", "12", "15"] {
            let texts: Vec<String> = (0..20).map(|passage| text(passage, release)).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let document = SampleDocument::new(&format!("p/{release}/guide.md"))
                .title("Guide")
                .version(release);

            index
                .commit(document.page(1, &texts).build(&embed))
                .await
                .unwrap();
        }

        let library = Library::new(index, embed as Arc<dyn Embed>, "");
        let request = SearchRequest {
            q: "barge".to_owned(),
            ..SearchRequest::default()
        };

        let answer = library
            .search(&request, &Visibility::Everything)
            .await
            .unwrap();

        let different: HashSet<&str> = answer
            .hits
            .iter()
            .map(|hit| hit.text.split(" since").next().unwrap())
            .collect();

        assert_eq!((answer.hits.len(), different.len()), (10, 10));
        for hit in &answer.hits {
            assert_eq!(hit.version.as_deref(), Some("15"), "the latest is shown");
            assert!(
                hit.also_in.len() == 2 && hit.also_in.iter().all(|also| also.differs),
                "{:?}",
                hit.also_in
            );
        }
    }

    #[tokio::test]
    async fn few_hits_are_judged_like_many() {
        let library = large_library().await;
        let ask = async |limit| {
            let request = SearchRequest {
                q: "barge call".to_owned(),
                limit: Some(limit),
                ..SearchRequest::default()
            };

            library
                .search(&request, &Visibility::Everything)
                .await
                .unwrap()
        };

        let (one, ten) = (ask(1).await, ask(10).await);
        assert_eq!(one.hits.len(), 1);
        assert!(one.confidence.is_some());
        assert_eq!(one.confidence, ten.confidence);

        let next = SearchRequest {
            q: "barge call".to_owned(),
            limit: Some(1),
            cursor: one.next_cursor,
            ..SearchRequest::default()
        };

        let next = library
            .search(&next, &Visibility::Everything)
            .await
            .unwrap();
        assert_eq!(next.hits[0].chunk_id, ten.hits[1].chunk_id);
        assert_eq!(
            next.confidence, None,
            "only the first page says how sure it is"
        );
    }
}
