//! What the service knows of its own work. A request is a [`Visit`]; the [`Desk`] counts it, lets a few search at once
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
mod desk;
mod door;
#[cfg(test)]
mod door_tests;
mod history;
mod labels;
#[cfg(test)]
mod log_testing;
mod measured;
mod metrics;
mod places;
mod questions;
mod readiness;
mod request_id;
mod routes;
mod server_timing;
mod sync_log;
#[cfg(test)]
mod tests;
mod trace_parent;
mod typed;
mod visit;

pub(crate) use clock::written;
pub(super) use compress::{compression, weaken};
pub use connections::{ConnectionNumbers, OpenConnection, OverCapacity};
pub use desk::{Desk, DeskSettings};
pub(super) use door::pass;
pub(crate) use history::Hour;
pub(crate) use measured::{measured, take_place};
pub use questions::KeptQuestions;
pub(crate) use questions::{AskedQuestion, REJECTED};
pub(super) use routes::router;
pub(crate) use sync_log::EndedSync;
pub use trace_parent::TraceParent;
pub(crate) use visit::{Visit, rejected, request_id};
