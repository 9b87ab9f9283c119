//! Gives documents that were committed with their words only the vectors that are in the cache.
//!
//! Vectors go to the shard, which is flushed; one transaction of the catalogue then records that the
//! documents have them. Whenever the process is killed, a document counts as one without vectors
//! until all of them are durable.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcdewey_core::{ContentHash, SourcePath, VectorEpoch};

use super::{Committer, Step};
use crate::embedded::catalogue::PointsWithoutVectors;
use crate::embedded::error::EmbeddedResult;
use crate::prepare::Prepared;

/// The shortest time between two epochs, unless the last document gets its vectors. A cursor is valid
/// for two of them.
const EPOCH_INTERVAL: Duration = Duration::from_secs(60);

impl Committer {
    /// Stores vectors in the cache.
    pub(in crate::embedded) fn cache_vectors(
        &mut self,
        vectors: &[(ContentHash, Vec<f32>)],
    ) -> EmbeddedResult<()> {
        let bytes: usize = vectors
            .iter()
            .map(|(_, vector)| 4 * vector.len() + 64)
            .sum();
        self.check_space(2 * bytes as u64)?;
        self.catalogue.ledger().open();
        self.vectors
            .put(vectors.iter().map(|(key, vector)| (key, vector.as_slice())))?;

        let change = self.catalogue.begin()?;
        change.set_cached(vectors.iter().map(|(key, _)| key))?;
        change.commit()
    }

    /// Gives these documents their vectors, and begins another epoch if it is time.
    pub(in crate::embedded) fn complete(
        &mut self,
        sources: &[SourcePath],
    ) -> EmbeddedResult<VectorEpoch> {
        let mut completed = Vec::new();
        for source in sources {
            completed.extend(self.add_vectors(source)?);
        }

        if !completed.is_empty() {
            self.needs_optimize = true;
            self.shared.shard().flush()?;
            self.reached(Step::PointsFlushed);
        }

        let is_due = self
            .epoch_began
            .is_none_or(|began| began.elapsed() >= EPOCH_INTERVAL);
        let change = self.catalogue.begin()?;
        for document in completed {
            change.set_embedded(document)?;
        }

        let (epoch, begins) = change.publish_vectors(is_due)?;
        change.commit()?;
        self.reached(Step::DocumentsVisible);
        if begins {
            self.epoch_began = Some(Instant::now());
        }

        Ok(epoch)
    }

    /// Adds the vectors of a document to its points. Returns its number in the catalogue, or `None`
    /// if it has its vectors or one is not in the cache.
    fn add_vectors(&mut self, source: &SourcePath) -> EmbeddedResult<Option<i64>> {
        let shared = Arc::clone(&self.shared);
        let Some(PointsWithoutVectors { document, points }) = shared
            .catalogue
            .read(|snapshot| snapshot.points_without_vectors(source))?
        else {
            return Ok(None);
        };

        let keys: Vec<ContentHash> = points.iter().map(|(_, key)| *key).collect();
        let vectors = shared.vectors.get(&keys)?;
        let is_usable = |vector: &Vec<f32>| vector.len() == shared.dimensions;
        let found: Vec<ContentHash> = keys
            .iter()
            .zip(&vectors)
            .filter(|(_, vector)| vector.as_ref().is_some_and(is_usable))
            .map(|(key, _)| *key)
            .collect();
        let vectors: Option<Vec<_>> = points
            .iter()
            .zip(vectors)
            .map(|((point, _), vector)| Some((*point, vector.filter(is_usable)?)))
            .collect();
        let Some(vectors) = vectors else {
            // The cache may have lost one that was in it.
            let change = self.catalogue.begin()?;
            change.lose_vectors(source)?;
            change.set_cached(&found)?;
            change.commit()?;
            return Ok(None);
        };

        self.check_space(2 * (4 * shared.dimensions * vectors.len()) as u64)?;
        self.begin_shard_change();
        shared.shard().set_vectors(&vectors)?;
        self.reached(Step::PointsAdded);

        Ok(Some(document))
    }

    /// Finds out which vectors of the documents that are committed with their words only are not in
    /// the cache.
    pub(super) fn find_keys_to_embed(&self, documents: &mut [&mut Prepared]) -> EmbeddedResult<()> {
        for document in documents {
            if let Some(keys) = &mut document.keys_to_embed {
                let all: HashSet<ContentHash> = document
                    .chunks
                    .iter()
                    .map(|chunk| chunk.embedding_key)
                    .collect();
                *keys = self.shared.vectors.missing(all)?;
            }
        }

        Ok(())
    }
}
