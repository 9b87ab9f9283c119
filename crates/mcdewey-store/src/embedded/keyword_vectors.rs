//! The keyword vectors of points that were found lately, in memory: the exact BM25 scores of a
//! question need those of hundreds of points, and the engine takes microseconds for each.
//!
//! The id of a point depends on everything that shapes its vector, so an entry is never wrong. It
//! is dropped for lack of use, and when documents are erased.

use std::collections::BTreeMap;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::error::EmbeddedResult;
use super::shard::Shard;
use crate::ranking::TokenWeights;

/// The most bytes of cached vectors. A vector of a hundred words takes 900 bytes, so this holds
/// those of 70,000 points.
const LIMIT: u64 = 64 * 1024 * 1024;

/// How many vectors are expected within the limit.
const VECTORS: usize = 70_000;

/// Bytes of an entry besides its tokens: keys, pointers and counters.
const ENTRY_OVERHEAD: usize = 96;

/// The cached vectors.
#[derive(Debug)]
pub(super) struct KeywordVectors(Cache<Uuid, Arc<TokenWeights>, ByBytes>);

/// Weighs an entry by the bytes it takes.
#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<Uuid, Arc<TokenWeights>> for ByBytes {
    fn weight(&self, _: &Uuid, vector: &Arc<TokenWeights>) -> u64 {
        (vector.bytes() + ENTRY_OVERHEAD) as u64
    }
}

impl Default for KeywordVectors {
    fn default() -> Self {
        Self(Cache::with_weighter(VECTORS, LIMIT, ByBytes))
    }
}

impl KeywordVectors {
    /// Returns the vectors of these points, `None` for one that the shard does not have. Reads only
    /// those that are not in memory.
    pub(super) fn of_points(
        &self,
        points: &[Uuid],
        shard: &Shard,
    ) -> EmbeddedResult<Vec<Option<Arc<TokenWeights>>>> {
        let mut found: Vec<Option<Arc<TokenWeights>>> =
            points.iter().map(|point| self.0.get(point)).collect();

        let missing: Vec<Uuid> = points
            .iter()
            .zip(&found)
            .filter(|(_, vector)| vector.is_none())
            .map(|(point, _)| *point)
            .collect();
        if missing.is_empty() {
            return Ok(found);
        }

        let read: BTreeMap<Uuid, Arc<TokenWeights>> = shard
            .keyword_vectors(&missing)?
            .into_iter()
            .map(|(point, vector)| (point, Arc::new(TokenWeights::from(&vector))))
            .collect();
        for (point, vector) in points.iter().zip(&mut found) {
            if vector.is_none() {
                *vector = read.get(point).cloned();
            }
        }

        for (point, vector) in read {
            self.0.insert(point, vector);
        }

        Ok(found)
    }

    /// Drops all vectors.
    pub(super) fn clear(&self) {
        self.0.clear();
    }
}
