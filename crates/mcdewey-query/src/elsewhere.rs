//! Where else a passage stands: word for word, or in other words under the same heading of another release of its guide.

use std::collections::HashSet;

use mcdewey_core::{Candidate, CandidateQuery, Chunk, Filter, Scope, Visibility, WeightedText};

use crate::search::collapse::{Also, is_counterpart};
use crate::{AlsoIn, ChunkAnswer, Library, QueryError, present};

/// So many bytes of a passage find its likes.
const ENOUGH_BYTES: usize = 600;
/// Passages with these words that are looked at.
const DEPTH: usize = 60;

impl Library {
    /// A passage with its neighbours and its other places.
    pub(crate) async fn chunk_and_elsewhere(
        &self,
        id: &str,
        context: u32,
        visibility: &Visibility,
    ) -> Result<ChunkAnswer, QueryError> {
        let mut answer = self.chunk(id, context, visibility).await?;
        answer.chunk.also_in = self.elsewhere(&answer.chunk.chunk_id, visibility).await?;
        Ok(answer)
    }

    /// The other places of a passage, one in each document, those of the latest releases first.
    async fn elsewhere(
        &self,
        id: &str,
        visibility: &Visibility,
    ) -> Result<Vec<AlsoIn>, QueryError> {
        let passage = self.passage(id, visibility).await?;
        let product = passage.document.facets.product.iter().cloned().collect();
        let filter = Filter {
            product,
            ..Filter::default()
        };

        let scope = Scope {
            filter,
            visibility: visibility.clone(),
        };
        let words = passage.keyword_text();
        let text = words[..words.floor_char_boundary(ENOUGH_BYTES)].to_owned();
        let keyword = vec![WeightedText { text, weight: 1.0 }];

        let query = CandidateQuery {
            keyword,
            depth: DEPTH,
            ..CandidateQuery::default()
        };

        let found = self
            .index
            .candidates(&query, &scope)
            .await?
            .keyword
            .unwrap_or_default();

        Ok(likes(&passage, found)
            .into_iter()
            .map(present::also_in)
            .collect())
    }
}

fn likes(passage: &Chunk, found: Vec<Candidate>) -> Vec<Also> {
    let Some(own) = found
        .iter()
        .find(|candidate| candidate.chunk_id == passage.chunk_id)
        .cloned()
    else {
        return Vec::new();
    };

    let mut others: Vec<Also> = found
        .into_iter()
        .filter(|other| other.document.source != own.document.source)
        .filter(|other| other.passage_hash == own.passage_hash || is_counterpart(&own, other))
        .map(|candidate| Also {
            differs: candidate.passage_hash != own.passage_hash,
            candidate,
        })
        .collect();

    // Of one document the place with the same words, else the one with the most of them.
    others.sort_by_key(|also| also.differs);
    let mut seen = HashSet::new();
    others.retain(|also| seen.insert(also.candidate.document.source.clone()));

    others.sort_by_cached_key(|also| {
        let versions = &also.candidate.document.facets.versions;
        std::cmp::Reverse(versions.iter().map(|version| version.key.clone()).max())
    });

    others
}
