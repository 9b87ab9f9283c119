//! Turns rendered templates into responses: security policy, caching and conditional requests.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use mcdewey_core::ContentHash;
use mcdewey_query::{Problem, rest};

/// Everything on a page comes from this server, and nothing inline runs.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
     connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// The page, or 304 if the client already has it.
///
/// The ETag is a hash of the page itself. It is weak because the response may be compressed.
pub(super) fn page(headers: &HeaderMap, page: &impl Template) -> Response {
    let html = match render(page) {
        Ok(html) => html,
        Err(response) => return *response,
    };

    let tag = format!("W/\"{}\"", ContentHash::of(&html).short(16));
    let mut response = if rest::is_fresh(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Html(html).into_response()
    };

    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }

    response
}

/// The result of a form submission; never cached.
pub(super) fn result(page: &impl Template) -> Response {
    let html = match render(page) {
        Ok(html) => html,
        Err(response) => return *response,
    };

    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

    response
}

/// An error page with the status and headers of its problem.
pub(super) fn error(problem: &Problem, page: &impl Template) -> Response {
    let html = match render(page) {
        Ok(html) => html,
        Err(response) => return *response,
    };

    let mut response = Html(html).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    problem.apply_to(&mut response);

    response
}

fn render(page: &impl Template) -> Result<String, Box<Response>> {
    page.render().map_err(|error| {
        tracing::error!(%error, "failed to render a page");
        Box::new(
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the page could not be rendered",
            )
                .into_response(),
        )
    })
}
