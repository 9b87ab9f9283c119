//! The two ranked lists for a question, both asked for in one request: the server finds points, the mirror says which
//! of them are live and in scope, and scores and order are made exact.

use std::collections::BTreeMap;

use mcdewey_core::{CandidateQuery, Candidates, IndexError, Scope};
use qdrant_client::qdrant::{
    Filter, PayloadIncludeSelector, Query, QueryPoints, QueryPointsBuilder, ScoredPoint,
    SearchParamsBuilder, VectorInput, VectorsSelector,
};
use qdrant_edge::SparseVector;

use super::collection;
use super::library::{Library, View};
use super::point::{self, CANDIDATE, DENSE, WORDS};
use super::server_error::ServerError;
use crate::facets::{self, PushdownFilter};
use crate::ranking::{self, DEEPER};

/// A point that is live and in scope, with its words where they were asked for.
type Hit = ranking::Hit<Option<SparseVector>>;

/// The lists that a query asks for, all from one state of the library.
pub(super) async fn candidates(
    library: &Library,
    query: &CandidateQuery,
    scope: &Scope,
) -> Result<Candidates, IndexError> {
    ranking::check(query, library.dimensions)?;
    let PushdownFilter::Points(clauses) = facets::reach(scope) else {
        return Ok(ranking::nothing(query));
    };
    let filter = collection::filter(&clauses);

    let looked = library
        .steady(|view| look(library, view, query, scope, filter.as_ref()))
        .await;
    looked.map_err(|refusal| library.to_index_error(refusal))
}

async fn look(
    library: &Library,
    view: View,
    query: &CandidateQuery,
    scope: &Scope,
    filter: Option<&Filter>,
) -> Result<Candidates, ServerError> {
    let empty = ranking::nothing(query);
    if query.depth == 0 {
        return Ok(empty);
    }

    let mirror = &**view;
    let languages = mirror.languages();
    let weighed = ranking::weigh(
        mirror,
        library.bm25.question(&query.keyword, &languages)?,
        &library.bm25,
        &query.known_words,
    )?;

    let weights = &weighed.tokens;
    let lookup = Lookup {
        library,
        view: &view,
        scope,
        filter,
        depth: query.depth,
    };

    let near = query.dense.clone().map(|vector| VectorQuery::Near {
        vector,
        exact: query.exact,
    });

    let words = (!weights.is_empty())
        .then(|| ranking::sparse(weights))
        .transpose()?
        .map(VectorQuery::Words);
    let [dense, keyword] = lookup.ranked([near, words]).await?;
    Ok(Candidates {
        dense: dense
            .map(|hits| ranking::cut(hits, query.depth))
            .or(empty.dense),
        keyword: keyword
            .map(|hits| ranking::cut(rescored(hits, weights, query.depth), query.depth))
            .or(empty.keyword),
        keyword_ceiling: weighed.ceiling,
        keyword_unit: weighed.unit,
        words: weighed.words,
    })
}

/// What is looked for.
enum VectorQuery {
    /// Points near this vector.
    Near { vector: Vec<f32>, exact: bool },
    /// Points with these words.
    Words(SparseVector),
}

/// One question to one state of the library.
struct Lookup<'a> {
    library: &'a Library,
    view: &'a View,
    scope: &'a Scope,
    filter: Option<&'a Filter>,
    depth: usize,
}

impl Lookup<'_> {
    /// All hits that may belong to each list, asking deeper until no other can.
    async fn ranked(
        &self,
        lists: [Option<VectorQuery>; 2],
    ) -> Result<[Option<Vec<Hit>>; 2], ServerError> {
        let mut limit = ranking::first_limit(self.depth);
        let mut answers: [Option<Vec<Hit>>; 2] = [None, None];
        let mut open: Vec<usize> = (0..lists.len())
            .filter(|list| lists[*list].is_some())
            .collect();

        while !open.is_empty() {
            let queries = open
                .iter()
                .filter_map(|list| lists[*list].as_ref())
                .map(|sought| self.query(sought, limit));

            let batch = match self.library.points.query(queries.collect()).await {
                // Nobody has written to the library yet.
                Err(ServerError::Missing) => vec![Vec::new(); open.len()],
                batch => batch?,
            };

            let mut deeper = Vec::new();
            for (list, found) in open.into_iter().zip(batch) {
                let (count, worst) = (found.len(), found.last().map(|point| point.score));
                let hits = self.live(found)?;
                if count >= limit && !ranking::is_settled(&hits, worst, self.depth) {
                    deeper.push(list);
                }
                answers[list] = Some(hits);
            }

            open = deeper;
            limit = limit.saturating_mul(DEEPER);
        }

        Ok(answers)
    }

    fn query(&self, sought: &VectorQuery, limit: usize) -> QueryPoints {
        let fields = CANDIDATE.map(str::to_owned).to_vec();
        let mut query = QueryPointsBuilder::new(&self.library.points.name)
            .limit(limit as u64)
            .with_payload(PayloadIncludeSelector { fields });

        if let Some(filter) = self.filter {
            query = query.filter(filter.clone());
        }

        query = match sought {
            VectorQuery::Near { vector, exact } => query
                .query(Query::new_nearest(VectorInput::new_dense(vector.clone())))
                .using(DENSE)
                .params(SearchParamsBuilder::default().exact(*exact)),
            VectorQuery::Words(SparseVector { indices, values }) => query
                .query(Query::new_nearest(VectorInput::new_sparse(
                    indices.clone(),
                    values.clone(),
                )))
                .using(WORDS)
                .with_vectors(VectorsSelector {
                    names: vec![WORDS.to_owned()],
                }),
        };

        query.build()
    }

    fn live(&self, found: Vec<ScoredPoint>) -> Result<Vec<Hit>, ServerError> {
        let mut hits = Vec::with_capacity(found.len());
        for ScoredPoint {
            payload,
            score,
            vectors,
            ..
        } in found
        {
            let place = point::located(payload, |source| self.view.live(source, self.scope))?;
            hits.extend(place.map(|place| Hit {
                point: point::words(vectors),
                score,
                place,
            }));
        }

        Ok(hits)
    }
}

/// Gives the hits that may be in the list their exact BM25 score.
fn rescored(mut hits: Vec<Hit>, weights: &BTreeMap<u32, f32>, depth: usize) -> Vec<Hit> {
    ranking::keep_contenders(&mut hits, depth);
    for hit in &mut hits {
        if let Some(words) = &hit.point {
            hit.score = ranking::rescore(words, weights);
        }
    }

    hits
}
