//! The telemetry that every request passes: one for the whole service, shared by all faces.

use std::time::Duration;

use mcdewey_core::{IndexState, SourcePath, SyncReport};
use tracing::Span;

use super::clock;
use super::connections::ConnectionNumbers;
use super::history::{History, Hour};
use super::labels::Face;
use super::metrics::Metrics;
use super::questions::{AskedQuestion, KeptQuestions, QuestionLog};
use super::readiness::Readiness;
use super::search_permits::SearchPermits;
use super::sync_log::{EndedSync, SyncLog};
use super::trace_parent::TraceParent;
use super::typeahead_debounce::TypeaheadDebounce;
use crate::rest::Problem;
use crate::{Library, SearchRequest};

/// How many may search at once, how long anything may take, and what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// Searches that run at once; more wait.
    pub searches_at_once: usize,
    /// A search that has waited so long for a place is refused as `overloaded`.
    pub longest_wait: Duration,
    /// A request that has no answer by then is refused as `unavailable`. Work on the library itself takes what it takes.
    pub deadline: Duration,
    /// A request whose body has not arrived by then is refused as `request_timeout`.
    pub body_timeout: Duration,
    /// A search that takes at least so long is slow, and its question kept.
    pub slow: Duration,
    /// Which questions are kept.
    pub question_log: KeptQuestions,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            searches_at_once: 16,
            longest_wait: Duration::from_secs(5),
            deadline: Duration::from_secs(30),
            body_timeout: Duration::from_secs(15),
            slow: Duration::from_secs(1),
            question_log: KeptQuestions::default(),
        }
    }
}

/// Counts requests, limits searches, remembers questions.
#[derive(Debug)]
pub struct Telemetry {
    pub(super) settings: TelemetrySettings,
    pub(super) metrics: Metrics,
    pub(super) places: SearchPermits,
    questions: QuestionLog,
    typed: TypeaheadDebounce,
    history: History,
    ended_syncs: SyncLog,
    readiness: Readiness,
    link: Option<Link>,
}

/// Joins a span to the trace that it belongs to.
type Link = fn(&Span, &TraceParent);

impl Telemetry {
    /// A telemetry with nothing counted yet.
    pub fn new(settings: TelemetrySettings) -> Self {
        let places = SearchPermits::new(settings.searches_at_once, settings.longest_wait);
        let questions = QuestionLog::new(settings.question_log, settings.slow);
        Self {
            settings,
            metrics: Metrics::new(),
            places,
            questions,
            typed: TypeaheadDebounce::default(),
            history: History::default(),
            ended_syncs: SyncLog::default(),
            readiness: Readiness::default(),
            link: None,
        }
    }

    /// The same telemetry, for a program that sends its spans to a collector: `link` joins one to the trace of whoever asked.
    #[must_use]
    pub fn with_link(mut self, link: Link) -> Self {
        self.link = Some(link);
        self
    }

    pub(super) fn link(&self, span: &Span, parent: &TraceParent) {
        if let Some(link) = self.link {
            link(span, parent);
        }
    }

    /// The numbers of the connections that requests come over.
    pub fn connections(&self) -> ConnectionNumbers {
        self.metrics.connections.clone()
    }

    /// Counts a synchronisation that has ended, and remembers how.
    pub fn synced(&self, outcome: Result<SyncReport, String>) {
        self.metrics.synced(outcome.is_ok());
        self.ended_syncs.add(now(), outcome);
    }

    /// The last synchronisation of each root, and what failed since; the latest first.
    pub(crate) fn ended_syncs(&self) -> Vec<EndedSync> {
        self.ended_syncs.all()
    }

    /// How many synchronisations have succeeded, or failed.
    pub fn syncs(&self, succeeded: bool) -> u64 {
        self.metrics.syncs(succeeded)
    }

    /// Which questions are kept.
    pub fn kept_questions(&self) -> KeptQuestions {
        self.settings.question_log
    }

    /// The questions that are kept, the latest first.
    pub(crate) fn questions(&self) -> Vec<AskedQuestion> {
        self.take_rested();
        self.questions.all()
    }

    /// Lets go of all that may hold something of removed documents: questions that were answered from them or name
    /// them, and what reports say of them. Counts stay.
    pub(crate) fn forget(&self, sources: &[SourcePath]) {
        self.typed.forget(sources);
        self.questions.forget(sources);
        self.ended_syncs.forget(sources);
    }

    /// The last week, hour by hour.
    pub(crate) fn hours(&self) -> Vec<Hour> {
        self.take_rested();
        self.history.hours(clock::unix_seconds())
    }

    /// Remembers that somebody found no answer among what was shown to them.
    pub(super) fn rejected(&self, request: &SearchRequest, face: Face, request_id: String) {
        let question = AskedQuestion::rejected(request);
        self.questions.keep(AskedQuestion {
            face: face.name(),
            request_id,
            when: now(),
            ..question
        });
    }

    /// Takes in a question that was asked, by a page as somebody types or in full.
    pub(super) fn asked(&self, question: AskedQuestion, typing_page: Option<&str>) {
        let whole = match typing_page {
            Some(page) => self.typed.hold(page, question),
            None => {
                self.typed.asked(&question);
                Some(question)
            }
        };

        whole.into_iter().for_each(|question| self.count(question));
        self.take_rested();
    }

    fn take_rested(&self) {
        self.typed
            .at_rest()
            .into_iter()
            .for_each(|question| self.count(question));
    }

    fn count(&self, question: AskedQuestion) {
        if let Some(is_answered) = question.is_answered() {
            self.history
                .add(clock::unix_seconds(), question.took, is_answered);
        }
        self.questions.keep(question);
    }

    /// Whether index and model answer; asked once a second at most, however many ask.
    pub(crate) async fn ready(&self, library: &Library) -> Result<IndexState, Problem> {
        self.readiness.ask(library).await
    }
}

/// The time of day, as it is kept with a question.
pub(super) fn now() -> String {
    clock::written(clock::unix_seconds())
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new(TelemetrySettings::default())
    }
}
