//! What whoever changes the library is told when that fails. They run it, so they are told the reason, local paths among
//! it; what is not in their hands is for the log.

use std::future::Future;

use axum::http::StatusCode;
use mcdewey_core::{IndexError, SyncError};

use super::Problem;
use crate::QueryError;

/// A change that was asked for, as sentences name it ("the removal").
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    /// "the removal".
    pub(super) name: &'static str,
    /// The code of a refusal by the state of the library.
    pub(super) refused: &'static str,
}

impl Change {
    /// The state of the library does not allow it.
    pub(super) fn refusal(self, reason: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, self.refused, reason)
    }

    /// Makes it in a task of its own. A handler is dropped when its client goes away; half a change must not be left.
    pub(super) async fn carry_through<T: Send + 'static>(
        self,
        work: impl Future<Output = Result<T, IndexError>> + Send + 'static,
    ) -> Result<T, Problem> {
        let outcome = tokio::spawn(work).await;
        let broke_off = |error| IndexError::Store(format!("{} broke off: {error}", self.name));
        outcome
            .map_err(broke_off)
            .flatten()
            .map_err(|error| self.problem(error))
    }

    /// Why it was not made.
    pub(super) fn problem(self, error: IndexError) -> Problem {
        match error {
            IndexError::Unavailable(reason) => self.refusal(reason),
            IndexError::NoSpace(reason) => {
                tracing::warn!(%reason, change = self.name, "there is not enough disk space");
                let detail = format!("{} needs more disk space: {reason}", self.name);
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "no_space", detail)
            }
            IndexError::Invalid(error) => QueryError::from(error).into(),
            IndexError::Store(reason) => {
                tracing::error!(%reason, change = self.name, "a change of the library failed");
                let detail = format!("{} failed; the server's log says why", self.name);
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
            }
        }
    }
}

/// Why no synchronisation was begun.
pub(super) fn sync_problem(error: &SyncError) -> Problem {
    match error {
        SyncError::NoOwner => {
            let detail =
                "the library is not brought up to date by this server now; its log says why";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
        }
        SyncError::Busy => {
            let detail = "too many synchronisations wait already; ask again when one is done";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "overloaded", detail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REMOVAL: Change = Change {
        name: "the removal",
        refused: "removal_refused",
    };

    #[test]
    fn a_failed_change_is_told_as_what_it_is() {
        let told = |error: IndexError| {
            let Problem {
                status,
                code,
                detail,
                ..
            } = REMOVAL.problem(error);
            assert!(!detail.contains("search"), "{detail}");
            (status.as_u16(), code, detail)
        };

        let (status, code, detail) = told(IndexError::NoSpace(
            "/data has 3 MiB free and 12 MiB are needed".to_owned(),
        ));
        assert_eq!((status, code), (507, "no_space"));
        assert!(
            detail.starts_with("the removal") && detail.contains("12 MiB"),
            "{detail}"
        );
        assert_eq!(
            told(IndexError::Unavailable("still there".to_owned())),
            (409, "removal_refused", "still there".into())
        );
        let (status, code, detail) = told(IndexError::Store("sector 7".to_owned()));
        assert_eq!((status, code), (500, "internal"));
        assert!(
            detail.starts_with("the removal failed") && !detail.contains("sector"),
            "{detail}"
        );
    }

    #[test]
    fn a_synchronisation_that_cannot_begin_is_no_question() {
        for (error, status) in [(SyncError::NoOwner, 503), (SyncError::Busy, 429)] {
            let problem = sync_problem(&error);
            assert_eq!(problem.status.as_u16(), status);
            assert!(
                !problem.detail.contains("question") && !problem.detail.contains("answer"),
                "{}",
                problem.detail
            );
        }
    }
}
