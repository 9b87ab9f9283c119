//! The web pages as a value. They are another crate, which depends on this one.

use axum::Router;
use axum::response::Response;

use crate::problem::Problem;
use crate::state::AppState;

/// The page that shows an error to people.
pub type ErrorPage = fn(&AppState, &Problem) -> Response;

/// The web pages, which this crate does not know.
pub struct Pages {
    /// The routes of the pages and of their assets.
    pub router: Router<AppState>,
    /// The page for an error that is detected before a page's own handler runs: an unknown path or
    /// method, a passed deadline, too many connections.
    pub error_page: ErrorPage,
}
