//! How long a request may take before its sender is told to come back.

use std::time::Duration;

use axum::http::StatusCode;

use super::labels::Face;
use crate::rest::Problem;

/// What works on the library itself and takes what it takes.
const WITHOUT: [&str; 3] = [
    "/api/v1/sync",
    "/api/v1/removals",
    "/api/v1/generations/rollback",
];
/// MCP has a deadline of its own, and says so in words a model can read; this one stands behind it.
const BEHIND_MCP: Duration = Duration::from_secs(5);

/// The time for a request; none where it may take what it takes.
pub(super) fn of(face: Face, path: &str, deadline: Duration) -> Option<Duration> {
    match face {
        _ if WITHOUT.contains(&path) => None,
        Face::Mcp => Some(deadline + BEHIND_MCP),
        Face::Rest | Face::Web => Some(deadline),
    }
}

/// What its sender is told.
pub(super) fn problem(deadline: Duration) -> Problem {
    let detail = format!(
        "no answer within {} seconds; ask again in a moment",
        deadline.as_secs()
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_on_the_library_takes_what_it_takes() {
        let second = Duration::from_secs(1);
        for path in WITHOUT {
            assert_eq!(of(Face::at(path), path, second), None, "{path}");
        }

        for path in ["/api/v1/search", "/readyz", "/", "/f/a.md"] {
            assert_eq!(of(Face::at(path), path, second), Some(second), "{path}");
        }

        assert!(of(Face::Mcp, "/mcp", second) > Some(second));
    }
}
