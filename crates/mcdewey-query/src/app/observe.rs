//! Telemetry and overload protection. Each request has a [`RequestContext`]. [`Telemetry`] counts
//! it, limits how many requests search at once, and keeps the questions that found no answer.
//!
//! Metrics never identify content: labels only hold interfaces, route templates, modes and codes.

mod body_deadline;
mod clock;
mod compress;
mod connections;
mod deadline;
mod history;
mod labels;
mod metrics;
mod middleware;
mod questions;
mod readiness;
mod request_context;
mod request_id;
mod routes;
mod search_permits;
mod server_timing;
mod sync_log;
mod telemetry;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trace_parent;
mod track_search;
mod typeahead_debounce;

pub(crate) use clock::format_utc;
pub(super) use compress::{compression, weaken_etag};
pub use connections::{ConnectionMetrics, OpenConnection, OverCapacity};
pub(crate) use history::HourStatistics;
pub(super) use middleware::track_request;
pub use questions::QuestionLogPolicy;
pub(crate) use questions::{AskedQuestion, REJECTED};
pub(crate) use request_context::{RequestContext, record_rejection, request_id};
pub(super) use routes::router;
pub(crate) use sync_log::EndedSync;
pub use telemetry::{Telemetry, TelemetrySettings};
pub use trace_parent::TraceParent;
pub(crate) use track_search::{acquire_search_permit, track_search};
