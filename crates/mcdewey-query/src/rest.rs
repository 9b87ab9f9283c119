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
mod parameters;
mod removals;
mod search;
mod search_parameters;
mod sync;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use mcdewey_core::{RemovalRequest, RollbackRequest};

use crate::state::AppState;

pub use compare::{from_query as comparison, to_query as comparison_to_query};
pub use conditional::is_fresh;
pub use documents::page_selector;
pub use input::{chunk_id, form_pairs, pairs, path};
pub use parameters::Parameters;
pub use search_parameters::{from_query, to_pairs, to_query};

/// Largest request body in bytes: twice the longest question (`MAX_QUESTION_BYTES`).
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The routes under `/api/v1`, the OpenAPI description and the health checks.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/search", get(search::get).post(search::post))
        .route("/api/v1/search/batch", post(batch::post))
        .route("/api/v1/chunks/{chunk_id}", get(chunks::get))
        .route("/api/v1/documents/{*source}", get(documents::get))
        .route("/api/v1/library", get(library::get))
        .route("/api/v1/compare", get(compare::get))
        .route("/api/v1/sync", post(sync::post))
        .route(
            "/api/v1/generations/rollback",
            post(admin::change::<RollbackRequest>),
        )
        .route("/api/v1/removals", post(admin::change::<RemovalRequest>))
        .route("/openapi.json", get(openapi::get))
        .route("/api/v1/openapi.json", get(openapi::get))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}
