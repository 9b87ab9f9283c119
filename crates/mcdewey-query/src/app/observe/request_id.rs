//! The name of one request, by which a client's complaint is found in the log.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName};

/// Where the name stands, in requests and in answers.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 128;

/// The name a proxy or a client has given the request, or a new one.
pub(super) fn of(headers: &HeaderMap) -> String {
    let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
    given
        .filter(|name| is_sane(name))
        .map_or_else(made, str::to_owned)
}

/// Short, and nothing in it that means something to a log or a terminal.
fn is_sane(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// Different from all others; no secret.
fn made() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static PROCESS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

    format!(
        "{:016x}",
        PROCESS.hash_one(NEXT.fetch_add(1, Ordering::Relaxed))
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_sane_name_is_kept_and_any_other_replaced() {
        let of = |name: &str| {
            of(&HeaderMap::from_iter([(
                HEADER,
                HeaderValue::from_str(name).unwrap(),
            )]))
        };

        for name in ["a", "7f3b-22", "4bf92f35:00f0.1_x", &"x".repeat(LONGEST)] {
            assert_eq!(of(name), name);
        }

        for name in ["", "a b", "a\"b", "{}", &"x".repeat(LONGEST + 1)] {
            assert_eq!(of(name).len(), 16, "{name}");
        }
    }

    #[test]
    fn two_requests_have_two_names() {
        let nothing = HeaderMap::new();
        assert_ne!(of(&nothing), of(&nothing));
    }
}
