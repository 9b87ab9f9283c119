//! The keyword vectors of points that were found lately, in memory: the exact BM25 scores of a
//! question need those of hundreds of points, and the engine takes microseconds for each.
//!
//! The id of a point depends on everything that shapes its vector, so an entry is never wrong. It
//! is dropped for lack of use, and when documents are erased.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcdewey_core::BoundedCache;
use uuid::Uuid;

use super::error::EmbeddedResult;
use super::shard::Shard;
use crate::ranking::TokenWeights;

/// The most bytes of cached vectors. A vector of a hundred words takes 900 bytes, so this holds
/// those of 70,000 points.
const LIMIT: usize = 64 * 1024 * 1024;

/// Bytes of an entry besides its tokens: keys, pointers and counters.
const ENTRY_OVERHEAD: usize = 96;

/// The cached vectors.
#[derive(Debug)]
pub(super) struct KeywordVectors(Mutex<BoundedCache<Uuid, Arc<TokenWeights>>>);

impl Default for KeywordVectors {
    fn default() -> Self {
        Self(Mutex::new(BoundedCache::new(LIMIT)))
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
        let mut found: Vec<Option<Arc<TokenWeights>>> = {
            let mut cache = self.cache();
            points
                .iter()
                .map(|point| cache.get(point).cloned())
                .collect()
        };

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

        let mut cache = self.cache();
        for (point, vector) in read {
            let bytes = vector.bytes() + ENTRY_OVERHEAD;
            cache.insert(point, vector, bytes);
        }

        Ok(found)
    }

    /// Drops all vectors.
    pub(super) fn clear(&self) {
        self.cache().clear();
    }

    fn cache(&self) -> MutexGuard<'_, BoundedCache<Uuid, Arc<TokenWeights>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
