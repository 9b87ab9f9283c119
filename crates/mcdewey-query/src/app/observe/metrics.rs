//! The numbers behind `GET /metrics`. docs/operations.md lists them; names and labels are a contract with dashboards.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mcdewey_core::{Generation, IndexState, Revision};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use super::clock;
use super::connections::ConnectionNumbers;
use super::labels::{
    Answered, AtFace, AtRoute, Build, Ended, Face, Refused, Searched, Stage, Which, class,
};
use super::server_timing::STAGES;
use crate::{Mode, SearchAnswer};

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Seconds: a page is made in less than a millisecond, a deadline is 30.
const REQUEST_BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
/// A stage may take a tenth of a millisecond.
const STAGE_BUCKETS: [f64; 12] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 5.0,
];

#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    request_seconds: Histograms<AtRoute>,
    in_flight: Family<AtFace, Gauge>,
    searches: Family<Searched, Counter>,
    search_seconds: Histograms<Searched>,
    stage_seconds: Histograms<Stage>,
    without_answer: Family<Searched, Counter>,
    degraded: Family<Searched, Counter>,
    refusals: Family<Refused, Counter>,
    running: Gauge,
    waiting: Gauge,
    syncs: Family<Ended, Counter>,
    last_sync: Family<Ended, Gauge>,
    pub(super) connections: ConnectionNumbers,
    library: LibraryNumbers,
    /// The state that answers now, and since when this process has seen it.
    seen: Mutex<Option<(Generation, Revision, Instant)>>,
}

#[derive(Debug)]
struct LibraryNumbers {
    up: Gauge,
    documents: Gauge,
    pages: Gauge,
    passages: Gauge,
    revision: Gauge,
    revision_age: Gauge,
    generation: Family<Which, Gauge>,
}

/// Registers what it makes.
pub(super) struct Maker(Registry);

impl Maker {
    fn with<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    pub(super) fn one<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        self.with(name, help, M::default())
    }
}

fn request_histogram() -> Histogram {
    Histogram::new(REQUEST_BUCKETS)
}

fn stage_histogram() -> Histogram {
    Histogram::new(STAGE_BUCKETS)
}

impl LibraryNumbers {
    fn new(make: &mut Maker) -> Self {
        Self {
            up: make.one("library_up", "Whether the library tells its state"),
            documents: make.one("library_documents", "Documents in the library"),
            pages: make.one("library_pages", "Pages and sections in the library"),
            passages: make.one("library_passages", "Passages in the library"),
            revision: make.one("library_revision", "Revision that answers"),
            revision_age: make.one(
                "library_revision_age_seconds",
                "How long this process has seen the revision that answers",
            ),
            generation: make.one("library_info", "Generation of the index that answers"),
        }
    }
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut make = Maker(Registry::with_prefix("mcdewey"));
        let build: Family<Build, Gauge> = make.one("build_info", "Version of the program");
        build
            .get_or_create(&Build {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);

        Self {
            requests: make.one(
                "requests",
                "Requests answered, by face, route and class of status",
            ),
            request_seconds: make.with(
                "request_duration_seconds",
                "Time to an answer, its body not counted",
                Family::new_with_constructor(request_histogram),
            ),
            in_flight: make.one("requests_in_flight", "Requests without an answer yet"),
            searches: make.one("searches", "Questions that were searched for"),
            search_seconds: make.with(
                "search_duration_seconds",
                "Time of a search, its wait for a place included",
                Family::new_with_constructor(request_histogram),
            ),
            stage_seconds: make.with(
                "search_stage_seconds",
                "Time of each stage of a search",
                Family::new_with_constructor(stage_histogram),
            ),
            without_answer: make.one(
                "searches_without_answer",
                "Searches that found no answer in the library",
            ),
            degraded: make.one(
                "searches_degraded",
                "Searches that were answered without a part that failed",
            ),
            refusals: make.one("search_refusals", "Searches that were refused, by code"),
            running: make.one("searches_running", "Places for searches that are taken"),
            waiting: make.one("searches_waiting", "Searches that wait for a place"),
            syncs: make.one("syncs", "Synchronisations that have ended"),
            last_sync: make.one(
                "last_sync_timestamp_seconds",
                "When the last synchronisation ended",
            ),
            connections: ConnectionNumbers::new(&mut make),
            library: LibraryNumbers::new(&mut make),
            seen: Mutex::default(),
            registry: make.0,
        }
    }

