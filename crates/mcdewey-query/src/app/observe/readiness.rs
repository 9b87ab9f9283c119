//! Whether the library answers, for those who ask again and again: model and index are asked once a second at most, and
//! by one at a time.

use std::time::{Duration, Instant};

use mcdewey_core::IndexState;
use tokio::sync::Mutex;

use crate::Library;
use crate::rest::Problem;

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, Result<IndexState, Problem>)>>);

impl Readiness {
    pub(super) async fn ask(&self, library: &Library) -> Result<IndexState, Problem> {
        let mut last = self.0.lock().await;
        if let Some((asked, outcome)) = &*last
            && asked.elapsed() < HOLDS
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

    use super::super::burst_tests::SlowModel;
    use super::*;

    #[tokio::test]
    async fn model_and_index_are_asked_once_for_many_who_ask() {
        let model = Arc::new(SlowModel::open());
        let library = model.library().await;
        let readiness = Readiness::default();
        let asked = (0..20).map(|_| readiness.ask(&library));

        assert!(
            futures::future::join_all(asked)
                .await
                .iter()
                .all(Result::is_ok)
        );
        assert_eq!(model.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_library_without_its_model_is_not_ready() {
        let model = Arc::new(SlowModel::open());
        let library = model.library().await;
        model.broken.store(true, Ordering::SeqCst);
        let problem = Readiness::default().ask(&library).await.unwrap_err();

        assert_eq!(
            (problem.status.as_u16(), problem.code),
            (503, "unavailable")
        );
    }
}
