//! The library for people: server-rendered pages that work without scripts, on any screen, and on paper.
//!
//! Never shows a whole document, and never lets a document's text act on the page it is shown on.

mod api_docs;
mod assets;
mod chart;
mod chunk;
mod compare;
#[cfg(test)]
mod compare_tests;
mod connect;
mod document;
mod error;
mod facets;
mod feedback;
#[cfg(test)]
mod feedback_tests;
pub(crate) mod files;
#[cfg(test)]
mod files_tests;
mod format;
mod hit;
mod library;
mod markdown;
mod outline;
mod respond;
mod search;
mod site;
mod status;
#[cfg(test)]
mod status_tests;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::Service;
use crate::rest;

pub(crate) use error::error_page;

/// The pages and what they are dressed with.
pub(crate) fn router() -> Router<Service> {
    Router::new()
        .route("/", get(search::get))
        .route("/c/{chunk_id}", get(chunk::get))
        .route("/d/{*source}", get(document::get))
        .route("/f/{*source}", get(files::get))
        .route("/library", get(library::get))
        .route("/compare", get(compare::get))
        .route("/connect", get(connect::get))
        .route("/status", get(status::get))
        .route(
            "/feedback",
            post(feedback::post).layer(DefaultBodyLimit::max(rest::MAX_BODY_BYTES)),
        )
        .route("/api/docs", get(api_docs::get))
        .route("/assets/{file}", get(assets::get))
        .route("/favicon.ico", get(assets::icon))
}
