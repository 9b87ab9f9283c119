//! The whole service: REST, MCP and the web pages behind one router, with the checks, limits and
//! telemetry that they share.
//!
//! [`app`] opens no port and reads no settings; the program does both, and tests need neither.

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::response::{IntoResponse, Response};

use crate::pages::{ErrorPage, Pages};
use crate::problem::Problem;
use crate::state::AppState;
use crate::{access, http, mcp, paths, rest};

/// The whole service: REST, MCP and web pages.
///
/// A request passes the layers from the last one added to the first: telemetry, compression and
/// headers, host, origin, authentication, `Accept`.
pub fn app(state: AppState, pages: Pages) -> Router {
    let Pages {
        router: page_routes,
        error_page,
    } = pages;
    let mcp = mcp::router(state.live_library().clone(), state.public_url().into());
    let routes = Router::new()
        .merge(rest::router())
        .merge(page_routes)
        .method_not_allowed_fallback(
            move |State(state): State<AppState>, method: Method, uri: Uri| async move {
                error_response(&state, &uri, method_not_allowed(&method, &uri), error_page)
            },
        )
        .merge(rest::well_known_router())
        .fallback(move |State(state): State<AppState>, uri: Uri| async move {
            error_response(&state, &uri, not_found(&uri), error_page)
        })
        .with_state(state.clone())
        .merge(mcp)
        .layer(middleware::from_fn(http::check_accept))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            access::authenticate,
        ));

    with_host_and_origin_checks(routes, &state)
        .layer(middleware::map_response(http::add_security_headers))
        .layer(http::compression())
        .layer(middleware::map_response(http::weaken_etag))
        .layer(middleware::from_fn_with_state(
            (state, error_page),
            http::track_request,
        ))
}

/// Adds the two checks that come before all others and are the same for REST, MCP and web: which
/// host the request names, and which site the page that sent it belongs to.
pub(crate) fn with_host_and_origin_checks(routes: Router, state: &AppState) -> Router {
    routes
        .layer(middleware::from_fn_with_state(
            state.clone(),
            access::check_origin,
        ))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            http::check_host,
        ))
}

fn not_found(uri: &Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("nothing found at {}", uri.path()),
    )
}

fn method_not_allowed(method: &Method, uri: &Uri) -> Problem {
    let detail = format!(
        "{} does not support {method}; see the Allow header for the supported methods",
        uri.path()
    );

    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

/// Problem details for programs, a page for people.
fn error_response(
    state: &AppState,
    uri: &Uri,
    problem: Problem,
    error_page: ErrorPage,
) -> Response {
    if paths::is_for_programs(uri.path()) {
        problem.into_response()
    } else {
        error_page(state, &problem)
    }
}
