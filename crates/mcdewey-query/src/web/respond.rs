//! Pages on their way out: what a browser may do with them, and whether it has them already.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use mcdewey_core::ContentHash;

use crate::rest::{self, Problem};

/// Everything a page consists of comes from this server, and nothing written into it runs.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
                      connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page, or 304 when the browser has it: the tag is made of the page itself. Weak: it may go
/// out compressed.
pub(super) fn page(headers: &HeaderMap, page: &impl Template) -> Response {
    let html = match render(page) {
        Ok(html) => html,
        Err(response) => return *response,
    };
    let tag = format!("W/\"{}\"", ContentHash::of(&html).short(16));
    let mut response = match rest::is_fresh(headers, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Html(html).into_response(),
    };
    let headers = response.headers_mut();

    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }

    response
}

/// A page that tells what was done; nobody keeps it.
pub(super) fn result(page: &impl Template) -> Response {
    let html = match render(page) {
        Ok(html) => html,
        Err(response) => return *response,
    };
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();

    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A page that tells of a problem, with its status.
pub(super) fn refusal(problem: &Problem, page: &impl Template) -> Response {
    let html = match render(page) {
        Ok(html) => html,
        Err(response) => return *response,
    };
    let mut response = Html(html).into_response();
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    problem.mark(&mut response);

    response
}

fn render(page: &impl Template) -> Result<String, Box<Response>> {
    page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        Box::new(
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the page could not be rendered",
            )
                .into_response(),
        )
    })
}
