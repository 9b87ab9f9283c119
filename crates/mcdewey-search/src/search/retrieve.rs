//! Queries the index until a page of hits is full, and ranks what it finds.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use mcdewey_core::{Candidate, CandidateQuery, Candidates, ChunkId, Facet, QuestionWord, Scope};

use super::SearchPipeline;
use super::prepare::PreparedQuery;
use crate::question::terms;
use crate::ranking::collapse::{CollapsedHit, collapse, count_pages, group_by_page};
use crate::ranking::facets::{self, FacetCount};
use crate::ranking::fusion::{Fusion, Preference, fuse};
use crate::results::confidence::Evidence;
use crate::results::timings::StageTimer;
use crate::{Group, QueryError};

/// The number of candidates first requested of each list: enough for ten distinct chunks if each
/// occurs in five versions.
pub(super) const FIRST_DEPTH: usize = 200;
/// The number requested if few passages are allowed.
const NARROW_DEPTH: usize = 3_200;
/// The factor by which each further attempt increases the depth.
const DEPTH_FACTOR: usize = 4;
/// The maximum number of candidates requested of each list.
const MAX_DEPTH: usize = 12_800;

/// What was found in one scope, before the chunks are read.
pub(super) struct Found {
    pub(super) ranking: Ranking,
    pub(super) evidence: Option<Evidence>,
    /// Words that are probably misspelt, with the correction that was searched instead.
    pub(super) corrections: Vec<(String, String)>,
    /// The quoted phrases that no passage has.
    pub(super) missing_phrases: Vec<String>,
    /// If no passage has all names of the question: the passages with each.
    pub(super) with_each_name: Vec<HashSet<ChunkId>>,
    pub(super) stages: StageTimer,
}

impl Found {
    /// The best hits, at most `size`, the same for every page and limit of a question.
    pub(super) fn pool(&mut self, size: usize) -> &mut [CollapsedHit] {
        &mut self.ranking.hits[..size.min(self.ranking.of_first_depth)]
    }

    /// The first hits, ungrouped.
    pub(super) fn first(&self, count: usize) -> Vec<CollapsedHit> {
        self.ranking.hits.iter().take(count).cloned().collect()
    }

    /// Cuts out a page of hits; the flag tells whether more follow.
    pub(super) fn into_page(
        self,
        group: Option<Group>,
        page: Range<usize>,
    ) -> (Vec<CollapsedHit>, bool) {
        let hits = match group {
            Some(Group::Page) => group_by_page(self.ranking.hits),
            None => self.ranking.hits,
        };

        let has_more = hits.len() > page.end;
        let hits = hits.into_iter().skip(page.start).take(page.len()).collect();
        (hits, has_more)
    }
}