    /// Counts a request as under way until the guard is dropped.
    pub(super) fn under_way(&self, face: Face) -> Counted {
        Counted::new(self.in_flight.get_or_create_owned(&AtFace { face }))
    }

    /// Counts a search as waiting until the guard is dropped.
    pub(super) fn waiting(&self) -> Counted {
        Counted::new(self.waiting.clone())
    }

    pub(super) fn answered(&self, face: Face, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        self.request_seconds
            .get_or_create(&AtRoute {
                face,
                route: route.clone(),
            })
            .observe(took.as_secs_f64());

        self.requests
            .get_or_create(&Answered {
                face,
                route,
                status: class(status),
            })
            .inc();
    }

    pub(super) fn searched(&self, face: Face, mode: Mode, answer: &SearchAnswer) {
        let labels = Searched {
            face,
            mode: mode.name(),
        };
        self.searches.get_or_create(&labels).inc();
        if answer.no_answer.is_some() {
            self.without_answer.get_or_create(&labels).inc();
        }

        if answer.degraded.is_some() {
            self.degraded.get_or_create(&labels).inc();
        }

        if let Some(milliseconds) = answer.timings_ms.get("total") {
            self.search_seconds
                .get_or_create(&labels)
                .observe(milliseconds / 1000.0);
        }

        for name in STAGES {
            if let Some(milliseconds) = answer.timings_ms.get(name) {
                self.stage(face, mode.name(), name, milliseconds / 1000.0);
            }
        }

        self.saw(&answer.generation, answer.revision);
    }

    pub(super) fn stage(&self, face: Face, mode: &'static str, stage: &'static str, seconds: f64) {
        self.stage_seconds
            .get_or_create(&Stage { face, mode, stage })
            .observe(seconds);
    }

    pub(super) fn refused(&self, face: Face, code: &'static str) {
        self.refusals.get_or_create(&Refused { face, code }).inc();
    }

    pub(super) fn synced(&self, succeeded: bool) {
        let ended = Ended::with(succeeded);
        self.syncs.get_or_create(&ended).inc();
        self.last_sync
            .get_or_create(&ended)
            .set(clock::unix_seconds().cast_signed());
    }

    pub(super) fn syncs(&self, succeeded: bool) -> u64 {
        self.syncs
            .get(&Ended::with(succeeded))
            .map_or(0, |counter| counter.get())
    }

    /// All numbers as text, with what the library says of itself now.
    pub(super) fn text(
        &self,
        library: Option<&IndexState>,
        running: usize,
    ) -> Result<String, std::fmt::Error> {
        self.running.set(gauge(running as u64));
        self.library.up.set(i64::from(library.is_some()));
        if let Some(state) = library {
            let numbers = &self.library;
            numbers.documents.set(gauge(state.documents));
            numbers.pages.set(gauge(state.pages));
            numbers.passages.set(gauge(state.chunks));
            numbers.revision.set(gauge(state.revision.0));

            numbers
                .revision_age
                .set(gauge(self.saw(&state.generation, state.revision).as_secs()));
            numbers.generation.clear();
            numbers
                .generation
                .get_or_create(&Which {
                    generation: state.generation.to_string(),
                })
                .set(1);
        }

        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// Notes which state answers; says for how long it has.
    fn saw(&self, generation: &Generation, revision: Revision) -> Duration {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match &*seen {
            Some((known, at, since)) if known == generation && *at == revision => since.elapsed(),
            _ => {
                *seen = Some((generation.clone(), revision, Instant::now()));
                Duration::ZERO
            }
        }
    }
}

pub(super) fn gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Counts one while it lives.
pub(super) struct Counted(Gauge);

impl Counted {
    pub(super) fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
