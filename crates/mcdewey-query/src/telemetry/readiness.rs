//! Whether the library can answer, for frequent health checks. Model and index are checked at most
//! once per second, and by one request at a time.

use std::time::{Duration, Instant};

use mcdewey_core::IndexState;
use mcdewey_search::Library;
use tokio::sync::Mutex;

use crate::problem::Problem;

/// How long the result of a check is cached.
const CACHE_DURATION: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, Result<IndexState, Problem>)>>);

impl Readiness {
    pub(super) async fn check(&self, library: &Library) -> Result<IndexState, Problem> {
        // Held during the check, so that concurrent requests wait for its result.
        let mut last = self.0.lock().await;
        if let Some((checked_at, outcome)) = &*last
            && checked_at.elapsed() < CACHE_DURATION
        {
            return outcome.clone();
        }

        let outcome = library.ready().await.map_err(Problem::from);
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use super::super::testing::SlowModel;
    use super::*;

    #[tokio::test]
    async fn many_health_checks_check_model_and_index_once() {
        let model = Arc::new(SlowModel::unlimited());
        let library = model.library().await;
        let readiness = Readiness::default();
        let checks = (0..20).map(|_| readiness.check(&library));

        assert!(
            futures::future::join_all(checks)
                .await
                .iter()
                .all(Result::is_ok)
        );
        assert_eq!(model.questions.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_library_without_its_model_is_not_ready() {
        let model = Arc::new(SlowModel::unlimited());
        let library = model.library().await;
        model.is_broken.store(true, Ordering::SeqCst);
        let problem = Readiness::default().check(&library).await.unwrap_err();

        assert_eq!(
            (problem.status.as_u16(), problem.code),
            (503, "unavailable")
        );
    }
}
