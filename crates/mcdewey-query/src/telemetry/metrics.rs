//! The metrics behind `GET /metrics`. docs/operations.md lists them. Dashboards depend on their
//! names and labels, so these do not change.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mcdewey_core::{Generation, IndexState, Revision};
use mcdewey_search::{Mode, SearchResults};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::clock;
use super::connections::ConnectionMetrics;
use super::gauges::{GaugeGuard, gauge_value};
use super::labels::{
    BuildLabels, GenerationLabels, InterfaceLabels, ResponseLabels, RouteLabels, SearchErrorLabels,
    SearchLabels, StageLabels, SyncLabels, status_class,
};
use super::registrar::Registrar;
use crate::paths::Interface;

/// The stages of a search, in order. An answer from the cache has no others between `queue` and
/// `render`.
pub(crate) const STAGES: [&str; 8] = [
    "queue", "cache", "embed", "store", "fusion", "write", "rerank", "render",
];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// In seconds: pages take less than a millisecond, and the default deadline is 30 seconds.
const REQUEST_BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
/// In seconds: a stage can take as little as a tenth of a millisecond.
const STAGE_BUCKETS: [f64; 12] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 5.0,
];

#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<ResponseLabels, Counter>,
    request_seconds: Histograms<RouteLabels>,
    requests_in_flight: Family<InterfaceLabels, Gauge>,
    searches: Family<SearchLabels, Counter>,
    search_seconds: Histograms<SearchLabels>,
    stage_seconds: Histograms<StageLabels>,
    searches_without_answer: Family<SearchLabels, Counter>,
    searches_degraded: Family<SearchLabels, Counter>,
    search_errors: Family<SearchErrorLabels, Counter>,
    searches_running: Gauge,
    searches_waiting: Gauge,
    syncs: Family<SyncLabels, Counter>,
    last_sync: Family<SyncLabels, Gauge>,
    pub(super) connections: ConnectionMetrics,
    library: LibraryMetrics,
    /// The state that the library was last seen in, and since when.
    library_state: Mutex<Option<(Generation, Revision, Instant)>>,
}

#[derive(Debug)]
struct LibraryMetrics {
    up: Gauge,
    documents: Gauge,
    pages: Gauge,
    chunks: Gauge,
    embedded: Gauge,
    revision: Gauge,
    revision_age: Gauge,
    generation: Family<GenerationLabels, Gauge>,
}

fn request_histogram() -> Histogram {
    Histogram::new(REQUEST_BUCKETS)
}

fn stage_histogram() -> Histogram {
    Histogram::new(STAGE_BUCKETS)
}

impl LibraryMetrics {
    fn new(registrar: &mut Registrar) -> Self {
        Self {
            up: registrar.register("library_up", "Whether the library reports its state"),
            documents: registrar.register("library_documents", "Documents in the library"),
            pages: registrar.register("library_pages", "Pages and sections in the library"),
            chunks: registrar.register("library_passages", "Passages in the library"),
            embedded: registrar.register(
                "library_passages_embedded",
                "Passages in the library that are found by meaning",
            ),
            revision: registrar.register("library_revision", "Revision of the live index"),
            revision_age: registrar.register(
                "library_revision_age_seconds",
                "How long this process has seen the current revision",
            ),
            generation: registrar.register("library_info", "Generation of the live index"),
        }
    }
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registrar = Registrar::new("mcdewey");
        let build: Family<BuildLabels, Gauge> =
            registrar.register("build_info", "Version of the program");
        build
            .get_or_create(&BuildLabels {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);

        Self {
            requests: registrar.register(
                "requests",
                "Requests answered, by interface, route and status class",
            ),
            request_seconds: registrar.register_metric(
                "request_duration_seconds",
                "Time until the response starts, without sending its body",
                Family::new_with_constructor(request_histogram),
            ),
            requests_in_flight: registrar
                .register("requests_in_flight", "Requests without a response yet"),
            searches: registrar.register("searches", "Searches performed"),
            search_seconds: registrar.register_metric(
                "search_duration_seconds",
                "Time of a search, including the wait for a permit",
                Family::new_with_constructor(request_histogram),
            ),
            stage_seconds: registrar.register_metric(
                "search_stage_seconds",
                "Time of each stage of a search",
                Family::new_with_constructor(stage_histogram),
            ),
            searches_without_answer: registrar.register(
                "searches_without_answer",
                "Searches that found no answer in the library",
            ),
            searches_degraded: registrar
                .register("searches_degraded", "Searches of which a part failed"),
            search_errors: registrar.register(
                "search_refusals",
                "Searches that failed or were rejected, by error code",
            ),
            searches_running: registrar
                .register("searches_running", "Search permits that are in use"),
            searches_waiting: registrar
                .register("searches_waiting", "Searches that wait for a permit"),
            syncs: registrar.register("syncs", "Synchronisations that have ended"),
            last_sync: registrar.register(
                "last_sync_timestamp_seconds",
                "When the last synchronisation ended",
            ),
            connections: ConnectionMetrics::new(&mut registrar),
            library: LibraryMetrics::new(&mut registrar),
            library_state: Mutex::default(),
            registry: registrar.into_registry(),
        }
    }

