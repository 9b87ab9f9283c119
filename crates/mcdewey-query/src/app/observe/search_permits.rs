//! SearchPermits for searches: a few at once, the others wait for a moment and are then told to come back. However many ask,
//! every one gets an answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::QueryError;

/// A place, given back when it is dropped.
pub(super) type SearchPermit = OwnedSemaphorePermit;

#[derive(Debug)]
pub(super) struct SearchPermits {
    free: Arc<Semaphore>,
    all: usize,
    longest_wait: Duration,
}

impl SearchPermits {
    /// At least one place.
    pub(super) fn new(places: usize, longest_wait: Duration) -> Self {
        let all = places.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(all)),
            all,
            longest_wait,
        }
    }

    /// A place; first come, first served.
    pub(super) async fn take(&self) -> Result<SearchPermit, QueryError> {
        let place = Arc::clone(&self.free).acquire_owned();
        match tokio::time::timeout(self.longest_wait, place).await {
            Ok(Ok(place)) => Ok(place),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(QueryError::Overloaded),
        }
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.all - self.free.available_permits().min(self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_is_always_a_place_and_never_more_than_there_are() {
        let places = SearchPermits::new(0, Duration::from_millis(1));
        let first = places.take().await.unwrap();
        assert_eq!(places.taken(), 1);
        assert!(matches!(places.take().await, Err(QueryError::Overloaded)));
        drop(first);
        assert_eq!(places.taken(), 0);
        assert!(places.take().await.is_ok());
    }
}
