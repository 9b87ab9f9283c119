//! Limits how many searches run at once. Further searches wait briefly and are then rejected, so
//! that every request gets a response, however many there are.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use mcdewey_search::QueryError;

/// Permission to search, returned when it is dropped.
pub(super) type SearchPermit = OwnedSemaphorePermit;

#[derive(Debug)]
pub(super) struct SearchPermits {
    available: Arc<Semaphore>,
    total: usize,
    longest_wait: Duration,
}

impl SearchPermits {
    /// Creates at least one permit.
    pub(super) fn new(permits: usize, longest_wait: Duration) -> Self {
        let total = permits.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            available: Arc::new(Semaphore::new(total)),
            total,
            longest_wait,
        }
    }

    /// Waits for a permit, in order of arrival. Fails with [`QueryError::Overloaded`] if none
    /// becomes available in time.
    pub(super) async fn acquire(&self) -> Result<SearchPermit, QueryError> {
        let permit = Arc::clone(&self.available).acquire_owned();
        match tokio::time::timeout(self.longest_wait, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            // The inner error cannot occur: the semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(QueryError::Overloaded),
        }
    }

    pub(super) fn in_use(&self) -> usize {
        self.total - self.available.available_permits().min(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_is_at_least_one_permit_and_never_more_than_configured() {
        let permits = SearchPermits::new(0, Duration::from_millis(1));
        let first = permits.acquire().await.unwrap();
        assert_eq!(permits.in_use(), 1);
        assert!(matches!(
            permits.acquire().await,
            Err(QueryError::Overloaded)
        ));
        drop(first);
        assert_eq!(permits.in_use(), 0);
        assert!(permits.acquire().await.is_ok());
    }
}
