//! The two ranked lists for a question, both from one request: the server finds points, the replica
//! of the catalogue decides which of them are live and in scope, and scores and order are made
//! exact.

use std::collections::{BTreeMap, BTreeSet};

use mcdewey_core::{CandidateQuery, Candidates, IndexError, Scope};
use qdrant_client::qdrant::{
    Filter, PayloadIncludeSelector, Query, QueryPoints, QueryPointsBuilder, ScoredPoint,
    SearchParamsBuilder, VectorInput, VectorsSelector,
};
use qdrant_edge::SparseVector;

use super::collection;
use super::point::{self, CANDIDATE_FIELDS, DENSE, KEYWORD};
use super::server_error::ServerError;
use super::shared::{Found, Pin, PinnedReplica, Shared};
use crate::facets::{self, PushdownFilter};
use crate::ranking::{self, DEEPER};

/// A point that is live and in scope, with its keyword vector in the keyword list.
type Hit = ranking::Hit<Option<SparseVector>>;

/// Returns the lists that a query asks for, all from one revision of the library: the pinned one,
/// unless another process has changed the library since.
pub(super) async fn candidates(
    shared: &Shared,
    pin: &Pin,
    query: &CandidateQuery,
    scope: &Scope,
) -> Result<Candidates, IndexError> {
    ranking::check_vector(query, shared.dimensions)?;
    let PushdownFilter::Points(clauses) = facets::pushdown_filter(scope) else {
        return Ok(ranking::no_candidates(query));
    };
    let filter = collection::filter_from_clauses(&clauses);
    let filter = filter.as_ref();

    shared
        .read_pinned(pin, |replica| async move {
            run(shared, &replica, query, scope, filter)
                .await
                .map(Found::perhaps_incomplete)
        })
        .await
        .map_err(|error| shared.to_index_error(error))
}

/// Returns the words that occur in a chunk that is live and in scope, all from one request.
pub(super) async fn occurring_words(
    shared: &Shared,
    pin: &Pin,
    words: &[String],
    scope: &Scope,
) -> Result<BTreeSet<String>, IndexError> {
    let PushdownFilter::Points(clauses) = facets::pushdown_filter(scope) else {
        return Ok(BTreeSet::new());
    };
    let filter = collection::filter_from_clauses(&clauses);
    let filter = filter.as_ref();

    shared
        .read_pinned(pin, |replica| async move {
            let search = Search {
                shared,
                replica: &replica,
                scope,
                filter,
                depth: 1,
            };
            search.occurring(words).await
        })
        .await
        .map_err(|error| shared.to_index_error(error))
}

async fn run(
    shared: &Shared,
    replica: &PinnedReplica,
    query: &CandidateQuery,
    scope: &Scope,
    filter: Option<&Filter>,
) -> Result<Candidates, ServerError> {
    let empty = ranking::no_candidates(query);
    if query.depth == 0 {
        return Ok(empty);
    }

    let languages = replica.languages();
    let weights = ranking::weigh_words(
        &**replica,
        shared.bm25.question_words(&query.keyword, &languages)?,
        &shared.bm25,
        &query.known_words,
    )?;

    let search = Search {
        shared,
        replica,
        scope,
        filter,
        depth: query.depth,
    };

    let dense_query = query.dense.clone().map(|vector| VectorQuery::Dense {
        vector,
        exact: query.exact,
    });
    let keyword_query = (!weights.tokens.is_empty())
        .then(|| ranking::query_vector(&weights.tokens))
        .transpose()?
        .map(VectorQuery::Keyword);

    let [dense, keyword] = search.hits([dense_query, keyword_query]).await?;
    let keyword = keyword.map(|hits| rescored(hits, &weights.tokens, query.depth));

    // A list that was asked for is present even when it is empty.
    Ok(Candidates {
        dense: dense
            .map(|hits| ranking::top_candidates(hits, query.depth))
            .or(empty.dense),
        keyword: keyword
            .map(|hits| ranking::top_candidates(hits, query.depth))
            .or(empty.keyword),
        keyword_ceiling: weights.ceiling,
        keyword_unit: weights.unit,
        words: weights.words,
    })
}

enum VectorQuery {
    /// Points near this vector.
    Dense { vector: Vec<f32>, exact: bool },
    /// Points with these words.
    Keyword(SparseVector),
}

/// One search in one revision of the library.
struct Search<'a> {
    shared: &'a Shared,
    replica: &'a PinnedReplica,
    scope: &'a Scope,
    filter: Option<&'a Filter>,
    depth: usize,
}

