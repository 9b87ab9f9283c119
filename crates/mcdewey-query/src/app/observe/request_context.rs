//! One request on its way through the service: which face it came to, what it is called, and what its search told.
//! Whoever answers it finds its visit without being handed it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::Request;
use tracing::{Instrument, Span, field};

use super::labels::Face;
use super::questions::AskedQuestion;
use super::request_id as name;
use super::search_permits::SearchPermit;
use super::telemetry::{self, Telemetry};
use super::trace_parent::TraceParent;
use super::typeahead_debounce;
use crate::{QueryError, SearchAnswer, SearchRequest};

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// A request; clones are the same one.
#[derive(Clone)]
pub(crate) struct RequestContext(Arc<Inner>);

struct Inner {
    telemetry: Arc<Telemetry>,
    face: Face,
    id: String,
    /// The page that asks while somebody types.
    typing_page: Option<String>,
    span: Span,
    place: tokio::sync::Mutex<Option<SearchPermit>>,
    told: Mutex<Option<Told>>,
}

/// What the first search of a visit told. Further ones only serve to show its answer.
pub(super) struct Told {
    pub(super) mode: &'static str,
    pub(super) timings: BTreeMap<String, f64>,
    /// When the search was done; what comes behind is rendering.
    pub(super) done: Instant,
}

impl RequestContext {
    pub(super) fn new(telemetry: Arc<Telemetry>, request: &Request, route: &str) -> Self {
        let (face, id) = (Face::at(request.uri().path()), name::of(request.headers()));
        let span = tracing::info_span!(
            "request",
            request_id = %id,
            face = face.name(),
            method = %request.method(),
            route,
            trace_id = field::Empty,
            parent_id = field::Empty,
        );

        let typing_page = typeahead_debounce::page(request.headers());
        let (place, told) = (Default::default(), Mutex::default());
        let visit = Self(Arc::new(Inner {
            telemetry,
            face,
            id,
            typing_page,
            span,
            place,
            told,
        }));

        if let Some(parent) = TraceParent::of(request.headers()) {
            visit.note(&parent);
            visit.0.telemetry.link(&visit.0.span, &parent);
        }

        visit
    }

    /// The visit that is answered here, if this is the answer to a request.
    pub(super) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Does this work as a part of the visit: in its name, and with its name on every line of the log.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        CURRENT
            .scope(self.clone(), work)
            .instrument(self.0.span.clone())
            .await
    }

    /// The same for a call that the request carries, which may belong to a trace of its own.
    pub(crate) async fn during_call<T>(
        &self,
        parent: Option<TraceParent>,
        work: impl Future<Output = T>,
    ) -> T {
        let Some(parent) = parent else {
            return self.during(work).await;
        };
        self.note(&parent);
        let TraceParent {
            trace_id,
            parent_id,
            ..
        } = &parent;

        let span = tracing::info_span!("call", request_id = %self.0.id, trace_id, parent_id);
        self.0.telemetry.link(&span, &parent);
        CURRENT.scope(self.clone(), work).instrument(span).await
    }

    /// Lets the log say which trace the request belongs to.
    fn note(&self, parent: &TraceParent) {
        self.0
            .span
            .record("trace_id", &parent.trace_id)
            .record("parent_id", &parent.parent_id);
    }

    pub(super) fn id(&self) -> &str {
        &self.0.id
    }

    pub(super) fn face(&self) -> Face {
        self.0.face
    }

    /// Waits for a place to search, and keeps it to the end of the visit.
    pub(super) async fn take_place(&self) -> Result<(), QueryError> {
        let mut place = self.0.place.lock().await;
        if place.is_none() {
            let _waiting = self.0.telemetry.metrics.waiting();
            *place = Some(self.0.telemetry.places.take().await?);
        }

        Ok(())
    }

    /// Counts the visit's first search, and keeps its question where that is to be kept.
    pub(super) fn searched(
        &self,
        request: &SearchRequest,
        outcome: &Result<SearchAnswer, QueryError>,
        took: Duration,
    ) {
        let Inner {
            telemetry,
            face,
            id,
            typing_page,
            told,
            ..
        } = &*self.0;

        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some() {
            return;
        }

        let timings = outcome
            .as_ref()
            .map(|answer| answer.timings_ms.clone())
            .unwrap_or_default();

        *told = Some(Told {
            mode: request.mode.name(),
            timings,
            done: Instant::now(),
        });

        match outcome {
            Ok(answer) => telemetry.metrics.searched(*face, request.mode, answer),
            Err(error) => telemetry.metrics.refused(*face, error.code()),
        }

        let mut question = AskedQuestion::new(request, outcome, took);
        question.when = telemetry::now();
        question.face = face.name();
        question.request_id = id.clone();
        telemetry.asked(question, typing_page.as_deref());
    }

    /// Counts how long it took to make an answer of what the search told.
    pub(super) fn rendered(&self, mode: &'static str, seconds: f64) {
        self.0
            .telemetry
            .metrics
            .stage(self.0.face, mode, "render", seconds);
    }

    /// What the search told, once.
    pub(super) fn told(&self) -> Option<Told> {
        self.0
            .told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// What the request that is answered here is called.
pub(crate) fn request_id() -> Option<String> {
    RequestContext::current().map(|visit| visit.0.id.clone())
}

/// Remembers that whoever sent the request that is answered here found no answer among the hits of a search.
pub(crate) fn rejected(request: &SearchRequest) {
    if let Some(visit) = RequestContext::current() {
        visit
            .0
            .telemetry
            .rejected(request, visit.face(), visit.0.id.clone());
    }
}
