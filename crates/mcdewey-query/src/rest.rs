//! The REST API: JSON requests and responses, errors as problem details with stable codes.
//!
//! It never renders HTML and never changes the library itself: `POST /api/v1/sync`,
//! `POST /api/v1/generations/rollback` and `POST /api/v1/removals` ask the library's owner to.

mod admin;
mod batch;
mod chunks;
mod compare;
mod conditional;
mod documents;
mod generations;
mod health;
mod input;
mod library;
pub mod openapi;
mod operation;
mod operator;
mod parameters;
mod removals;
mod requests;
mod routes;
mod search;
mod sync;
#[cfg(test)]
mod tests;

pub use conditional::is_fresh;
pub use documents::{FILE_PARAMETERS, page_selector};
pub use input::{chunk_id, form_pairs, pairs, path};
pub use operation::{Handler, Method, Operation, PathParameter, RequestBody, SuccessResponse};
pub use parameters::Parameters;
pub use requests::{from_query, to_pairs, to_query};
pub use routes::OPERATIONS;
pub(crate) use routes::{router, well_known_router};

/// Largest request body in bytes: twice the longest question (`MAX_QUESTION_BYTES`).
pub const MAX_BODY_BYTES: usize = 64 * 1024;
