//! Operations that change the library, and their errors. Administrators run the server, so errors
//! they can act on include the reason, even with local paths; internal failures go to the log only.

use std::future::Future;

use axum::http::StatusCode;
use mcdewey_core::{IndexError, SyncError};

use super::Problem;
use crate::QueryError;

/// An operation that changes the library.
#[derive(Debug, Clone, Copy)]
pub(super) struct AdminOperation {
    /// The name within a sentence: "the removal".
    pub(super) name: &'static str,
    /// The error code if the state of the library does not allow the operation.
    pub(super) conflict_code: &'static str,
}

impl AdminOperation {
    /// The state of the library does not allow the operation.
    pub(super) fn conflict(self, reason: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, self.conflict_code, reason)
    }

    /// Runs the operation in a task of its own, to its end: the handler is dropped when its client
    /// disconnects, and an operation must not be left half done.
    pub(super) async fn run_to_completion<T: Send + 'static>(
        self,
        work: impl Future<Output = Result<T, IndexError>> + Send + 'static,
    ) -> Result<T, Problem> {
        let outcome = match tokio::spawn(work).await {
            Ok(outcome) => outcome,
            Err(error) => Err(IndexError::Store(format!(
                "{} was interrupted: {error}",
                self.name
            ))),
        };

        outcome.map_err(|error| self.problem(error))
    }

    fn problem(self, error: IndexError) -> Problem {
        match error {
            IndexError::Unavailable(reason) => self.conflict(reason),
            IndexError::NoSpace(reason) => {
                tracing::warn!(%reason, change = self.name, "not enough disk space");
                let detail = format!("{} needs more disk space: {reason}", self.name);
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "no_space", detail)
            }
            IndexError::Invalid(error) => QueryError::from(error).into(),
            IndexError::Store(reason) => {
                tracing::error!(%reason, change = self.name, "changing the library failed");
                let detail = format!("{} failed; the server log names the reason", self.name);
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
            }
        }
    }
}

/// The error if a synchronisation cannot start.
pub(super) fn sync_problem(error: &SyncError) -> Problem {
    match error {
        SyncError::NoOwner => {
            let detail = "this server does not synchronise its library at the moment; \
                          the server log names the reason";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
        }
        SyncError::Busy => {
            let detail = "too many synchronisations are queued; try again when one has finished";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "overloaded", detail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REMOVAL: AdminOperation = AdminOperation {
        name: "the removal",
        conflict_code: "removal_refused",
    };

    fn removal_error(error: IndexError) -> (u16, &'static str, String) {
        let problem = REMOVAL.problem(error);
        assert!(!problem.detail.contains("search"), "{}", problem.detail);
        (problem.status.as_u16(), problem.code, problem.detail)
    }

    #[test]
    fn errors_of_an_operation_name_the_operation() {
        let (status, code, detail) = removal_error(IndexError::NoSpace(
            "/data has 3 MiB free and 12 MiB are needed".to_owned(),
        ));
        assert_eq!((status, code), (507, "no_space"));
        assert!(
            detail.starts_with("the removal") && detail.contains("12 MiB"),
            "{detail}"
        );
        assert_eq!(
            removal_error(IndexError::Unavailable("still there".to_owned())),
            (409, "removal_refused", "still there".into())
        );
        let (status, code, detail) = removal_error(IndexError::Store("sector 7".to_owned()));
        assert_eq!((status, code), (500, "internal"));
        assert!(
            detail.starts_with("the removal failed") && !detail.contains("sector"),
            "{detail}"
        );
    }

    #[test]
    fn errors_of_a_synchronisation_do_not_mention_questions() {
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
