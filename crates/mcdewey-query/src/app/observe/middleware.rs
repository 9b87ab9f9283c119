//! The outermost middleware: creates the [`RequestContext`] of a request, enforces its deadlines,
//! and counts and labels its response.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body_deadline::{self, BodyDeadline};
use super::connections::OverCapacity;
use super::labels::Interface;
use super::request_context::RequestContext;
use super::{deadline, request_id, server_timing};
use crate::app::Service;
use crate::rest::Problem;
use crate::{Caller, web};

#[cfg(test)]
mod tests;

/// The route label of paths that match no route.
const NO_ROUTE: &str = "none";
/// Answered even on connections beyond the limit, so that operators can see the state of the
/// server.
const OPERATOR_PATHS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Runs a request within its context and counts its response.
pub(in crate::app) async fn track_request(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let telemetry = Arc::clone(&service.telemetry);
    let route = route_label(&request);
    let context = RequestContext::new(Arc::clone(&telemetry), &request, &route);
    let interface = context.interface();
    let _in_flight = telemetry.metrics.in_flight(interface);

    let respond = async {
        let mut response = limited(&service, &context, request, next).await;
        add_response_headers(&context, &mut response);

        let (status, milliseconds) = (
            response.status().as_u16(),
            started.elapsed().as_secs_f64() * 1000.0,
        );
        tracing::debug!(target: "mcdewey::access", status, milliseconds, "answered");
        response
    };

    let response = context.scope(respond).await;
    telemetry.metrics.responded(
        interface,
        &route,
        response.status().as_u16(),
        started.elapsed(),
    );

    response
}

/// Runs a request with a limit on its body and on the whole, unless there is no capacity for it.
async fn limited(
    service: &Service,
    context: &RequestContext,
    request: Request,
    next: Next,
) -> Response {
    let settings = &service.telemetry.settings;
    let interface = context.interface();
    let path = request.uri().path();

    let is_over_capacity = request.extensions().get::<OverCapacity>().is_some();
    if is_over_capacity && !OPERATOR_PATHS.contains(&path) {
        return over_capacity(service, interface);
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
        body_timed_out(service, interface)
    } else {
        response.unwrap_or_else(|| deadline_exceeded(service, interface))
    }
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

fn deadline_exceeded(service: &Service, interface: Interface) -> Response {
    let deadline = service.telemetry.settings.deadline;
    tracing::warn!(?deadline, "a request exceeded its deadline");
    error_response(service, interface, deadline::problem(deadline))
}

fn body_timed_out(service: &Service, interface: Interface) -> Response {
    let limit = service.telemetry.settings.body_timeout;
    tracing::debug!(?limit, "the body of a request did not arrive in time");
    error_response(service, interface, body_deadline::problem(limit))
}

/// Not logged here: the code that accepted the connection does so.
fn over_capacity(service: &Service, interface: Interface) -> Response {
    let detail = "the server has too many connections; try again in a moment";
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
    error_response(service, interface, problem)
}

/// Problem details for programs, a page for people.
fn error_response(service: &Service, interface: Interface, problem: Problem) -> Response {
    if interface == Interface::Web {
        web::error_page(&service.state(Caller::nobody()), &problem)
    } else {
        problem.into_response()
    }
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