    /// Counts a request as in flight until the guard is dropped.
    pub(super) fn in_flight(&self, face: Interface) -> GaugeGuard {
        let gauge = self
            .requests_in_flight
            .get_or_create_owned(&InterfaceLabels { face });
        GaugeGuard::new(gauge)
    }

    /// Counts a search as waiting until the guard is dropped.
    pub(super) fn waiting(&self) -> GaugeGuard {
        GaugeGuard::new(self.searches_waiting.clone())
    }

    /// Counts a response.
    pub(super) fn responded(&self, face: Interface, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        self.request_seconds
            .get_or_create(&RouteLabels {
                face,
                route: route.clone(),
            })
            .observe(took.as_secs_f64());

        self.requests
            .get_or_create(&ResponseLabels {
                face,
                route,
                status: status_class(status),
            })
            .inc();
    }

    /// Counts a search that was answered.
    pub(super) fn searched(&self, face: Interface, mode: Mode, results: &SearchResults) {
        let labels = SearchLabels {
            face,
            mode: mode.name(),
        };

        self.searches.get_or_create(&labels).inc();
        if results.no_answer.is_some() {
            self.searches_without_answer.get_or_create(&labels).inc();
        }
        if results.degraded.is_some() {
            self.searches_degraded.get_or_create(&labels).inc();
        }

        if let Some(total) = results.timings.get("total") {
            self.search_seconds
                .get_or_create(&labels)
                .observe(total.as_secs_f64());
        }

        for name in STAGES {
            if let Some(spent) = results.timings.get(name) {
                self.stage(face, mode.name(), name, spent.as_secs_f64());
            }
        }

        self.note_library_state(&results.state.generation, results.state.revision);
    }

    pub(super) fn stage(
        &self,
        face: Interface,
        mode: &'static str,
        stage: &'static str,
        seconds: f64,
    ) {
        self.stage_seconds
            .get_or_create(&StageLabels { face, mode, stage })
            .observe(seconds);
    }

    /// Counts a search that failed.
    pub(super) fn search_failed(&self, face: Interface, code: &'static str) {
        self.search_errors
            .get_or_create(&SearchErrorLabels { face, code })
            .inc();
    }

    pub(super) fn synced(&self, succeeded: bool) {
        let labels = SyncLabels::new(succeeded);
        self.syncs.get_or_create(&labels).inc();
        self.last_sync
            .get_or_create(&labels)
            .set(clock::unix_seconds().cast_signed());
    }

    pub(super) fn syncs(&self, succeeded: bool) -> u64 {
        self.syncs
            .get(&SyncLabels::new(succeeded))
            .map_or(0, |counter| counter.get())
    }

    /// All metrics in Prometheus' text format. `library` is the current state of the library, if it
    /// can be read.
    pub(super) fn text(
        &self,
        library: Option<&IndexState>,
        running_searches: usize,
    ) -> Result<String, std::fmt::Error> {
        self.searches_running
            .set(gauge_value(running_searches as u64));

        self.library.up.set(i64::from(library.is_some()));
        if let Some(state) = library {
            self.set_library_metrics(state);
        }

        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn set_library_metrics(&self, state: &IndexState) {
        let age = self.note_library_state(&state.generation, state.revision);

        let metrics = &self.library;
        metrics.documents.set(gauge_value(state.documents));
        metrics.pages.set(gauge_value(state.pages));
        metrics.chunks.set(gauge_value(state.chunks));
        metrics.embedded.set(gauge_value(state.coverage().embedded));
        metrics.revision.set(gauge_value(state.revision.0));
        metrics.revision_age.set(gauge_value(age.as_secs()));

        // Otherwise earlier generations would remain as series of their own.
        metrics.generation.clear();
        metrics
            .generation
            .get_or_create(&GenerationLabels {
                generation: state.generation.to_string(),
            })
            .set(1);
    }

    /// Notes the state of the library, and returns how long it has been in that state.
    fn note_library_state(&self, generation: &Generation, revision: Revision) -> Duration {
        let mut state = self
            .library_state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);

        match &*state {
            Some((last_generation, last_revision, since))
                if last_generation == generation && *last_revision == revision =>
            {
                since.elapsed()
            }
            _ => {
                *state = Some((generation.clone(), revision, Instant::now()));
                Duration::ZERO
            }
        }
    }
}
