//! Every call ends: in time, and with an answer even when the code behind it panics. Without this a panic would leave
//! the client waiting for ever.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

use crate::QueryError;

/// How long a call may take. Searching takes milliseconds; this is for a store or a model that is stuck.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// What `work` gives, or why it gave nothing.
pub(super) async fn guarded<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, QueryError>>,
) -> Result<T, QueryError> {
    // State shared between calls is behind locks that are never held across a panic's origin in this crate's own code,
    // and the answer of a panicking call is thrown away.
    match tokio::time::timeout(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(QueryError::Internal(format!(
            "the call panicked: {}",
            message(panic.as_ref())
        ))),
        Err(_elapsed) => {
            let seconds = deadline.as_secs();
            Err(QueryError::Unavailable(format!(
                "no answer within {seconds} seconds; ask again in a moment"
            )))
        }
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error() {
        let result = guarded::<()>(DEADLINE, async { panic!("broken {}", "part") }).await;
        assert!(
            matches!(result, Err(QueryError::Internal(detail)) if detail.contains("broken part"))
        );
    }

    #[tokio::test]
    async fn work_without_end_becomes_an_error() {
        let result = guarded::<()>(Duration::ZERO, std::future::pending()).await;
        assert!(matches!(result, Err(QueryError::Unavailable(_))));
    }

    #[tokio::test]
    async fn other_answers_pass_through() {
        assert!(matches!(guarded(DEADLINE, async { Ok(7) }).await, Ok(7)));
    }
}
