//! The outermost middleware: creates the [`RequestContext`] of a request, enforces its deadlines,
//! and counts and labels its response.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body_deadline::{self, BodyDeadline};
use super::{deadline, server_timing};
use crate::pages::ErrorPage;
use crate::paths::Interface;
use crate::problem::Problem;
use crate::request_id;
use crate::state::AppState;
use crate::telemetry::{OverCapacity, RequestContext, Telemetry};

#[cfg(test)]
mod tests;

/// The route label of paths that match no route.
const NO_ROUTE: &str = "none";
/// Answered even on connections beyond the limit, so that operators can see the state of the
/// server.
const OPERATOR_PATHS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Runs a request within its context and counts its response.
pub(crate) async fn track_request(
    State((state, error_page)): State<(AppState, ErrorPage)>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let telemetry = Arc::clone(state.telemetry());
    let route = route_label(&request);
    let context = RequestContext::new(Arc::clone(&telemetry), &request, &route);
    let interface = context.interface();
    let _in_flight = telemetry.in_flight(interface);

    let respond = async {
        let mut response = match limited(&telemetry, &context, request, next).await {
            Ok(response) => response,
            Err(problem) if interface == Interface::Web => error_page(&state, &problem),
            Err(problem) => problem.into_response(),
        };
        add_response_headers(&context, &mut response);

        let (status, milliseconds) = (
            response.status().as_u16(),
            started.elapsed().as_secs_f64() * 1000.0,
        );
        tracing::debug!(target: "mcdewey::access", status, milliseconds, "answered");
        response
    };

    let response = context.scope(respond).await;
    telemetry.responded(
        interface,
        &route,
        response.status().as_u16(),
        started.elapsed(),
    );

    response
}

/// Runs a request with a limit on its body and on the whole, unless there is no capacity for it.
/// Fails if one of the limits is exceeded.
async fn limited(
    telemetry: &Telemetry,
    context: &RequestContext,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let settings = &telemetry.settings;
    let interface = context.interface();
    let path = request.uri().path();

    let is_over_capacity = request.extensions().get::<OverCapacity>().is_some();
    if is_over_capacity && !OPERATOR_PATHS.contains(&path) {
        return Err(over_capacity());
    }

    let limit = deadline::for_path(interface, path, settings.deadline);
    let (mut request, body) = BodyDeadline::set(request, settings.body_timeout);
    request.extensions_mut().insert(context.clone());

    let response = match limit {
        None => Some(next.run(request).await),
        Some(limit) => tokio::time::timeout(limit, next.run(request)).await.ok(),
    };

    // Handlers report a body that was cut off in various ways, so that comes first.
    if body.has_passed() {
        return Err(body_timed_out(settings.body_timeout));
    }

    response.ok_or_else(|| deadline_exceeded(settings.deadline))
}

/// The template that the path matched, never the path itself.
fn route_label(request: &Request) -> String {
    if Interface::for_path(request.uri().path()) == Interface::Mcp {
        return "/mcp".to_owned();
    }

    request
        .extensions()
        .get::<MatchedPath>()
        .map_or(NO_ROUTE, MatchedPath::as_str)
        .to_owned()
}

fn deadline_exceeded(deadline: Duration) -> Problem {
    tracing::warn!(?deadline, "a request exceeded its deadline");
    deadline::problem(deadline)
}

fn body_timed_out(limit: Duration) -> Problem {
    tracing::debug!(?limit, "the body of a request did not arrive in time");
    body_deadline::problem(limit)
}

/// Not logged here: the code that accepted the connection does so.
fn over_capacity() -> Problem {
    let detail = "the server has too many connections; try again in a moment";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
}

/// Adds the request id and, after a search, where its time went.
fn add_response_headers(context: &RequestContext, response: &mut Response) {
    if let Ok(id) = HeaderValue::from_str(context.id()) {
        response.headers_mut().insert(request_id::HEADER, id);
    }

    let Some(mut search) = context.take_search() else {
        return;
    };

    let render_seconds = search.finished.elapsed().as_secs_f64();
    // A search that failed has no timings.
    if search.timings_ms.is_empty() {
        return;
    }

    context.record_rendering(search.mode, render_seconds);
    search
        .timings_ms
        .insert("render".to_owned(), render_seconds * 1000.0);

    if context.interface() != Interface::Mcp
        && let Some(value) = server_timing::value(&search.timings_ms)
    {
        response.headers_mut().insert(server_timing::HEADER, value);
    }
}
