//! Telemetry and overload protection. Each request has a request context. [`Telemetry`] counts
//! it, limits how many requests search at once, and keeps the questions that found no answer.
//!
//! Metrics never identify content: labels only hold interfaces, route templates, modes and codes.

mod clock;
mod connections;
mod gauges;
mod history;
mod labels;
mod metrics;
mod questions;
mod readiness;
mod registrar;
mod request_context;
mod search_permits;
mod service_telemetry;
mod settings;
mod sync_log;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trace_parent;
mod track_search;
mod typeahead_debounce;

pub use connections::{ConnectionMetrics, OpenConnection, OverCapacity};
pub use history::HourStatistics;
pub(crate) use metrics::STAGES;
pub(crate) use questions::CAPACITY;
pub use questions::{AskedQuestion, QuestionLogPolicy, REJECTED};
pub(crate) use request_context::RequestContext;
pub use request_context::record_rejection;
pub use service_telemetry::Telemetry;
pub use settings::TelemetrySettings;
pub use sync_log::EndedSync;
pub use trace_parent::TraceParent;
pub use track_search::{compare, compare_snapshot, search};
pub(crate) use track_search::{search_snapshot, search_with_snapshot};
