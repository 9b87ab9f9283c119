//! The outermost layer: every request comes in here and its answer goes out here, with its name on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body_deadline::{self, BodyDeadline};
use super::connections::OverCapacity;
use super::labels::Face;
use super::request_context::RequestContext;
use super::{deadline, request_id, server_timing};
use crate::app::Service;
use crate::rest::Problem;
use crate::{Caller, web};

/// The route of what has none.
const NO_ROUTE: &str = "none";
/// What is answered even where there is no room for anything else: operators must see how the server is.
const ALWAYS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Lets a request in, and counts it when its answer is there.
pub(in crate::app) async fn pass(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let telemetry = Arc::clone(&service.telemetry);
    let route = route(&request);
    let visit = RequestContext::new(Arc::clone(&telemetry), &request, &route);
    let face = visit.face();
    let _under_way = telemetry.metrics.under_way(face);
    let limit = deadline::of(face, request.uri().path(), telemetry.settings.deadline);
    let is_refused = request.extensions().get::<OverCapacity>().is_some()
        && !ALWAYS.contains(&request.uri().path());
    let (mut request, body) = BodyDeadline::set(request, telemetry.settings.body_timeout);
    request.extensions_mut().insert(visit.clone());

    let answer = async {
        let mut response = if is_refused {
            over_capacity(&service, face)
        } else {
            let response = within(limit, next.run(request)).await;
            if body.has_passed() {
                late_body(&service, face)
            } else {
                response.unwrap_or_else(|| late(&service, face))
            }
        };

        mark(&visit, &mut response);
        let (status, milliseconds) = (
            response.status().as_u16(),
            began.elapsed().as_secs_f64() * 1000.0,
        );
        tracing::debug!(target: "mcdewey::access", status, milliseconds, "answered");
        response
    };

    let response = visit.during(answer).await;
    telemetry
        .metrics
        .answered(face, &route, response.status().as_u16(), began.elapsed());
    response
}

/// The answer, if it comes in time.
async fn within(
    limit: Option<Duration>,
    answer: impl Future<Output = Response>,
) -> Option<Response> {
    match limit {
        None => Some(answer.await),
        Some(limit) => tokio::time::timeout(limit, answer).await.ok(),
    }
}

/// The template that the path matched, never the path itself.
fn route(request: &Request) -> String {
    if Face::at(request.uri().path()) == Face::Mcp {
        return "/mcp".to_owned();
    }

    request
        .extensions()
        .get::<MatchedPath>()
        .map_or(NO_ROUTE, MatchedPath::as_str)
        .to_owned()
}

fn late(service: &Service, face: Face) -> Response {
    let problem = deadline::problem(service.telemetry.settings.deadline);
    tracing::warn!(deadline = ?service.telemetry.settings.deadline, "a request got no answer in time");
    refuse(service, face, problem)
}

fn late_body(service: &Service, face: Face) -> Response {
    let limit = service.telemetry.settings.body_timeout;
    tracing::debug!(?limit, "the body of a request did not arrive in time");
    refuse(service, face, body_deadline::problem(limit))
}

/// The connection has no place of its own; whoever accepted it logs that.
fn over_capacity(service: &Service, face: Face) -> Response {
    let detail = "the server has too many connections; try again in a moment";
    refuse(
        service,
        face,
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail),
    )
}

/// Programs get problem details, people a page.
fn refuse(service: &Service, face: Face, problem: Problem) -> Response {
    if face == Face::Web {
        web::error_page(&service.state(Caller::nobody()), &problem)
    } else {
        problem.into_response()
    }
}

/// Puts on an answer what it is called, and where its time went.
fn mark(visit: &RequestContext, response: &mut Response) {
    if let Ok(id) = HeaderValue::from_str(visit.id()) {
        response.headers_mut().insert(request_id::HEADER, id);
    }

    let Some(mut told) = visit.told() else { return };
    let rendered = told.done.elapsed().as_secs_f64();
    if told.timings.is_empty() {
        return;
    }

    visit.rendered(told.mode, rendered);
    told.timings.insert("render".to_owned(), rendered * 1000.0);
    if visit.face() != Face::Mcp
        && let Some(value) = server_timing::value(&told.timings)
    {
        response.headers_mut().insert(server_timing::HEADER, value);
    }
}
