//! What holds for every request over HTTP, whatever its interface: its host, its deadlines, the
//! media types that its client accepts, and the headers and compression of its response.

mod accept;
mod body_deadline;
mod compression;
mod deadline;
mod headers;
mod hosts;
mod server_timing;
mod track_request;

pub use accept::{Accept, JSON, not_acceptable};
pub(crate) use accept::{check_accept, offered_types};
pub(crate) use compression::{compression, weaken_etag};
pub(crate) use headers::{add_security_headers, is_json};
pub(crate) use hosts::{NoHost, check_host, requested_authority};
pub(crate) use track_request::track_request;
