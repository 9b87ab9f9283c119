//! The telemetry of the whole service, shared by REST, MCP and web.

use std::time::Duration;

use mcdewey_core::{IndexState, SourcePath, SyncReport};
use mcdewey_search::{Library, SearchRequest};
use tracing::Span;

use super::clock;
use super::connections::ConnectionMetrics;
use super::gauges::GaugeGuard;
use super::history::{History, HourStatistics};
use super::metrics::Metrics;
use super::questions::{AskedQuestion, QuestionLog, QuestionLogPolicy};
use super::readiness::Readiness;
use super::search_permits::SearchPermits;
use super::settings::TelemetrySettings;
use super::sync_log::{EndedSync, SyncLog};
use super::trace_parent::TraceParent;
use super::typeahead_debounce::TypeaheadDebounce;
use crate::paths::Interface;
use crate::problem::Problem;

/// Counts requests, limits concurrent searches and keeps the question log.
#[derive(Debug)]
pub struct Telemetry {
    pub(crate) settings: TelemetrySettings,
    pub(super) metrics: Metrics,
    pub(super) search_permits: SearchPermits,
    questions: QuestionLog,
    typeahead: TypeaheadDebounce,
    history: History,
    sync_log: SyncLog,
    readiness: Readiness,
    link: Option<LinkSpan>,
}

/// Joins a span to the trace it belongs to.
type LinkSpan = fn(&Span, &TraceParent);

impl Telemetry {
    pub fn new(settings: TelemetrySettings) -> Self {
        let search_permits = SearchPermits::new(settings.searches_at_once, settings.longest_wait);
        let questions = QuestionLog::new(settings.question_log, settings.slow);

        Self {
            settings,
            metrics: Metrics::new(),
            search_permits,
            questions,
            typeahead: TypeaheadDebounce::default(),
            history: History::default(),
            sync_log: SyncLog::default(),
            readiness: Readiness::default(),
            link: None,
        }
    }

    /// For programs that send their spans to a collector: `link` joins a span to the client's
    /// trace.
    #[must_use]
    pub fn with_link(mut self, link: LinkSpan) -> Self {
        self.link = Some(link);
        self
    }

    pub(super) fn link(&self, span: &Span, parent: &TraceParent) {
        if let Some(link) = self.link {
            link(span, parent);
        }
    }

    /// The metrics of the connections that requests come over.
    pub fn connections(&self) -> ConnectionMetrics {
        self.metrics.connections.clone()
    }

    /// Counts a synchronisation that has ended, and keeps its outcome.
    pub fn synced(&self, outcome: Result<SyncReport, String>) {
        self.metrics.synced(outcome.is_ok());
        self.sync_log.add(now(), outcome);
    }

    /// The last synchronisation of each root and the last failure since, the latest first.
    pub fn ended_syncs(&self) -> Vec<EndedSync> {
        self.sync_log.all()
    }

    /// How many synchronisations have succeeded, or failed.
    pub fn syncs(&self, succeeded: bool) -> u64 {
        self.metrics.syncs(succeeded)
    }

    /// Which questions are kept.
    pub fn kept_questions(&self) -> QuestionLogPolicy {
        self.settings.question_log
    }

    /// The questions that are kept, the latest first.
    pub fn questions(&self) -> Vec<AskedQuestion> {
        self.record_settled_questions();
        self.questions.all()
    }

    /// Drops everything that may contain something of removed documents: questions that were
    /// answered from them or name them, and what reports say about them. Counts stay.
    pub(crate) fn forget(&self, sources: &[SourcePath]) {
        self.typeahead.forget(sources);
        self.questions.forget(sources);
        self.sync_log.forget(sources);
    }

    /// Statistics of the last week, hour by hour.
    pub fn hours(&self) -> Vec<HourStatistics> {
        self.record_settled_questions();
        self.history.hours(clock::unix_seconds())
    }

    /// Keeps a question for which a reader found no answer among the hits.
    pub(super) fn record_rejection(
        &self,
        request: &SearchRequest,
        interface: Interface,
        request_id: String,
    ) {
        self.questions.add(AskedQuestion {
            face: interface.name(),
            request_id,
            when: now(),
            ..AskedQuestion::rejected(request)
        });
    }

    /// Records a question. One that a page asked while its user was typing is recorded only once
    /// the typing has stopped.
    pub(super) fn record_question(&self, question: AskedQuestion, typing_page: Option<&str>) {
        let complete = match typing_page {
            Some(page) => self.typeahead.hold(page, question),
            None => {
                self.typeahead.drop_beginnings_of(&question);
                Some(question)
            }
        };

        if let Some(question) = complete {
            self.record_complete_question(question);
        }
        self.record_settled_questions();
    }

    fn record_settled_questions(&self) {
        for question in self.typeahead.take_settled() {
            self.record_complete_question(question);
        }
    }

    fn record_complete_question(&self, question: AskedQuestion) {
        if let Some(is_answered) = question.is_answered() {
            self.history
                .add(clock::unix_seconds(), question.took, is_answered);
        }
        self.questions.add(question);
    }

    /// Counts a request as in flight until the guard is dropped.
    pub(crate) fn in_flight(&self, interface: Interface) -> GaugeGuard {
        self.metrics.in_flight(interface)
    }

    /// Counts a response. `route` is the template that the request's path matched.
    pub(crate) fn responded(&self, interface: Interface, route: &str, status: u16, took: Duration) {
        self.metrics.responded(interface, route, status, took);
    }

    /// All metrics in Prometheus' text format. `library` is the current state of the library, if it
    /// can be read.
    pub(crate) fn metrics_text(
        &self,
        library: Option<&IndexState>,
    ) -> Result<String, std::fmt::Error> {
        self.metrics.text(library, self.search_permits.in_use())
    }

    /// Whether index and model can answer. The result is cached for a second.
    pub(crate) async fn ready(&self, library: &Library) -> Result<IndexState, Problem> {
        self.readiness.check(library).await
    }
}

/// The current time in the format of the question log.
pub(super) fn now() -> String {
    mcdewey_core::format_utc(clock::unix_seconds())
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new(TelemetrySettings::default())
    }
}
