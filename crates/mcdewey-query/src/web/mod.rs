//! The library for people: server-rendered pages that work without scripts, on any screen, and on paper.
//!
//! Never shows a whole document, and never lets a document's text act on the page it is shown on.

mod api_docs;
mod assets;
mod chunk;
mod compare;
#[cfg(test)]
mod compare_tests;
mod connect;
mod document;
mod error;
mod facets;
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
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::get;

use crate::app::Service;

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
        .route("/api/docs", get(api_docs::get))
        .route("/assets/{file}", get(assets::get))
        .route("/favicon.ico", get(assets::icon))
}