impl SearchPipeline<'_> {
    /// Queries the index, with greater depth if collapsing leaves too few hits, until there are more
    /// than `needed`. Hits that only a greater depth finds come after those ranked before them, so
    /// that all pages of a response are cut from the same ranking. `keyword_list` is the keyword list
    /// of this scope at the first depth, if there is one already.
    pub(super) async fn find(
        &self,
        prepared: &PreparedQuery,
        mut keyword_list: Option<Candidates>,
        scope: &Scope,
        needed: usize,
    ) -> Result<Found, QueryError> {
        let mut query = prepared.query.clone();
        query.depth = FIRST_DEPTH;

        let mut stages = StageTimer::start();
        let allowed = self.allowed(scope).await?;
        if allowed.is_narrow() {
            query.depth = NARROW_DEPTH;
            keyword_list = None;
        }
        let named = self.named_passages(scope).await?;
        let preference = Preference {
            passages: named.with_all,
            ..self.analysis.preference.clone()
        };
        stages.lap("store");

        let mut is_corrected = false;
        loop {
            stages.lap("fusion");
            let mut lists = match keyword_list.take() {
                Some(list) => self.with_dense_list(list, &query, scope).await?,
                None => self.snapshot.reader().candidates(&query, scope).await?,
            };
            stages.lap("store");
            prepared.mask.unmask(&mut lists.words);

            if let Some(words) = self.without_doubtful_corrections(&lists).await? {
                query.known_words.extend(words);
                continue;
            }

            let is_cut_off = [&lists.dense, &lists.keyword]
                .into_iter()
                .flatten()
                .any(|list| list.len() >= query.depth);
            let evidence = Evidence::from_candidates(&lists, self.snapshot.state().chunks);
            let corrections: Vec<(String, String)> = lists
                .words
                .iter()
                .filter_map(|word| Some((word.word.clone(), word.corrected_to.clone()?)))
                .collect();

            // The model compares what was meant, too. If it fails now, what it made of the question
            // as it was written stands.
            if query.dense.is_some() && !is_corrected && !corrections.is_empty() {
                is_corrected = true;
                let meant = with_corrections(&self.analysis.searched, &corrections);
                if let Ok((vector, _)) = self.embed(&meant).await {
                    query.dense = Some(vector);
                    continue;
                }
            }

            allowed.retain(&mut lists);
            let ranking = self.rank(lists, query.depth, &preference).await?;
            let hits = match self.request.group {
                Some(Group::Page) => count_pages(&ranking.hits),
                None => ranking.hits.len(),
            };
            let may_go_deeper = is_cut_off && query.depth < MAX_DEPTH && !allowed.is_narrow();
            if hits <= needed && may_go_deeper {
                query.depth *= DEPTH_FACTOR;
                continue;
            }

            stages.lap("fusion");
            return Ok(Found {
                ranking,
                evidence,
                corrections,
                missing_phrases: allowed.missing,
                with_each_name: named.with_each,
                stages,
            });
        }
    }

    /// Adds the dense list to the keyword list.
    async fn with_dense_list(
        &self,
        keyword_list: Candidates,
        query: &CandidateQuery,
        scope: &Scope,
    ) -> Result<Candidates, QueryError> {
        if query.dense.is_none() {
            return Ok(keyword_list);
        }

        let query = CandidateQuery {
            keyword: Vec::new(),
            ..query.clone()
        };
        let Candidates { dense, .. } = self.snapshot.reader().candidates(&query, scope).await?;
        Ok(Candidates {
            dense,
            ..keyword_list
        })
    }

    /// Ranks the lists; long ones on a blocking thread.
    async fn rank(
        &self,
        lists: Candidates,
        depth: usize,
        preference: &Preference,
    ) -> Result<Ranking, QueryError> {
        let fusion = self.snapshot.library.fusion;
        if depth <= FIRST_DEPTH {
            return Ok(rank(&lists, depth, fusion, preference));
        }

        let preference = preference.clone();
        tokio::task::spawn_blocking(move || rank(&lists, depth, fusion, &preference))
            .await
            .map_err(|error| QueryError::Internal(error.to_string()))
    }

    /// If a word was corrected to something that is not a known word either, returns all words
    /// except those corrected to known words. The search must be repeated without correcting them.
    async fn without_doubtful_corrections(
        &self,
        lists: &Candidates,
    ) -> Result<Option<BTreeSet<String>>, QueryError> {
        let corrections: Vec<String> = lists
            .words
            .iter()
            .filter_map(|word| word.corrected_to.clone())
            .collect();
        let known = self.single_tokens(corrections.clone()).await?;

        let has_doubtful = corrections
            .iter()
            .any(|correction| !known.contains(correction));
        Ok(has_doubtful.then(|| {
            lists
                .words
                .iter()
                .filter(|word| !is_corrected_to(word, &known))
                .map(|word| word.word.to_lowercase())
                .collect()
        }))
    }
}

/// Returns a question with its misspelt words replaced.
pub(super) fn with_corrections(question: &str, corrections: &[(String, String)]) -> String {
    let mut corrected = String::with_capacity(question.len());
    let mut written = 0;
    for (word, range) in terms::words(question) {
        let correction = corrections
            .iter()
            .find(|(wrong, _)| wrong.eq_ignore_ascii_case(word));
        if let Some((_, correction)) = correction {
            corrected.push_str(&question[written..range.start]);
            corrected.push_str(correction);
            written = range.end;
        }
    }

    corrected.push_str(&question[written..]);
    corrected
}

/// Reports whether the word was corrected to one of these.
fn is_corrected_to(word: &QuestionWord, known: &BTreeSet<String>) -> bool {
    word.corrected_to
        .as_ref()
        .is_some_and(|correction| known.contains(correction))
}

/// All hits of the lists in one ranking, with the facet counts of the first depth.
pub(super) struct Ranking {
    pub(super) hits: Vec<CollapsedHit>,
    /// How many of the hits, the first ones, are from the first depth.
    of_first_depth: usize,
    pub(super) facets: BTreeMap<Facet, Vec<FacetCount>>,
}

/// Ranks the candidates of the first depth, then those that each greater depth adds.
fn rank(lists: &Candidates, depth: usize, fusion: Fusion, preference: &Preference) -> Ranking {
    let mut ranking = Ranking {
        hits: Vec::new(),
        of_first_depth: 0,
        facets: BTreeMap::new(),
    };
    let mut seen = HashSet::new();

    let mut current_depth = FIRST_DEPTH;
    loop {
        let fused = if is_longer(lists, current_depth) {
            let lists = truncated(lists, current_depth);
            fuse(&lists, current_depth, fusion, preference)
        } else {
            fuse(lists, current_depth, fusion, preference)
        };
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

        if current_depth == FIRST_DEPTH {
            ranking.of_first_depth = ranking.hits.len();
        }

        if current_depth >= depth {
            return ranking;
        }

        current_depth *= DEPTH_FACTOR;
    }
}

/// Reports whether one of the lists has more candidates than a query of this depth returns.
fn is_longer(lists: &Candidates, depth: usize) -> bool {
    [&lists.dense, &lists.keyword]
        .into_iter()
        .flatten()
        .any(|list| list.len() > depth)
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
