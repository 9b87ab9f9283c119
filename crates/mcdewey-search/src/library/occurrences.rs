//! Finds the other occurrences of a chunk: the same text in other documents, or the same section in
//! other versions of its guide.

use std::cmp::Reverse;
use std::collections::HashSet;

use mcdewey_core::{Candidate, CandidateQuery, Chunk, Filter, Scope, WeightedText};

use crate::ranking::collapse::{Occurrence, is_counterpart};
use crate::{LibrarySnapshot, QueryError};

/// The number of bytes of a chunk that suffice to find similar ones.
const MAX_QUERY_BYTES: usize = 600;
/// The number of candidates that are checked.
const DEPTH: usize = 60;

impl LibrarySnapshot<'_> {
    /// Returns the other occurrences of a chunk, at most one in each document, those in the latest
    /// versions first.
    pub(crate) async fn occurrences(&self, chunk: &Chunk) -> Result<Vec<Occurrence>, QueryError> {
        let scope = Scope {
            filter: Filter {
                product: chunk.document.facets.product.iter().cloned().collect(),
                ..Filter::default()
            },
            ..self.scope()
        };

        let words = chunk.keyword_text();
        let text = words[..words.floor_char_boundary(MAX_QUERY_BYTES)].to_owned();
        let query = CandidateQuery {
            keyword: vec![WeightedText { text, weight: 1.0 }],
            depth: DEPTH,
            ..CandidateQuery::default()
        };

        let candidates = self.reader().candidates(&query, &scope).await?;
        Ok(other_occurrences(
            chunk,
            candidates.keyword.unwrap_or_default(),
        ))
    }
}

/// Selects the other occurrences of a chunk. If the chunk itself is not among the candidates, there
/// is nothing to compare them with.
fn other_occurrences(chunk: &Chunk, candidates: Vec<Candidate>) -> Vec<Occurrence> {
    let Some(own) = candidates
        .iter()
        .find(|candidate| candidate.chunk_id == chunk.chunk_id)
        .cloned()
    else {
        return Vec::new();
    };

    let mut others: Vec<Occurrence> = candidates
        .into_iter()
        .filter(|other| other.document.source != own.document.source)
        .filter(|other| other.passage_hash == own.passage_hash || is_counterpart(&own, other))
        .map(|candidate| Occurrence {
            differs: candidate.passage_hash != own.passage_hash,
            candidate,
        })
        .collect();

    // Keep one occurrence of each document: one with the same text, else the best match.
    others.sort_by_key(|occurrence| occurrence.differs);
    let mut seen = HashSet::new();
    others.retain(|occurrence| seen.insert(occurrence.candidate.document.source.clone()));

    others.sort_by_cached_key(|occurrence| {
        let versions = &occurrence.candidate.document.facets.versions;
        Reverse(versions.iter().map(|version| version.key.clone()).max())
    });

    others
}
