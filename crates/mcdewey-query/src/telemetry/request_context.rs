//! The context of a request: the interface it was sent to, its id and span, its search permit and
//! its search. Code that answers a request finds the context in a task-local variable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::Request;
use mcdewey_search::{QueryError, SearchRequest, SearchResults};
use tracing::{Instrument, Span, field};

use super::questions::AskedQuestion;
use super::search_permits::SearchPermit;
use super::service_telemetry::{self, Telemetry};
use super::trace_parent::TraceParent;
use super::typeahead_debounce;
use crate::paths::Interface;
use crate::request_id;
use crate::wire::milliseconds;

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// The context of one request; clones share it.
#[derive(Clone)]
pub(crate) struct RequestContext(Arc<Inner>);

struct Inner {
    telemetry: Arc<Telemetry>,
    interface: Interface,
    id: String,
    /// The page that sent the request while its user was typing.
    typing_page: Option<String>,
    span: Span,
    permit: tokio::sync::Mutex<Option<SearchPermit>>,
    search: Mutex<Option<FinishedSearch>>,
}

/// The first search of a request. Further searches only help to present its answer.
pub(crate) struct FinishedSearch {
    pub(crate) mode: &'static str,
    /// Empty if the search failed.
    pub(crate) timings_ms: BTreeMap<String, f64>,
    /// When the search finished; the time after that is spent on rendering.
    pub(crate) finished: Instant,
}

impl RequestContext {
    pub(crate) fn new(telemetry: Arc<Telemetry>, request: &Request, route: &str) -> Self {
        let interface = Interface::for_path(request.uri().path());
        let id = request_id::from_headers(request.headers());
        let span = tracing::info_span!(
            "request",
            request_id = %id,
            face = interface.name(),
            method = %request.method(),
            route,
            trace_id = field::Empty,
            parent_id = field::Empty,
        );

        let context = Self(Arc::new(Inner {
            telemetry,
            interface,
            id,
            typing_page: typeahead_debounce::page(request.headers()),
            span,
            permit: tokio::sync::Mutex::default(),
            search: Mutex::default(),
        }));

        if let Some(parent) = TraceParent::from_headers(request.headers()) {
            context.log_trace(&parent);
            context.0.telemetry.link(&context.0.span, &parent);
        }

        context
    }

    /// The context of the request that the current task answers, if there is one.
    pub(super) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Runs `work` as part of the request, so that it finds this context and its log lines carry
    /// the request's id.
    pub(crate) async fn scope<T>(&self, work: impl Future<Output = T>) -> T {
        self.within(self.0.span.clone(), work).await
    }

    /// Like [`Self::scope`], for an MCP call, which may belong to a trace of its own.
    pub(crate) async fn scope_call<T>(
        &self,
        parent: Option<TraceParent>,
        work: impl Future<Output = T>,
    ) -> T {
        let Some(parent) = parent else {
            return self.scope(work).await;
        };

        self.log_trace(&parent);
        let TraceParent {
            trace_id,
            parent_id,
            ..
        } = &parent;

        let span = tracing::info_span!("call", request_id = %self.0.id, trace_id, parent_id);
        self.0.telemetry.link(&span, &parent);
        self.within(span, work).await
    }

    /// Runs `work` with the task-local variables of the request, in this span.
    async fn within<T>(&self, span: Span, work: impl Future<Output = T>) -> T {
        let work = CURRENT.scope(self.clone(), work);
        request_id::scope(self.0.id.clone(), work)
            .instrument(span)
            .await
    }

    /// Adds the trace to the fields of the request's log lines.
    fn log_trace(&self, parent: &TraceParent) {
        self.0
            .span
            .record("trace_id", &parent.trace_id)
            .record("parent_id", &parent.parent_id);
    }

    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    pub(crate) fn interface(&self) -> Interface {
        self.0.interface
    }

    /// Waits for a search permit, which the request keeps to its end. Further calls return at once.
    pub(super) async fn acquire_search_permit(&self) -> Result<(), QueryError> {
        let mut permit = self.0.permit.lock().await;
        if permit.is_none() {
            let _waiting = self.0.telemetry.metrics.waiting();
            *permit = Some(self.0.telemetry.search_permits.acquire().await?);
        }

        Ok(())
    }

    /// Counts the first search of the request, and records its question.
    pub(super) fn record_search(
        &self,
        request: &SearchRequest,
        outcome: &Result<SearchResults, QueryError>,
        took: Duration,
    ) {
        let Inner {
            telemetry,
            interface,
            id,
            typing_page,
            search,
            ..
        } = &*self.0;

        let mut search = search.lock().unwrap_or_else(PoisonError::into_inner);
        if search.is_some() {
            return;
        }

        let timings_ms = outcome
            .as_ref()
            .map(|results| milliseconds(&results.timings))
            .unwrap_or_default();

        *search = Some(FinishedSearch {
            mode: request.mode.name(),
            timings_ms,
            finished: Instant::now(),
        });

        match outcome {
            Ok(results) => telemetry
                .metrics
                .searched(*interface, request.mode, results),
            Err(error) => telemetry.metrics.search_failed(*interface, error.code()),
        }

        let question = AskedQuestion {
            when: service_telemetry::now(),
            face: interface.name(),
            request_id: id.clone(),
            ..AskedQuestion::new(request, outcome, took)
        };
        telemetry.record_question(question, typing_page.as_deref());
    }

    /// Counts how long it took to render the answer of the search.
    pub(crate) fn record_rendering(&self, mode: &'static str, seconds: f64) {
        self.0
            .telemetry
            .metrics
            .stage(self.0.interface, mode, "render", seconds);
    }

    /// Takes the request's search out of the context.
    pub(crate) fn take_search(&self) -> Option<FinishedSearch> {
        self.0
            .search
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Records that the sender of the current request found no answer among the hits of a search.
pub fn record_rejection(request: &SearchRequest) {
    if let Some(context) = RequestContext::current() {
        context
            .0
            .telemetry
            .record_rejection(request, context.interface(), context.id().to_owned());
    }
}
