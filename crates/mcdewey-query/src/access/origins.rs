//! Checks which web pages may call the server, for REST, MCP and web alike: its own pages, and
//! those of sites that the settings allow. Pages of other sites cannot change anything or send a
//! message; they may send a GET request, whose response the browser withholds from them.
//!
//! Another port of this machine is another site. Programs send no `Origin`, so this check does not
//! concern them.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::authority::{Authority, WebOrigin};
use crate::http::requested_authority;
use crate::problem::Problem;
use crate::state::AppState;

/// Request headers that a page may send, including those of MCP.
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, authorization, content-type, if-none-match, last-event-id, mcp-method, mcp-name, \
     mcp-protocol-version, mcp-session-id, x-request-id",
);
const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
/// Response headers that a page may read.
const EXPOSED_HEADERS: HeaderValue =
    HeaderValue::from_static("etag, retry-after, server-timing, www-authenticate, x-request-id");
/// How long a browser may cache the result of a preflight request, in seconds.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("3600");

/// The page that sent a request, according to its `Origin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageOrigin {
    /// No page: the request has no `Origin`.
    None,
    /// A page of this server.
    Own,
    /// A page of a site that the settings allow.
    Allowed,
    /// A page of any other site, or a header that no browser sends.
    Foreign,
}

/// Checks the `Origin` of a request before it reaches authentication or a handler.
pub(crate) async fn check_origin(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let page = classify(
        request.headers(),
        requested_authority(request.headers(), request.uri()).as_ref(),
        WebOrigin::from_url(state.public_url()).as_ref(),
        state.access().origins(),
    );
    let origin = request.headers().get(header::ORIGIN).cloned();

    let only_reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let response = match page {
        PageOrigin::Foreign if !only_reads => origin_not_allowed().into_response(),
        PageOrigin::Allowed if request.method() == Method::OPTIONS => preflight(),
        PageOrigin::None | PageOrigin::Own | PageOrigin::Allowed | PageOrigin::Foreign => {
            next.run(request).await
        }
    };

    match origin.filter(|_| page == PageOrigin::Allowed) {
        Some(origin) => vary_on_origin(permit(response, origin), &state),
        None => vary_on_origin(response, &state),
    }
}

/// Classifies the `Origin` headers. `requested` is the address of the request, which the host check
/// has accepted, and `public` the server's public address.
fn classify(
    headers: &HeaderMap,
    requested: Option<&Authority>,
    public: Option<&WebOrigin>,
    allowed: &[String],
) -> PageOrigin {
    let mut origins = headers.get_all(header::ORIGIN).into_iter();
    let origin = match (origins.next(), origins.next()) {
        (None, _) => return PageOrigin::None,
        (Some(origin), None) => origin.to_str().ok().and_then(WebOrigin::parse),
        (Some(_), Some(_)) => None,
    };

    let Some(origin) = origin else {
        return PageOrigin::Foreign;
    };

    let is_own = public == Some(&origin)
        || requested.is_some_and(|requested| is_served_here(&origin, requested, public));
    if is_own {
        return PageOrigin::Own;
    }

    let is_allowed = allowed
        .iter()
        .any(|allowed| WebOrigin::parse(allowed).as_ref() == Some(&origin));

    if is_allowed {
        PageOrigin::Allowed
    } else {
        PageOrigin::Foreign
    }
}

/// Whether a page comes from the address that the request was sent to. If the public address shows
/// that this host uses TLS, a page without TLS is foreign.
fn is_served_here(origin: &WebOrigin, requested: &Authority, public: Option<&WebOrigin>) -> bool {
    let is_downgrade = public
        .is_some_and(|public| public.is_secure && public.host == origin.host && !origin.is_secure);

    origin.is_served_by(requested) && !is_downgrade
}

fn origin_not_allowed() -> Problem {
    let detail = "pages of other sites may not change anything here; \
                  to allow a site, add it to allowed_origins in the settings";
    Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)
}

/// The response to the preflight request that a browser sends before the actual one.
fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);

    response
}

