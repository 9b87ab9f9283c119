//! The id of a request, by which a client's problem can be found in the log. Code that answers a
//! request finds the id in a task-local variable.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName};

/// Carries the id in requests and responses.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const MAX_BYTES: usize = 128;

tokio::task_local! {
    static CURRENT: String;
}

/// Runs `work` as part of the request with this id.
pub(crate) async fn scope<T>(id: String, work: impl Future<Output = T>) -> T {
    CURRENT.scope(id, work).await
}

/// The id of the request that the current task answers, if it answers one.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(String::clone).ok()
}

/// The id that a proxy or the client assigned, or a new one.
pub(crate) fn from_headers(headers: &HeaderMap) -> String {
    headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_valid(id))
        .map_or_else(generate, str::to_owned)
}

/// Accepts short ids without characters that have a meaning in logs or terminals.
fn is_valid(id: &str) -> bool {
    (1..=MAX_BYTES).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// An id that is very likely unique, but not a secret.
fn generate() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Randomly keyed, so that two processes generate different ids.
    static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", HASHER.hash_one(number))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_valid_id_is_kept_and_any_other_replaced() {
        let id_for = |sent: &str| {
            from_headers(&HeaderMap::from_iter([(
                HEADER,
                HeaderValue::from_str(sent).unwrap(),
            )]))
        };

        for sent in ["a", "7f3b-22", "4bf92f35:00f0.1_x", &"x".repeat(MAX_BYTES)] {
            assert_eq!(id_for(sent), sent);
        }

        for sent in ["", "a b", "a\"b", "{}", &"x".repeat(MAX_BYTES + 1)] {
            assert_eq!(id_for(sent).len(), 16, "{sent}");
        }
    }

    #[test]
    fn generated_ids_differ() {
        let headers = HeaderMap::new();
        assert_ne!(from_headers(&headers), from_headers(&headers));
    }
}
