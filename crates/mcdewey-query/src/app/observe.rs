//! What the service knows of its own work. A request is a [`RequestContext`]; the [`Telemetry`] counts it, lets a few search at once
//! and makes the others wait for a moment, and remembers the questions that got no answer.
//!
//! Nothing of the library's content is counted by name: labels hold faces, route templates, modes and codes only.

mod body_deadline;
#[cfg(test)]
mod burst_tests;
mod clock;
mod compress;
mod connections;
mod deadline;
mod history;
mod labels;
#[cfg(test)]
mod log_testing;
mod measured;
mod metrics;
mod middleware;
#[cfg(test)]
mod middleware_tests;
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
mod tests;
mod trace_parent;
mod typeahead_debounce;

pub(crate) use clock::written;
pub(super) use compress::{compression, weaken};
pub use connections::{ConnectionNumbers, OpenConnection, OverCapacity};
pub(crate) use history::Hour;
pub(crate) use measured::{measured, take_place};
pub(super) use middleware::pass;
pub use questions::KeptQuestions;
pub(crate) use questions::{AskedQuestion, REJECTED};
pub(crate) use request_context::{RequestContext, rejected, request_id};
pub(super) use routes::router;
pub(crate) use sync_log::EndedSync;
pub use telemetry::{Telemetry, TelemetrySettings};
pub use trace_parent::TraceParent;