/// Lets the page read the response.
fn permit(mut response: Response, origin: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    response
}

/// Keeps caches from sending one page the response of another, which may read more.
fn vary_on_origin(mut response: Response, state: &AppState) -> Response {
    if !state.access().origins().is_empty() {
        response
            .headers_mut()
            .append(header::VARY, HeaderValue::from(header::ORIGIN));
    }

    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Classifies these `Origin` headers of a request to `requested`.
    fn classified(origins: &[&'static str], requested: &str, public: &str) -> PageOrigin {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }

        let allowed = [
            "https://portal.example.com".to_owned(),
            "HTTP://Tool.example.com:80".to_owned(),
        ];

        classify(
            &headers,
            Authority::parse(requested).as_ref(),
            WebOrigin::from_url(public).as_ref(),
            &allowed,
        )
    }

    #[test]
    fn own_pages_come_from_the_requested_address_or_the_public_one() {
        let origin_of =
            |origin| classified(&[origin], "127.0.0.1:8080", "https://docs.example.com/base");
        assert_eq!(origin_of("http://127.0.0.1:8080"), PageOrigin::Own);
        assert_eq!(origin_of("https://docs.example.com"), PageOrigin::Own);
        assert_eq!(origin_of("https://docs.example.com:443"), PageOrigin::Own);
        assert_eq!(
            classified(
                &["https://docs.example.com"],
                "docs.example.com",
                "http://127.0.0.1:1"
            ),
            PageOrigin::Own
        );
        assert_eq!(
            classified(&["http://[::1]:8080"], "[0::1]:8080", ""),
            PageOrigin::Own
        );
        assert_eq!(classified(&[], "127.0.0.1:8080", ""), PageOrigin::None);
    }

    #[test]
    fn allowed_origins_are_compared_in_normal_form() {
        for origin in [
            "https://portal.example.com",
            "https://portal.example.com:443",
            "http://tool.example.com",
        ] {
            assert_eq!(
                classified(&[origin], "127.0.0.1:8080", ""),
                PageOrigin::Allowed,
                "{origin}"
            );
        }
    }

    #[test]
    fn everything_else_is_foreign() {
        for origin in [
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:6274",
            "http://127.0.0.1:8080.evil.example",
            "http://127.0.0.1:8080@evil.example",
            "http://user@127.0.0.1:8080",
            "http://127.0.0.1:8080/",
            "http://127.0.0.1:08080",
            "http://127.0.0.1:73616",
            "http://127.0.0.1.:8080",
            "http://localhost:8080",
            "http://[::ffff:127.0.0.1]:8080",
            "http://[::1]:8080",
            "http://0x7f000001:8080",
            "http://2130706433:8080",
            "ftp://127.0.0.1:8080",
            "http://127.0.0.1:8080, http://127.0.0.1:8080",
            "http://127.0.0.1:8080 http://evil.example",
            "http://portal.example.com",
            "https://portal.example.com.evil.example",
            "https://portal.example.com:8443",
            "https://evil.example",
            "http://docs.example.com",
        ] {
            assert_eq!(
                classified(&[origin], "127.0.0.1:8080", "https://docs.example.com"),
                PageOrigin::Foreign,
                "{origin:?}"
            );
        }

        let twice = ["http://127.0.0.1:8080", "http://127.0.0.1:8080"];
        assert_eq!(
            classified(&twice, "127.0.0.1:8080", ""),
            PageOrigin::Foreign,
            "browsers never send two"
        );
    }

    #[test]
    fn a_page_without_tls_does_not_belong_to_a_server_with_tls() {
        let requested = "docs.example.com";
        assert_eq!(
            classified(
                &["http://docs.example.com"],
                requested,
                "https://docs.example.com"
            ),
            PageOrigin::Foreign
        );
        assert_eq!(
            classified(&["http://docs.example.com"], requested, ""),
            PageOrigin::Own,
            "nothing indicates that the server uses TLS"
        );
    }
}