impl Search<'_> {
    /// Returns all hits that may belong to each list, requesting more points until no other can.
    async fn hits(
        &self,
        lists: [Option<VectorQuery>; 2],
    ) -> Result<[Option<Vec<Hit>>; 2], ServerError> {
        let mut limit = ranking::first_limit(self.depth);
        let mut results: [Option<Vec<Hit>>; 2] = [None, None];
        let mut incomplete: Vec<usize> = (0..lists.len())
            .filter(|list| lists[*list].is_some())
            .collect();

        while !incomplete.is_empty() {
            let queries = incomplete
                .iter()
                .filter_map(|list| lists[*list].as_ref())
                .map(|query| self.request(query, limit));

            let batch = match self.shared.points.query(queries.collect()).await {
                // The library was never written to.
                Err(ServerError::NoCollection) => vec![Vec::new(); incomplete.len()],
                batch => batch?,
            };

            let mut still_incomplete = Vec::new();
            for (list, found) in incomplete.into_iter().zip(batch) {
                let (count, worst) = (found.len(), found.last().map(|point| point.score));
                let hits = self.live(found)?;
                if count >= limit && !ranking::is_complete(&hits, worst, self.depth) {
                    still_incomplete.push(list);
                }
                results[list] = Some(hits);
            }

            incomplete = still_incomplete;
            limit = limit.saturating_mul(DEEPER);
        }

        Ok(results)
    }

    /// Finds the words that have a hit, requesting more points for those of which only dead ones
    /// were found.
    async fn occurring(&self, words: &[String]) -> Result<Found<BTreeSet<String>>, ServerError> {
        let languages = self.replica.languages();
        let mut pending =
            ranking::vectors_of_words(&**self.replica, words, &self.shared.bm25, &languages)?;
        if pending.is_empty() {
            return Ok(Found::complete(BTreeSet::new()));
        }

        let mut occurring = BTreeSet::new();
        let mut limit = ranking::first_limit(self.depth);
        while !pending.is_empty() {
            let queries = pending.iter().map(|(_, vector)| QueryPoints {
                with_vectors: None,
                ..self.request(&VectorQuery::Keyword(vector.clone()), limit)
            });
            let batch = match self.shared.points.query(queries.collect()).await {
                // The library was never written to.
                Err(ServerError::NoCollection) => break,
                batch => batch?,
            };

            let mut still_pending = Vec::new();
            for ((word, vector), found) in pending.into_iter().zip(batch) {
                let is_cut_off = found.len() >= limit;
                if !self.live(found)?.is_empty() {
                    occurring.insert(word);
                } else if is_cut_off {
                    still_pending.push((word, vector));
                }
            }

            pending = still_pending;
            limit = limit.saturating_mul(DEEPER);
        }

        Ok(Found::perhaps_incomplete(occurring))
    }

    fn request(&self, query: &VectorQuery, limit: usize) -> QueryPoints {
        let fields = CANDIDATE_FIELDS.map(str::to_owned).to_vec();
        let mut request = QueryPointsBuilder::new(&self.shared.points.name)
            .limit(limit as u64)
            .with_payload(PayloadIncludeSelector { fields });

        if let Some(filter) = self.filter {
            request = request.filter(filter.clone());
        }

        request = match query {
            VectorQuery::Dense { vector, exact } => request
                .query(Query::new_nearest(VectorInput::new_dense(vector.clone())))
                .using(DENSE)
                .params(SearchParamsBuilder::default().exact(*exact)),
            VectorQuery::Keyword(SparseVector { indices, values }) => request
                .query(Query::new_nearest(VectorInput::new_sparse(
                    indices.clone(),
                    values.clone(),
                )))
                .using(KEYWORD)
                .with_vectors(VectorsSelector {
                    names: vec![KEYWORD.to_owned()],
                }),
        };

        request.build()
    }

    /// Keeps the points that are live and in scope.
    fn live(&self, found: Vec<ScoredPoint>) -> Result<Vec<Hit>, ServerError> {
        let mut hits = Vec::with_capacity(found.len());
        for ScoredPoint {
            payload,
            score,
            vectors,
            ..
        } in found
        {
            let location = point::read_location(payload, |source| {
                self.replica.live_revision(source, self.scope)
            })?;
            hits.extend(location.map(|location| Hit {
                point: point::keyword_vector(vectors),
                score,
                location,
            }));
        }

        Ok(hits)
    }
}

/// Computes the exact BM25 score of the hits that may be in the list, and removes the others.
fn rescored(mut hits: Vec<Hit>, weights: &BTreeMap<u32, f32>, depth: usize) -> Vec<Hit> {
    ranking::keep_contenders(&mut hits, depth);
    for hit in &mut hits {
        if let Some(vector) = &hit.point {
            hit.score = ranking::rescore(vector, weights);
        }
    }

    hits
}
