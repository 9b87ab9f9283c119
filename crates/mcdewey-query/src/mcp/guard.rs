//! Makes sure that every call gets a response, even if its code hangs or panics. Without this, a
//! panic would leave the client waiting forever.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

use mcdewey_search::QueryError;

/// How long a call may take. A search takes milliseconds; the deadline is for a store or model that
/// hangs.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// Runs `work` under a deadline and turns a panic into an error.
pub(super) async fn guarded<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, QueryError>>,
) -> Result<T, QueryError> {
    // `AssertUnwindSafe` is sound here: no lock on state shared between calls is held where this
    // crate's code can panic, and the result of a panicking call is discarded.
    match tokio::time::timeout(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(QueryError::Internal(format!(
            "the call panicked: {}",
            panic_message(panic.as_ref())
        ))),
        Err(_elapsed) => {
            let seconds = deadline.as_secs();
            Err(QueryError::Unavailable(format!(
                "no response within {seconds} seconds; try again in a moment"
            )))
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
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
    async fn a_timeout_becomes_an_error() {
        let result = guarded::<()>(Duration::ZERO, std::future::pending()).await;
        assert!(matches!(result, Err(QueryError::Unavailable(_))));
    }

    #[tokio::test]
    async fn other_results_pass_through() {
        assert!(matches!(guarded(DEADLINE, async { Ok(7) }).await, Ok(7)));
    }
}
