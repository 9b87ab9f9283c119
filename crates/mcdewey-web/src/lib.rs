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
mod overview;
mod page_files;
mod respond;
mod search;
mod search_form;
mod site;
mod status;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodFilter, MethodRouter, on};
use mcdewey_query::rest::{self, Method};
use mcdewey_query::{AppState, Pages};

/// Makes the route of a page for its method.
type Handler = fn(MethodFilter) -> MethodRouter<AppState>;

/// The routes of all pages and their static assets.
const ROUTES: [(Method, &str, Handler); 12] = [
    (Method::Get, "/", |method| on(method, search::get)),
    (Method::Get, "/c/{chunk_id}", |method| {
        on(method, chunk::get)
    }),
    (Method::Get, "/d/{*source}", |method| {
        on(method, document::get)
    }),
    (Method::Get, "/f/{*source}", |method| on(method, files::get)),
    (Method::Get, "/library", |method| on(method, library::get)),
    (Method::Get, "/compare", |method| on(method, compare::get)),
    (Method::Get, "/connect", |method| on(method, connect::get)),
    (Method::Get, "/status", |method| on(method, status::get)),
    (Method::Post, "/feedback", |method| {
        on(method, feedback::post).layer(DefaultBodyLimit::max(rest::MAX_BODY_BYTES))
    }),
    (Method::Get, "/api/docs", |method| on(method, api_docs::get)),
    (Method::Get, "/assets/{file}", |method| {
        on(method, assets::get)
    }),
    (Method::Get, "/favicon.ico", |method| {
        on(method, assets::icon)
    }),
];

/// All pages with their assets, and the page that shows an error, for [`mcdewey_query::app`].
pub fn pages() -> Pages {
    Pages {
        router: router(),
        error_page: error::error_page,
    }
}

fn router() -> Router<AppState> {
    ROUTES
        .into_iter()
        .fold(Router::new(), |router, (method, path, handler)| {
            router.route(path, handler(method.filter()))
        })
}
