//! How long a request may take before the server abandons it.

use std::time::Duration;

use axum::http::StatusCode;

use crate::paths::Interface;
use crate::problem::Problem;

/// Changes to the library, which may take as long as they need.
const UNLIMITED_PATHS: [&str; 3] = [
    "/api/v1/sync",
    "/api/v1/removals",
    "/api/v1/generations/rollback",
];
/// MCP enforces the deadline itself, with a message that a model can read. This is the margin after
/// which the request is given up here.
const MCP_MARGIN: Duration = Duration::from_secs(5);

/// The time limit of a request; `None` if it has none.
pub(super) fn for_path(interface: Interface, path: &str, deadline: Duration) -> Option<Duration> {
    match interface {
        _ if UNLIMITED_PATHS.contains(&path) => None,
        Interface::Mcp => Some(deadline + MCP_MARGIN),
        Interface::Rest | Interface::Web => Some(deadline),
    }
}

/// The response to a request that exceeded its deadline.
pub(super) fn problem(deadline: Duration) -> Problem {
    let detail = format!(
        "no response within {} seconds; try again in a moment",
        deadline.as_secs()
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_to_the_library_have_no_deadline() {
        let second = Duration::from_secs(1);
        let limit = |path: &str| for_path(Interface::for_path(path), path, second);

        for path in UNLIMITED_PATHS {
            assert_eq!(limit(path), None, "{path}");
        }

        for path in ["/api/v1/search", "/readyz", "/", "/f/a.md"] {
            assert_eq!(limit(path), Some(second), "{path}");
        }

        assert!(limit("/mcp") > Some(second));
    }
}
