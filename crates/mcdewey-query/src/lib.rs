//! The query service: a library over REST and MCP, and the frame of its web pages, which are
//! another crate. It searches the library through `mcdewey-search` and never touches the file
//! system.
//!
//! [`app`] puts the service together from an [`AppState`] and its [`Pages`]. Of these modules, each
//! uses only those above it:
//!
//! - `paths`: what the path of a request says about it; `request_id`; `authority`: host names and
//!   origins; `icon`; `feedback`: judgments, which the program stores; `auth`: who may do what
//! - `problem`: errors over HTTP, and which messages clients may see
//! - [`telemetry`]: metrics, the limit on concurrent searches, recorded questions
//! - `state`: what all requests share; `request_state`: what belongs to one of them
//! - `pages`: the web pages as a value
//! - [`http`]: hosts, deadlines, `Accept`, headers and compression, for every interface
//! - `access`: middleware that admits or rejects a request
//! - [`rest`] and [`mcp`]: the interfaces; REST has `/metrics` and the question log as well
//! - `service`: all of them behind one router; `startup`: what answers before the library is open
//!
//! The public items are what the program and the pages need: the program makes the state and
//! starts the router; a page extracts a [`RequestState`], reads its parameters with [`rest`],
//! searches with [`telemetry::search`], and shows a [`Problem`] where that fails.

#![forbid(unsafe_code)]

mod access;
mod authority;
#[cfg(test)]
mod documentation;
pub mod http;
mod icon;
pub mod links;
pub mod mcp;
pub mod page_label;
mod pages;
mod paths;
mod problem;
mod request_id;
mod request_state;
pub mod rest;
mod served_library;
mod service;
mod startup;
mod state;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod wire;

pub use authority::{LOOPBACK_HOSTS, is_host, is_origin};
pub use icon::ICON;
pub use pages::{ErrorPage, Pages};
pub use problem::Problem;
pub use request_state::RequestState;
pub use served_library::ServedLibrary;
pub use service::app;
pub use startup::Startup;
pub use state::{AppState, Filling};
pub use telemetry::{
    ConnectionMetrics, OpenConnection, OverCapacity, QuestionLogPolicy, Telemetry,
    TelemetrySettings, TraceParent,
};
