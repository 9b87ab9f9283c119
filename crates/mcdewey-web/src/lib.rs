//! The web pages of a library: rendered on the server, they work without JavaScript, on any screen
//! and in print. They are made for the service of `mcdewey-query`, which knows them as `Pages`.
//!
//! A page never shows a whole document, and text of a document can never run anything on the page
//! that shows it.

#![forbid(unsafe_code)]

mod api_docs;
mod assets;
mod chart;
mod chunk;
mod citation;
mod compare;
mod connect;
mod document;
mod error;
mod facets;
mod feedback;
mod files;
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
mod testing;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use mcdewey_query::{AppState, Pages, rest};

/// All pages with their assets, and the page that shows an error, for [`mcdewey_query::app`].
pub fn pages() -> Pages {
    Pages {
        router: router(),
        error_page: error::error_page,
    }
}

fn router() -> Router<AppState> {
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
