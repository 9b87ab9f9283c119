//! Server-rendered web pages that work without JavaScript, on any screen and in print.
//!
//! A page never shows a whole document, and text of a document can never run anything on the page
//! that shows it.

mod api_docs;
mod assets;
mod chart;
mod chunk;
mod compare;
mod connect;
mod document;
mod error;
mod facets;
mod feedback;
pub(crate) mod files;
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
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::Service;
use crate::rest;

pub(crate) use error::error_page;

/// All web pages and their static assets.
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
